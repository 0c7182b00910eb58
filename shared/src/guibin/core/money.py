"""Money: CNY in fen (int) inside, decimal strings with two places outside."""

import re
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import AfterValidator, GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic_core import PydanticCustomError, core_schema

from guibin.core.invalid import invalid_input

MAX_FEN = 10**17
_AMOUNT = re.compile(r"(-?)(0|[1-9]\d{0,14})(?:\.(\d{1,2}))?")


def parse_cny(text: str) -> int | None:
    """Read an amount such as `1234.5` or `-0.05` as fen; None when it is no amount with at most two places."""
    match = _AMOUNT.fullmatch(text)
    if match is None or not text.isascii():
        return None
    sign, whole, fraction = match.groups()
    fen = int(whole) * 100 + int((fraction or "").ljust(2, "0"))
    return -fen if sign else fen


def format_cny(fen: int) -> str:
    """Write fen as CNY with two places, `-5` as `-0.05`."""
    whole, fraction = divmod(abs(fen), 100)
    return f"{'-' if fen < 0 else ''}{whole}.{fraction:02d}"


def divide_half_up(total: int, count: int) -> int:
    """Divide a non-negative sum of fen by a count, rounded half up."""
    return (2 * total + count) // (2 * count)


@dataclass(frozen=True)
class _Cny:
    def _read(self, value: object) -> int:
        if isinstance(value, int) and not isinstance(value, bool):
            return value
        fen = parse_cny(value) if isinstance(value, str) else None
        if fen is None:
            raise invalid_input(
                "money",
                "须为最多两位小数的人民币金额文本",
                "must be an amount in CNY as a string with at most two places",
            )
        return fen

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> core_schema.CoreSchema:
        """Validate from text only in JSON, from fen in Python; serialise to text."""
        return core_schema.json_or_python_schema(
            json_schema=core_schema.chain_schema(
                [core_schema.str_schema(strict=True), core_schema.no_info_plain_validator_function(self._read)]
            ),
            python_schema=core_schema.no_info_plain_validator_function(self._read),
            serialization=core_schema.plain_serializer_function_ser_schema(
                format_cny, return_schema=core_schema.str_schema()
            ),
        )

    def __get_pydantic_json_schema__(
        self, schema: core_schema.CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        """Describe the text form."""
        return {"type": "string", "pattern": r"^-?(0|[1-9]\d{0,14})(\.\d{1,2})?$", "examples": ["1234.50"]}


Cny = Annotated[int, _Cny()]
"""Fen inside, a decimal string outside."""


def out_of_bounds(least_fen: int, most_fen: int) -> PydanticCustomError:
    """Return the error of an input that is too low or too high an amount; it names both bounds, in CNY."""
    bounds = {"least": format_cny(least_fen), "most": format_cny(most_fen)}
    return invalid_input("amount", "须在 {least} 至 {most} 元之间", "must be between {least} and {most} CNY", **bounds)


def between(least_fen: int, most_fen: int = MAX_FEN) -> AfterValidator:
    """Hold an amount of an input to its bounds, both of them allowed."""

    def _hold(fen: int) -> int:
        if not least_fen <= fen <= most_fen:
            raise out_of_bounds(least_fen, most_fen)
        return fen

    return AfterValidator(_hold)
