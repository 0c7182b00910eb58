"""The OpenAPI document of a port."""

import json
from pathlib import Path
from typing import Annotated, Any

import pytest

from guibin.core.errors import PreconditionRequired, VersionConflict
from guibin.core.settings import Profile, Settings
from guibin.core.workbook import MEDIA_TYPE as XLSX
from guibin.security.actors import Domain, Verb
from guibin.web import (
    DataClass,
    OutModel,
    PortRouter,
    RateClass,
    StaffCall,
    StrictModel,
    TokenSource,
    create_port,
    declare,
    json_body,
    staff,
)
from support.demo_port import AUDIENCE, ISSUER, DemoIdentity, DemoPort, demo_app

SPENDS = "/v1/demo/accounts/{account_id}/spends"


@pytest.fixture(scope="module")
def document(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    return new_document(tmp_path_factory.mktemp("document"))


def new_document(directory: Path) -> dict[str, Any]:
    app = demo_app(directory, "postgresql+asyncpg://x/y", DemoIdentity(), profile=Profile.DEVELOPMENT)
    return app.openapi()


def operations(document: dict[str, Any]) -> list[dict[str, Any]]:
    return [operation for path in document["paths"].values() for operation in path.values()]


def resolve(document: dict[str, Any], part: dict[str, Any]) -> dict[str, Any]:
    if "$ref" not in part:
        return part
    found = document
    for name in part["$ref"].removeprefix("#/").split("/"):
        found = found[name]
    return found


def codes(document: dict[str, Any], operation: dict[str, Any], status: str) -> set[str]:
    response = resolve(document, operation["responses"][status])
    return set(response["content"]["application/problem+json"]["examples"])


def test_it_is_the_same_every_time(document: dict[str, Any], tmp_path: Path) -> None:
    assert json.dumps(new_document(tmp_path)) == json.dumps(document)


def test_every_reference_leads_somewhere(document: dict[str, Any]) -> None:
    def references(part: object) -> list[dict[str, Any]]:
        if isinstance(part, list):
            return [found for item in part for found in references(item)]
        if isinstance(part, dict):
            own = [part] if isinstance(part.get("$ref"), str) else []
            return own + [found for item in part.values() for found in references(item)]
        return []

    found = references(document)
    assert len(found) > 20
    assert all(resolve(document, reference) for reference in found)


def test_every_operation_has_an_id_a_description_and_says_who_may_call(document: dict[str, Any]) -> None:
    found = operations(document)
    assert len({operation["operationId"] for operation in found}) == len(found)
    for operation in found:
        assert operation["description"]
        assert operation["x-callers"]
        public = operation["x-callers"] == ["everybody"]
        assert operation["security"] == ([] if public else [{"bearer": []}])


def test_every_refusal_has_an_example_of_its_code(document: dict[str, Any]) -> None:
    operation = document["paths"][SPENDS]["post"]
    assert codes(document, operation, "409") == {
        "insufficient_points",
        "idempotency_in_progress",
        "idempotency_key_expired",
    }
    assert codes(document, operation, "401") == {"token_required", "token_invalid"}
    assert {"malformed_json", "duplicate_json_key", "idempotency_key_required"} <= codes(document, operation, "422")
    examples = operation["responses"]["409"]["content"]["application/problem+json"]["examples"]
    assert set(examples["insufficient_points"]["value"]) >= {"required", "available", "missing", "status", "title"}
    statuses = set(operation["responses"])
    assert statuses == {"200", "201", "401", "403", "404", "406", "408", "409", "413", "415", "422", "429", "503"}


def test_a_list_declares_no_body_and_no_key(document: dict[str, Any]) -> None:
    operation = document["paths"]["/v1/demo/entries"]["get"]
    assert "requestBody" not in operation
    assert {"408", "409", "413", "415", "404"}.isdisjoint(operation["responses"])
    assert "cursor_invalid" in codes(document, operation, "422")


def test_bodies_are_described(document: dict[str, Any]) -> None:
    body = document["paths"][SPENDS]["post"]["requestBody"]["content"]["application/json"]["schema"]
    schema = resolve(document, body)
    assert schema["additionalProperties"] is False
    assert schema["properties"]["label"]["maxLength"] == 5
    upload = document["paths"]["/v1/demo/files"]["post"]["requestBody"]["content"]
    assert set(upload) == {"text/csv", "application/x-ndjson", "application/octet-stream", "multipart/form-data", XLSX}


def test_headers_are_described(document: dict[str, Any]) -> None:
    parameters = document["paths"]["/v1/demo/tries"]["post"]["parameters"]
    names = [resolve(document, parameter)["name"] for parameter in parameters]
    assert names == ["Accept-Language", "X-Request-ID", "Idempotency-Key"]


class Part(OutModel):
    text: str


class Whole(OutModel):
    part: Part


def _input() -> type[StrictModel]:
    class Part(StrictModel):
        number: int

    class Whole(StrictModel):
        part: Part

    return Whole


def test_an_input_of_the_same_name_as_an_output_gets_a_name_of_its_own() -> None:
    router = PortRouter(prefix="/v1/wholes")
    model = _input()

    @router.put("", operation_id="putWhole")
    @declare(
        caller=staff(Verb.WRITE, Domain.TAGS),
        rate=RateClass.WRITE,
        data=DataClass.C1,
        refusals=(PreconditionRequired, VersionConflict),
    )
    async def put_whole(call: StaffCall, body: Annotated[StrictModel, json_body(model)]) -> Whole:
        """Change it."""
        return Whole(part=Part(text=f"{call.language}{body}"))

    app = create_port(
        Settings(),
        name="demo",
        title="Demo",
        description="",
        routers=[router],
        identity=DemoIdentity(),
        database_url="postgresql+asyncpg://x/y",
        tokens=[TokenSource(ISSUER, AUDIENCE, Path("jwks.json"))],
    )
    document = app.openapi()
    operation = document["paths"]["/v1/wholes"]["put"]
    assert operation["requestBody"]["content"]["application/json"]["schema"] == {
        "$ref": "#/components/schemas/WholeInput"
    }
    schemas = document["components"]["schemas"]
    assert schemas["WholeInput"]["properties"]["part"] == {"$ref": "#/components/schemas/PartInput"}
    assert schemas["Whole"]["properties"]["part"] == {"$ref": "#/components/schemas/Part"}
    assert {"$ref": "#/components/parameters/IfMatch"} in operation["parameters"]


async def test_it_is_served(port: DemoPort, document: dict[str, Any]) -> None:
    assert (await port.client.get("/openapi.json")).json() == document
