"""Request bodies that are right in form, made from the models' own schemas and examples."""

from typing import Any

from pydantic import BaseModel

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
            return schema[key][0]
    if "const" in schema:
        return schema["const"]
    for key in ("anyOf", "oneOf", "allOf"):
        if key in schema:
            return _example(schema[key][0], parts)
    return _of_type(schema, parts)


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
