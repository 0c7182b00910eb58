"""Request bodies that are right in form, made from the models' own schemas and examples."""

import re
from datetime import date, datetime
from typing import Any, Final

from pydantic import BaseModel

from guibin.core import clock

WRITTEN_ON: Final = date(2026, 11, 26)
"""The day of which examples speak: a moment that lies ahead there lies ahead in a test, whenever it runs."""

INSTANT: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d")
DATES = {"date": "2026-11-24", "date-time": "2026-11-24T08:00:00+08:00"}


def example_of(model: type[BaseModel]) -> dict[str, Any]:
    """Return a body with the required fields of a model: the first of its examples where it gives some."""
    schema = model.model_json_schema()
    made = _example(schema, schema.get("$defs", {}))
    if not isinstance(made, dict):
        raise TypeError("a body is an object")
    return made


def _example(schema: dict[str, Any], parts: dict[str, Any]) -> Any:
    if "$ref" in schema:
        return _example(parts[schema["$ref"].rpartition("/")[2]], parts)
    for key in ("examples", "enum"):
        if schema.get(key):
            return _as_of_today(schema[key][0])
    if "const" in schema:
        return schema["const"]
    for key in ("anyOf", "oneOf", "allOf"):
        if key in schema:
            return _example(schema[key][0], parts)
    return _of_type(schema, parts)


def _as_of_today(example: Any) -> Any:
    """Move the moments of an example by as many days as have passed since it was written."""
    match example:
        case dict():
            return {name: _as_of_today(value) for name, value in example.items()}
        case list():
            return [_as_of_today(value) for value in example]
        case str() if INSTANT.match(example):
            return (datetime.fromisoformat(example) + (clock.today() - WRITTEN_ON)).isoformat()
    return example


def _of_type(schema: dict[str, Any], parts: dict[str, Any]) -> Any:
    match schema.get("type"):
        case "object":
            fields = schema.get("properties", {})
            return {name: _example(fields[name], parts) for name in schema.get("required", ())}
        case "array":
            return [_example(schema["items"], parts)] * schema.get("minItems", 0)
        case "integer":
            return schema.get("minimum", 1)
        case "boolean":
            return False
        case "string":
            return DATES.get(schema.get("format", ""), "example")
    raise ValueError(f"give this an example: {schema}")
