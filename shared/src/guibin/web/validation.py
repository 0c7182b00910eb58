"""What is wrong with an input, in the words of the product: location, type and a message, never the input itself."""

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final, get_args

from pydantic_core import core_schema

from guibin.core.errors import ValidationFailed
from guibin.core.invalid import IN_CHINESE

# No name of ours has five digits in a row; a number that somebody sent as a name has.
_PLAIN: Final = re.compile(r"(?!.*\d{5})[A-Za-z0-9_.\-\[\]]{1,64}")

# pydantic's type -> ours. Types that are not listed are "invalid".
_TYPES: Final[dict[str, str]] = {
    **dict.fromkeys(("missing", "extra_forbidden"), ""),
    **dict.fromkeys(("int_type", "int_parsing", "int_from_float", "int_parsing_size"), "integer"),
    **dict.fromkeys(("string_type", "string_sub_type"), "text"),
    **dict.fromkeys(("bool_type", "bool_parsing"), "boolean"),
    **dict.fromkeys(("float_type", "float_parsing", "decimal_type", "decimal_parsing", "finite_number"), "number"),
    **dict.fromkeys(("model_type", "model_attributes_type", "dict_type", "dataclass_type", "mapping_type"), "object"),
    **dict.fromkeys(("list_type", "tuple_type", "set_type", "frozen_set_type", "iterable_type"), "list"),
    **dict.fromkeys(("enum", "literal_error", "union_tag_invalid", "union_tag_not_found"), "not_allowed_value"),
    **dict.fromkeys(("date_type", "date_parsing", "date_from_datetime_parsing", "date_from_datetime_inexact"), "date"),
    **dict.fromkeys(
        ("datetime_type", "datetime_parsing", "datetime_from_date_parsing", "timezone_aware", "timezone_naive"),
        "instant",
    ),
    **dict.fromkeys(("uuid_type", "uuid_parsing", "uuid_version"), "id"),
    **dict.fromkeys(("greater_than", "greater_than_equal"), "too_small"),
    **dict.fromkeys(("less_than", "less_than_equal"), "too_big"),
    "string_too_long": "too_long",
    "string_too_short": "too_short",
    "string_pattern_mismatch": "pattern",
    "string_unicode": "bad_unicode",
}

# Types outside this set come from our own validators, with words of theirs, and pass as they are.
_OF_PYDANTIC: Final = frozenset(get_args(core_schema.ErrorType))

# pydantic's own types for lists; our text types use the first of the names for texts.
_LENGTHS: Final = {"too_long": "too_many_items", "too_short": "too_few_items"}

_MESSAGES: Final[dict[str, tuple[str, str]]] = {
    "missing": ("必填", "is required"),
    "null_forbidden": ("不能为 null", "must not be null"),
    "extra_forbidden": ("不接受该字段", "is not a known field"),
    "integer": ("须为整数", "must be an integer"),
    "text": ("须为文本", "must be text"),
    "boolean": ("须为 true 或 false", "must be true or false"),
    "number": ("须为数字", "must be a number"),
    "object": ("须为 JSON 对象", "must be a JSON object"),
    "list": ("须为 JSON 数组", "must be a JSON array"),
    "not_allowed_value": ("不在允许的取值之内：{expected}", "must be one of: {expected}"),
    "date": ("须为 YYYY-MM-DD 格式的日期，年份为 1900 至 2199", "must be a date YYYY-MM-DD from 1900 to 2199"),
    "instant": ("须为带时区的 RFC 3339 时间", "must be an RFC 3339 instant with an offset"),
    "id": ("编号的种类或格式不正确", "must be an id of the right kind and form"),
    "too_small": ("不能小于下限 {bound}", "must not be below its lower bound {bound}"),
    "too_big": ("不能大于上限 {bound}", "must not be above its upper bound {bound}"),
    "too_long": ("超过最大长度 {bound}", "must have at most {bound} characters"),
    "too_short": ("短于最小长度 {bound}", "must have at least {bound} characters"),
    "too_many_items": ("超过最多 {bound} 项", "must have at most {bound} items"),
    "too_few_items": ("少于最少 {bound} 项", "must have at least {bound} items"),
    "duplicate_item": ("有重复的项", "must not name an item twice"),
    "pattern": ("格式不正确", "does not have the right form"),
    "bad_unicode": ("不是有效的 Unicode 文本", "must be valid Unicode text"),
    "invalid": ("不符合要求", "is not valid"),
}
_NOT_ALLOWED: Final = ("不在允许的取值之内", "must be one of the allowed values")
_BOUNDS: Final = ("ge", "gt", "le", "lt", "max_length", "min_length", "max")


def translate(errors: Sequence[Mapping[str, Any]], *, within: tuple[str | int, ...] = ()) -> ValidationFailed:
    """Turn pydantic's errors into the refusal, `within` being put before each location."""
    return ValidationFailed([_translate(error, within) for error in errors])


def localise(error: Mapping[str, Any], language: str) -> dict[str, Any]:
    """Write one error of a refusal for a reader of `zh` or `en`."""
    message = error["en" if language == "en" else "zh"]
    return {"loc": error["loc"], "type": error["type"], "message": " ".join(str(message).split())}


def words_of_type(kind: str) -> tuple[str, str]:
    """Return what is said of a type in Chinese and English where nobody says more, and no bound is known."""
    return _words(kind, "", {})


def _translate(error: Mapping[str, Any], within: tuple[str | int, ...]) -> dict[str, object]:
    context: Mapping[str, Any] = error.get("ctx") or {}
    kind = _type_of(error)
    zh, en = _words(kind, str(error["msg"]), context)
    return {"loc": [_plain(part) for part in (*within, *error["loc"])], "type": kind, "zh": zh, "en": en}


def _words(kind: str, own: str, context: Mapping[str, Any]) -> tuple[str, str]:
    """Return the words in Chinese and English: those of the validator where it has some, else ours for the type."""
    if IN_CHINESE in context and kind != "null_forbidden":
        return str(context[IN_CHINESE]), own
    zh, en = _MESSAGES.get(kind, _MESSAGES["invalid"])
    allowed = str(context.get("expected") or context.get("expected_tags") or "")
    if not allowed and kind == "not_allowed_value":
        return _NOT_ALLOWED
    bound = next((context[name] for name in _BOUNDS if name in context), "")
    return zh.format(expected=_in_chinese(allowed), bound=bound), en.format(expected=allowed, bound=bound)


def _in_chinese(allowed: str) -> str:
    """Return a list of pydantic's, such as `'a', 'b' or 'c'`, as `a、b、c`."""
    return "、".join(value.strip("'") for value in re.split(", | or ", allowed))


def _type_of(error: Mapping[str, Any]) -> str:
    kind = str(error["type"])
    if kind != "missing" and "input" in error and error["input"] is None:
        return "null_forbidden"
    if kind in _LENGTHS and "actual_length" in (error.get("ctx") or {}):
        return _LENGTHS[kind]
    if kind in _TYPES:
        return _TYPES[kind] or kind
    return "invalid" if kind in _OF_PYDANTIC and kind not in _LENGTHS else kind


def _plain(part: str | int) -> str | int:
    """Keep names of fields; what a caller made up as a name may be anything and is not shown."""
    return part if isinstance(part, int) or _PLAIN.fullmatch(part) else "?"
