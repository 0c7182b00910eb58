"""A JSON reader that refuses whatever two readers could understand in two ways.

Python's own reader takes duplicate names (the last one wins), ``NaN``, integers of any size and nesting until the
stack ends. Request bodies, token headers and uploaded documents come through here instead.
"""

import json
import math
import re
from typing import Final, Literal, NoReturn

Fault = Literal["malformed_json", "duplicate_json_key"]

MAX_INTEGER_DIGITS: Final = 40

_BOM: Final = "\ufeff"
# A string as a whole, so that brackets inside text do not count, or one bracket. Possessive: never backtracks.
_STRING_OR_BRACKET: Final = re.compile(r'"(?:[^"\\]++|\\.)*+"?|[\[{\]}]', re.DOTALL)


class StrictJsonError(ValueError):
    """The bytes are not JSON that has exactly one meaning. It never carries the text itself.

    ``position`` counts characters from the start; it is None where the reader cannot tell.
    """

    def __init__(self, kind: Fault, position: int | None) -> None:
        super().__init__(kind if position is None else f"{kind} at {position}")
        self.kind: Fault = kind
        self.position = position


def read(raw: bytes, *, max_depth: int) -> object:
    """Read one JSON value: UTF-8 without BOM, at most ``max_depth`` levels of arrays and objects.

    Lone surrogates and NUL written as escapes pass; the text types of the input models refuse them.

    Raises:
        StrictJsonError: not JSON, nested too deeply, a number beyond bounds, or a name twice in one object.
    """
    text = _decode(raw)
    _check_depth(text, max_depth)
    try:
        return _DECODER.decode(text)
    except json.JSONDecodeError as error:
        raise StrictJsonError("malformed_json", error.pos) from None


def read_object(raw: bytes, *, max_depth: int) -> dict[str, object]:
    """Read one JSON object, as `read` does; any other value counts as malformed."""
    value = read(raw, max_depth=max_depth)
    if not isinstance(value, dict):
        raise StrictJsonError("malformed_json", 0)
    return value


def _decode(raw: bytes) -> str:
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise StrictJsonError("malformed_json", len(raw[: error.start].decode("utf-8"))) from None
    if text.startswith(_BOM):
        raise StrictJsonError("malformed_json", 0)
    return text


def _check_depth(text: str, max_depth: int) -> None:
    """Count brackets before the recursive reader sees them."""
    if text.count("[") + text.count("{") <= max_depth:
        return
    depth = 0
    for match in _STRING_OR_BRACKET.finditer(text):
        bracket = match.group()
        if bracket in {"[", "{"}:
            depth += 1
            if depth > max_depth:
                raise StrictJsonError("malformed_json", match.start())
        elif bracket in {"]", "}"}:
            depth -= 1


def _object_of_unique_names(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise StrictJsonError("duplicate_json_key", None)
    return found


def _bounded_integer(literal: str) -> int:
    if len(literal.lstrip("-")) > MAX_INTEGER_DIGITS:
        raise StrictJsonError("malformed_json", None)
    return int(literal)


def _finite_number(literal: str) -> float:
    number = float(literal)
    if not math.isfinite(number):  # 1e999 is well-formed, and infinite once read
        raise StrictJsonError("malformed_json", None)
    return number


def _refuse_constant(_literal: str) -> NoReturn:
    raise StrictJsonError("malformed_json", None)


_DECODER: Final = json.JSONDecoder(
    object_pairs_hook=_object_of_unique_names,
    parse_int=_bounded_integer,
    parse_float=_finite_number,
    parse_constant=_refuse_constant,
)
