"""The OpenAPI documents: committed, complete, and what the code makes."""

import json
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from guibin.web.bodies import JsonBody
from guibin_tools.openapi import documents
from support.examples import example_of
from support.routes import Route, all_routes

FOLDER = Path(__file__).parents[2] / "docs/openapi"
PORTS = ("customer-api", "bank-api")
SECTIONS = {"responses", "schemas", "parameters"}


@cache
def document_of(port: str) -> dict[str, Any]:
    made: dict[str, Any] = json.loads(documents()[f"{port}.json"])
    return made


def operations_of(port: str) -> Iterator[tuple[str, dict[str, Any]]]:
    for path, methods in document_of(port)["paths"].items():
        for method, operation in methods.items():
            yield f"{method.upper()} {path}", operation


def resolved(port: str, part: dict[str, Any]) -> dict[str, Any]:
    if "$ref" not in part:
        return part
    found = document_of(port)
    for step in part["$ref"].removeprefix("#/").split("/"):
        found = found[step]
    return found


def test_the_committed_documents_are_what_the_code_makes() -> None:
    made = documents()
    assert sorted(path.name for path in FOLDER.glob("*")) == sorted(made)
    for name, text in made.items():
        assert (FOLDER / name).read_text("utf-8") == text, f"{name} is stale: make openapi"


@pytest.mark.parametrize("port", PORTS)
def test_documents_are_openapi_3_1_and_name_no_server(port: str) -> None:
    document = document_of(port)
    assert re.fullmatch(r"3\.1\.\d", document["openapi"])
    assert "servers" not in document
    assert document["info"]["description"]


@pytest.mark.parametrize("port", PORTS)
def test_operation_ids_are_unique_camel_case_names(port: str) -> None:
    ids = [operation["operationId"] for _, operation in operations_of(port)]
    assert sorted(ids) == sorted(set(ids))
    assert [found for found in ids if re.fullmatch(r"[a-z]+(?:[A-Z][a-z0-9]*)*", found) is None] == []


@pytest.mark.parametrize("port", PORTS)
def test_every_operation_says_what_it_does_and_every_parameter_what_it_means(port: str) -> None:
    for name, operation in operations_of(port):
        assert operation["summary"], name
        assert len(operation["description"]) > 10, name
        for parameter in operation["parameters"]:
            known = resolved(port, parameter)
            schema = known["schema"]
            assert known["in"] == "path" or known.get("description") or schema.get("description"), (name, known["name"])


@pytest.mark.parametrize("port", PORTS)
def test_every_declared_refusal_stands_in_the_document_with_an_example(port: str) -> None:
    operations = dict(operations_of(port))
    for route in (route for route in all_routes() if route.port == port):
        shown = dict(examples_of(port, operations[route.name]))
        for refusal in route.declaration.refusals:
            example = shown.get(refusal.code)
            assert example, (route.name, refusal.code)
            assert {"type", "title", "status", "code", "request_id"} <= example.keys()


@pytest.mark.parametrize("port", PORTS)
def test_every_refusal_is_problem_json_and_no_answer_is_a_server_error_but_503(port: str) -> None:
    for name, operation in operations_of(port):
        for status, response in operation["responses"].items():
            if status[0] in "23":
                continue
            assert list(resolved(port, response)["content"]) == ["application/problem+json"], (name, status)
            assert status < "500" or status == "503", (name, status)
            assert status != "400", name


def examples_of(port: str, operation: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for response in operation["responses"].values():
        for content in resolved(port, response).get("content", {}).values():
            for code, example in content.get("examples", {}).items():
                yield code, example["value"]


BODIES = [route for route in all_routes() if route.takes_json]


def name_of(route: Route) -> str:
    return f"{route.port}-{route.operation_id}"


@pytest.mark.parametrize("route", BODIES, ids=name_of)
def test_the_example_of_every_body_is_accepted_by_its_model(route: Route) -> None:
    assert isinstance(route.body, JsonBody)
    model = route.body.model
    model.model_validate_json(json.dumps(example_of(model)))


@pytest.mark.parametrize("route", BODIES, ids=name_of)
def test_every_body_is_closed_and_bounded(route: Route) -> None:
    assert isinstance(route.body, JsonBody)
    schema = route.body.model.model_json_schema()
    for place, part in parts_of(schema):
        if part.get("type") == "array":
            assert "maxItems" in part, place
        if part.get("type") == "object" and "properties" in part:
            assert part.get("additionalProperties") is False, place
        if part.get("type") == "string" and not part.keys() & {"enum", "const", "format", "pattern"}:
            assert "maxLength" in part, place


def parts_of(schema: Any, place: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield every schema inside a schema; examples and lists of values hold none."""
    if isinstance(schema, list):
        for item in schema:
            yield from parts_of(item, place)
    elif isinstance(schema, dict):
        yield place, schema
        for key, item in schema.items():
            if key not in {"examples", "enum", "const", "default", "required"}:
                yield from parts_of(item, f"{place}/{key}")


@pytest.mark.parametrize("port", PORTS)
def test_no_name_of_a_component_shows_how_it_was_made(port: str) -> None:
    for name in document_of(port)["components"]["schemas"]:
        assert re.fullmatch(r"[A-Za-z][A-Za-z0-9]*_?", name.replace("Page_", "")), name


def test_bodies_are_never_tables() -> None:
    for route in BODIES:
        assert isinstance(route.body, JsonBody)
        model: type[BaseModel] = route.body.model
        assert not hasattr(model, "__table__")
