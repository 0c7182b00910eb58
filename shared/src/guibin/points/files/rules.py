"""What a line of a file of points says: pure decisions over plain values."""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Final

from pydantic_core import PydanticCustomError

from guibin.core.lines import Line
from guibin.core.reasons import is_sufficient
from guibin.core.text import Note
from guibin.points.files.models import FileKind
from guibin.points.rules import MAX_POINTS

MOST_LINES: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class Columns:
    """Which columns a kind of file has, which of them it must have, and which name the customer (one of them)."""

    known: frozenset[str]
    required: frozenset[str]
    naming: frozenset[str]
    days: frozenset[str] = frozenset()

    def of(self, named: Mapping[str, str]) -> dict[str, str]:
        """Return the cells of a line by all columns, absent ones empty."""
        return {name: named.get(name, "") for name in self.known}


COLUMNS: Final = Columns(
    known=frozenset({"customer_no", "line", "record_id", "wallet", "points", "expires_on", "reason"}),
    required=frozenset({"wallet", "points", "reason"}),
    naming=frozenset({"customer_no", "record_id"}),
    days=frozenset({"expires_on"}),
)

_POINTS: Final = re.compile(r"-?[1-9]\d{0,12}")
_DAY: Final = re.compile(r"\d{4}-\d{2}-\d{2}")
_LONGEST_NAME: Final = 64


class LineCode(StrEnum):
    """Why a line is refused; what the ledger refuses has the ledger's own code."""

    LINE_INVALID = "line_invalid"
    CUSTOMER_MISSING = "customer_missing"
    CUSTOMER_UNKNOWN = "customer_unknown"
    WALLET_UNKNOWN = "wallet_unknown"
    POINTS_INVALID = "points_invalid"
    DATE_INVALID = "date_invalid"
    REASON_REQUIRED = "reason_required"
    SELF_DEALING = "self_dealing"
    REFERENCE_INVALID = "reference_invalid"
    EVENT_TYPE_UNKNOWN = "event_type_unknown"
    AMOUNT_INVALID = "amount_invalid"
    VALUE_UNKNOWN = "value_unknown"


@dataclass(frozen=True, slots=True)
class Asked:
    """What a good line asks for; the customer by the bank's number, or by a line's record."""

    customer_no: str | None
    record: tuple[Line, str] | None
    wallet: str
    points: int
    expires_on: date | None
    reason: str


def read_line(kind: FileKind, cells: Mapping[str, str], wallets: Collection[str], *, today: date) -> Asked | LineCode:
    """Read the cells of a line by the names of their columns, absent ones as empty text."""
    wallet, reason = cells["wallet"].strip(), cells["reason"]
    points, expires_on = _points_of(kind, cells["points"].strip()), _day_of(cells["expires_on"].strip())
    number, line, record = (cells[name].strip() for name in ("customer_no", "line", "record_id"))
    fault = _naming_fault(number, line, record)
    if fault is None and wallet not in wallets:
        fault = LineCode.WALLET_UNKNOWN
    elif fault is None and not _is_reason(reason):
        fault = LineCode.REASON_REQUIRED
    if fault is not None:
        return fault
    if isinstance(points, LineCode):
        return points
    if isinstance(expires_on, LineCode):
        return expires_on
    if expires_on is not None and (expires_on < today or points < 0):
        return LineCode.DATE_INVALID
    return Asked(number or None, (Line(line), record) if record else None, wallet, points, expires_on, reason)


def _naming_fault(number: str, line: str, record: str) -> LineCode | None:
    """Hold a line to one name: the bank's number of a customer, or a record of one of its business lines."""
    named_once = bool(number) != bool(record) and bool(line) == bool(record)
    known_line = not line or line in {one.value for one in Line}
    fits = len(number + record) <= _LONGEST_NAME
    return None if named_once and known_line and fits else LineCode.CUSTOMER_MISSING


def _points_of(kind: FileKind, text: str) -> int | LineCode:
    if not text.isascii() or _POINTS.fullmatch(text) is None:
        return LineCode.POINTS_INVALID
    points = int(text)
    within = abs(points) <= MAX_POINTS and (points > 0 or kind is FileKind.GRANT)
    return points if within else LineCode.POINTS_INVALID


def _day_of(text: str) -> date | LineCode | None:
    if not text:
        return None
    try:
        return date.fromisoformat(text) if _DAY.fullmatch(text) else LineCode.DATE_INVALID
    except ValueError:
        return LineCode.DATE_INVALID


def _is_reason(text: str) -> bool:
    try:
        return is_sufficient(Note(200).check(text))
    except PydanticCustomError:
        return False
