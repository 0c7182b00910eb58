"""What a line says of holdings and events, as plain values, and when an event is the same again."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any
from uuid import UUID

from guibin.core.lines import Line
from guibin.holdings.models import EventType, HoldingStatus, InflowClass
from guibin.products.models import Side

LAST_DIGITS = 4


class EventOutcome(StrEnum):
    """What became of an event that came in."""

    NEW = "new"
    SAME = "same"
    CONFLICT = "conflict"


@dataclass(frozen=True, slots=True)
class EventContent:
    """What happened. The instant is aware; the amount is in fen."""

    event_type: EventType
    occurred_at: datetime
    amount_fen: int | None = None
    merchant_category: str | None = None
    channel: str | None = None
    inflow_class: InflowClass | None = None

    @property
    def fingerprint(self) -> bytes:
        """SHA-256 of the content: the same reference with another fingerprint contradicts the first."""
        instant = self.occurred_at.astimezone(UTC).isoformat()
        parts = (self.event_type, instant, self.amount_fen, self.merchant_category, self.channel, self.inflow_class)
        return hashlib.sha256("\x1f".join("" if part is None else str(part) for part in parts).encode()).digest()


@dataclass(frozen=True, slots=True)
class EventRow:
    """A row of an events file; `row` is its line there, `named_by` the reference of the record that it names."""

    row: int
    reference: str
    customer_id: UUID
    content: EventContent
    named_by: bytes


@dataclass(frozen=True, slots=True)
class LineEvent:
    """An event of a line that comes by itself, or in a file of several lines' events."""

    line: Line
    reference: str
    customer_id: UUID
    content: EventContent
    named_by: bytes | None = None

    @property
    def key(self) -> tuple[str, str]:
        """Line and reference: the event, whoever the customer is."""
        return self.line.value, self.reference


@dataclass(frozen=True, slots=True)
class HoldingRow:
    """What a line says of a holding, for its owner and those who share it, with what they keep as `named_by`.

    `ref` is the keyed hash of its number.
    """

    ref: bytes
    last4: str
    record_ref: bytes
    customer_id: UUID
    product_code: str
    side: Side
    status: HoldingStatus
    opened_on: date | None
    closed_on: date | None
    matures_on: date | None
    credit_limit_fen: int | None
    rate: Decimal | None
    joint: Mapping[UUID, bytes | None] = field(default_factory=dict)

    def filled(self, stored: Mapping[str, Any], fills: frozenset[str]) -> "HoldingRow":
        """Return the row with the stored terms in `fills`, columns of a file, where there are such."""
        names = ("credit_limit_fen" if name == "credit_limit" else name for name in fills)
        return replace(self, **{name: stored[name] for name in names if stored.get(name) is not None})


@dataclass(frozen=True, slots=True)
class KnownHolding:
    """A stored holding as loaders need it."""

    customer_id: UUID
    id: UUID
    side: Side


@dataclass(frozen=True, slots=True)
class FileFacts:
    """What all rows of a feed file have in common."""

    line: str
    business_date: date
    feed_file_id: UUID


def last4(holding_id: str) -> str:
    """Return what people recognise a holding by: the last four characters of its number."""
    return holding_id[-LAST_DIGITS:]
