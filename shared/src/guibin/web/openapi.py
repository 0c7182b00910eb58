"""The OpenAPI document: FastAPI's, completed by what the routes declare. The same routes always give the same bytes."""

from collections.abc import Iterator
from typing import Any, Final

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.routing import iter_route_contexts
from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from guibin.core.errors import PreconditionRequired
from guibin.web.bodies import JSON, JsonBody
from guibin.web.declaration import Declaration, Idempotency, declaration_of
from guibin.web.openapi_refusals import PROBLEM_SCHEMAS, refusal_responses, shared_responses
from guibin.web.route import PortRoute, body_of
from guibin.web.uploads import FORM, UploadBody

_SCHEMAS: Final = "#/components/schemas/"
_BEARER: Final = "bearer"
_SECURITY: Final = {_BEARER: {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}}
_HEADERS: Final[dict[str, dict[str, Any]]] = {
    "AcceptLanguage": {
        "name": "Accept-Language",
        "in": "header",
        "description": "Language of titles and messages: `zh-CN` (default) or `en`",
        "schema": {"type": "string", "examples": ["zh-CN", "en"]},
    },
    "RequestId": {
        "name": "X-Request-ID",
        "in": "header",
        "description": "Taken and returned when it is 1 to 64 letters, digits, `.`, `_` and `-`; else made",
        "schema": {"type": "string"},
    },
    "IdempotencyKey": {
        "name": "Idempotency-Key",
        "in": "header",
        "description": "One value for one command of one caller: the same call again gives the same answer and no "
        "second effect. Not needed for a dry run.",
        "schema": {"type": "string", "pattern": r"^[\x21-\x7e]{1,128}$"},
    },
    "RequiredIdempotencyKey": {
        "name": "Idempotency-Key",
        "in": "header",
        "required": True,
        "description": "One value for one command of one caller: the same call again gives the same answer and no "
        "second effect",
        "schema": {"type": "string", "pattern": r"^[\x21-\x7e]{1,128}$"},
    },
    "IfMatch": {
        "name": "If-Match",
        "in": "header",
        "required": True,
        "description": "The ETag of the version that was read",
        "schema": {"type": "string", "pattern": r'^"\d+"$'},
    },
}
_REPLAYED: Final = {
    "Idempotent-Replayed": {
        "description": "`true` when this is the answer that the key gave before",
        "schema": {"type": "string", "enum": ["true"]},
    }
}


def document_of(app: FastAPI) -> dict[str, Any]:
    """Write the OpenAPI 3.1 document of a port."""
    document = get_openapi(
        title=app.title, version=app.version, description=app.description, routes=app.routes, openapi_version="3.1.0"
    )
    schemas = {
        name: schema
        for name, schema in document.get("components", {}).get("schemas", {}).items()
        if name not in {"HTTPValidationError", "ValidationError"}
    }
    operations = list(_operations(app, document))
    bodies = _merge_bodies(schemas, [route for route, _ in operations])
    for route, operation in operations:
        _complete(operation, route, bodies)
    document["components"] = {
        "schemas": {**dict(sorted(schemas.items())), **PROBLEM_SCHEMAS},
        "responses": shared_responses(),
        "parameters": _HEADERS,
        "securitySchemes": _SECURITY,
    }
    return document


def _operations(app: FastAPI, document: dict[str, Any]) -> Iterator[tuple[PortRoute, dict[str, Any]]]:
    for context in iter_route_contexts(app.routes):
        route = context.original_route
        if isinstance(route, PortRoute) and route.include_in_schema:
            for method in sorted(route.methods or ()):
                yield route, document["paths"][context.path_format][method.lower()]


def _complete(operation: dict[str, Any], route: PortRoute, bodies: dict[type[BaseModel], str]) -> None:
    declaration = declaration_of(route.endpoint)
    if declaration is None:
        raise TypeError("a port does not start with a route that declares nothing")
    body = body_of(route.dependant)
    operation["security"] = [] if declaration.is_public else [{_BEARER: []}]
    operation["parameters"] = [*operation.get("parameters", []), *_header_parameters(declaration)]
    operation["x-callers"] = [caller.describe() for caller in declaration.callers] or ["everybody"]
    operation["x-rate-class"] = str(declaration.rate)
    operation["x-data-class"] = str(declaration.data)
    if isinstance(body, JsonBody):
        operation["requestBody"] = _json_request(bodies[body.model])
    elif isinstance(body, UploadBody):
        operation["requestBody"] = _upload_request(body.accepted)
    _complete_responses(operation, declaration, refusal_responses(route, declaration, body))


def _complete_responses(operation: dict[str, Any], declaration: Declaration, refused: dict[str, Any]) -> None:
    answers = {status: answer for status, answer in operation["responses"].items() if status[0] in "23"}
    if declaration.idempotency is not Idempotency.NONE:
        for answer in answers.values():
            answer["headers"] = _REPLAYED
    if declaration.dry_run and "200" not in answers:
        success = next(iter(answers.values()))
        answers["200"] = {"description": "Dry run: what would happen; nothing is stored", "content": success["content"]}
    operation["responses"] = dict(sorted({**answers, **refused}.items()))


def _header_parameters(declaration: Declaration) -> list[dict[str, str]]:
    names = ["AcceptLanguage", "RequestId"]
    if declaration.idempotency is Idempotency.REQUIRED and not declaration.dry_run:
        names.append("RequiredIdempotencyKey")
    elif declaration.idempotency is not Idempotency.NONE:
        names.append("IdempotencyKey")
    if PreconditionRequired in declaration.refusals:
        names.append("IfMatch")
    return [{"$ref": f"#/components/parameters/{name}"} for name in names]


def _json_request(reference: str) -> dict[str, Any]:
    return {"required": True, "content": {JSON: {"schema": {"$ref": reference}}}}


def _upload_request(accepted: tuple[str, ...]) -> dict[str, Any]:
    raw = {name: {"schema": {"type": "string", "format": "binary"}} for name in accepted if name != FORM}
    file = {"type": "string", "format": "binary", "description": "The one file"}
    form = {"type": "object", "properties": {"file": file}, "required": ["file"]}
    return {"required": True, "content": {**raw, FORM: {"schema": form}}}


def _merge_bodies(schemas: dict[str, Any], routes: list[PortRoute]) -> dict[type[BaseModel], str]:
    """Put the schemas of all body models among the others; return where each model's is."""
    found = (body_of(route.dependant) for route in routes)
    models = list(dict.fromkeys(body.model for body in found if isinstance(body, JsonBody)))
    references, definitions = models_json_schema(
        [(model, "validation") for model in models], ref_template=f"{_SCHEMAS}{{model}}"
    )
    parts: dict[str, Any] = definitions.get("$defs", {})
    taken = {name: f"{name}Input" for name, part in parts.items() if schemas.get(name, part) != part}
    schemas.update({taken.get(name, name): _renamed(part, taken) for name, part in parts.items()})
    return {model: _renamed(references[model, "validation"], taken)["$ref"] for model in models}


def _renamed(part: Any, taken: dict[str, str]) -> Any:
    """Point references to schemas that had to take another name to where they are now."""
    if isinstance(part, list):
        return [_renamed(item, taken) for item in part]
    if not isinstance(part, dict):
        return part
    reference = part.get("$ref")
    if isinstance(reference, str) and reference.removeprefix(_SCHEMAS) in taken:
        return {**part, "$ref": _SCHEMAS + taken[reference.removeprefix(_SCHEMAS)]}
    return {key: _renamed(value, taken) for key, value in part.items()}
