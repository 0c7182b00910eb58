"""What a line of a file of events says: pure decisions over plain values."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from guibin.core.ids import from_public, to_public
from guibin.core.lines import Line
from guibin.core.money import MAX_FEN, parse_cny
from guibin.holdings.models import OWN_EVENTS, EventType, InflowClass
from guibin.holdings.rows import EventContent
from guibin.points.files.rules import Columns, LineCode

EVENT_COLUMNS: Final = Columns(
    known=frozenset(
        {
            "line", "reference", "customer_id", "customer_no", "record_id", "event_type", "occurred_at", "amount",
            "merchant_category", "channel", "inflow_class", "returns",
        }
    ),
    required=frozenset({"line", "reference", "event_type", "occurred_at"}),
    naming=frozenset({"customer_id", "customer_no", "record_id"}),
)  # fmt: skip

_REFERENCE: Final = re.compile(r"[\x21-\x7e]{1,64}")
_CODE: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}", re.ASCII)
_INSTANT: Final = re.compile(
    r"(?:19|20|21)\d\d-\d\d-\d\dT(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d{1,6})?(?:Z|[+-](?:0\d|1[0-4]):[0-5]\d)",
    re.ASCII,
)
_LINES: Final = {line.value: line for line in Line}
_TYPES: Final = {kind.value: kind for kind in EventType if kind not in OWN_EVENTS}
_INFLOWS: Final = {kind.value: kind for kind in InflowClass}
_LONGEST_NAME: Final = 64
_OF_RETURNS: Final = {"line", "reference", "returns", "amount"}


@dataclass(frozen=True, slots=True)
class AskedEvent:
    """What a good line asks to be recorded; the customer by one of three names."""

    line: Line
    reference: str
    content: EventContent
    customer_id: UUID | None
    customer_no: str | None
    record_id: str | None


@dataclass(frozen=True, slots=True)
class AskedReturn:
    """What a good line tells of an event that was undone: which one, and how much of its amount; None: all of it."""

    line: Line
    reference: str
    returns: str
    amount_fen: int | None


Told = AskedEvent | AskedReturn


def read_event(cells: Mapping[str, str]) -> Told | LineCode:
    """Read the cells of a line by the names of their columns, absent ones as empty text."""
    line = _LINES.get(cells["line"].strip())
    if cells["returns"].strip():
        return _return_of(cells, line)
    reference = cells["reference"].strip()
    customer_id, number, record = (cells[name].strip() for name in ("customer_id", "customer_no", "record_id"))
    if line is None or sum(map(bool, (customer_id, number, record))) != 1 or len(number + record) > _LONGEST_NAME:
        return LineCode.CUSTOMER_MISSING if line is not None else LineCode.LINE_INVALID
    if _REFERENCE.fullmatch(reference) is None:
        return LineCode.REFERENCE_INVALID
    content = _content_of(cells)
    if isinstance(content, LineCode):
        return content
    named = from_public("cus", customer_id) if customer_id else None
    if customer_id and named is None:
        return LineCode.CUSTOMER_UNKNOWN
    return AskedEvent(line, reference, content, named, number or None, record or None)


def _return_of(cells: Mapping[str, str], line: Line | None) -> AskedReturn | LineCode:
    reference, returns = cells["reference"].strip(), cells["returns"].strip()
    if line is None or any(cell.strip() for name, cell in cells.items() if name not in _OF_RETURNS):
        return LineCode.LINE_INVALID
    if _REFERENCE.fullmatch(reference) is None or _REFERENCE.fullmatch(returns) is None:
        return LineCode.REFERENCE_INVALID
    fen = _fen_of(cells["amount"].strip())
    return fen if isinstance(fen, LineCode) else AskedReturn(line, reference, returns, fen)


def _fen_of(amount: str) -> int | LineCode | None:
    fen = parse_cny(amount) if amount else None
    return LineCode.AMOUNT_INVALID if amount and (fen is None or not 0 <= fen < MAX_FEN) else fen


def _content_of(cells: Mapping[str, str]) -> EventContent | LineCode:
    event_type = _TYPES.get(cells["event_type"].strip())
    if event_type is None:
        return LineCode.EVENT_TYPE_UNKNOWN
    occurred_at = _instant_of(cells["occurred_at"].strip())
    if occurred_at is None:
        return LineCode.DATE_INVALID
    fen = _fen_of(cells["amount"].strip())
    if isinstance(fen, LineCode):
        return fen
    category, channel, inflow = (cells[name].strip() for name in ("merchant_category", "channel", "inflow_class"))
    is_known = not inflow or inflow in _INFLOWS
    if not is_known or any(code and _CODE.fullmatch(code) is None for code in (category, channel)):
        return LineCode.VALUE_UNKNOWN
    return EventContent(event_type, occurred_at, fen, category or None, channel or None, _INFLOWS.get(inflow))


def _instant_of(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text) if _INSTANT.fullmatch(text) else None
    except ValueError:
        return None


def to_stored(asked: Told) -> dict[str, Any]:
    """Write an event or a return as a waiting line keeps it; what is absent is left out."""
    if isinstance(asked, AskedReturn):
        told = {"line": asked.line.value, "reference": asked.reference, "returns": asked.returns}
        return told if asked.amount_fen is None else told | {"amount_fen": asked.amount_fen}
    content = asked.content
    written = {
        "line": asked.line.value,
        "reference": asked.reference,
        "customer_id": None if asked.customer_id is None else to_public("cus", asked.customer_id),
        "event_type": content.event_type.value,
        "occurred_at": content.occurred_at.isoformat(),
        "amount_fen": content.amount_fen,
        "merchant_category": content.merchant_category,
        "channel": content.channel,
        "inflow_class": None if content.inflow_class is None else content.inflow_class.value,
    }
    return {name: value for name, value in written.items() if value is not None}


def from_stored(stored: Mapping[str, Any]) -> Told:
    """Read what `to_stored` wrote; whom a keyed hash names stands beside it."""
    if "returns" in stored:
        return AskedReturn(Line(stored["line"]), stored["reference"], stored["returns"], stored.get("amount_fen"))
    customer_id, inflow = stored.get("customer_id"), stored.get("inflow_class")
    content = EventContent(
        event_type=EventType(stored["event_type"]),
        occurred_at=datetime.fromisoformat(stored["occurred_at"]),
        amount_fen=stored.get("amount_fen"),
        merchant_category=stored.get("merchant_category"),
        channel=stored.get("channel"),
        inflow_class=None if inflow is None else InflowClass(inflow),
    )
    named = None if customer_id is None else from_public("cus", customer_id)
    return AskedEvent(Line(stored["line"]), stored["reference"], content, named, None, None)
