"""Nothing that the bank owns can be written through a body (T-AC-7), generated from the tables and the routes.

Every object of every body is closed, and each column of each table that the body does not name is refused. What the
ports answer to it over HTTP is in `test_bad_bodies.py`.
"""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from pydantic import BaseModel, ValidationError

from guibin.registry import metadata
from support.examples import example_of
from support.routes import all_routes

COLUMNS = frozenset(column.name for table in metadata.sorted_tables for column in table.columns)
MODELS = {f"{route.port} {route.name}": route.model for route in all_routes() if route.model is not None}
FREE = {"rule", "when", "where", "value", "fact", "changes", "FixtureIn", "columns", "values", "dates"}
"""Trees of rules, customers who are written down for them, and the changes of a request by its kind have closed readers
of their own; columns, values and ways to write days of a line's files are by its own words."""


def objects_in(schema: object, at: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield every object in a schema with its place."""
    if isinstance(schema, dict):
        if schema.get("type") == "object":
            yield at, schema
        for name, part in schema.items():
            yield from objects_in(part, f"{at}/{name}")
    elif isinstance(schema, list):
        for number, part in enumerate(schema):
            yield from objects_in(part, f"{at}/{number}")


def test_the_tables_have_columns_that_no_caller_may_write() -> None:
    assert {"balance", "tier_code", "staff_id", "state", "created_at", "approver_id", "active"} <= COLUMNS
    assert len(COLUMNS) > 150
    assert len(MODELS) > 20


@pytest.mark.parametrize("name", MODELS)
def test_every_object_of_a_body_is_closed(name: str) -> None:
    found = objects_in(MODELS[name].model_json_schema())
    is_open = [at for at, part in found if part.get("additionalProperties") is not False]
    assert [at for at in is_open if FREE.isdisjoint(at.split("/"))] == []


@pytest.mark.parametrize("name", MODELS)
def test_a_column_that_the_body_does_not_name_is_refused(name: str) -> None:
    model = MODELS[name]
    body = example_of(model)
    foreign = dict.fromkeys(COLUMNS - model.model_fields.keys() - aliases(model), 1)
    with pytest.raises(ValidationError) as refused:
        model.model_validate_json(json.dumps(body | foreign))
    forbidden = {error["loc"][-1] for error in refused.value.errors() if error["type"] == "extra_forbidden"}
    assert foreign.keys() - forbidden == set()


def aliases(model: type[BaseModel]) -> set[str]:
    return {field.alias for field in model.model_fields.values() if field.alias is not None}
