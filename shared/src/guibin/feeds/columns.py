"""What may stand in each column of a feed file, for people who write one."""

from enum import StrEnum
from typing import Final

from guibin.care.models import Direction, TouchChannel, TouchKind, TouchPurpose, TouchResult
from guibin.customers.identity_events.rules import IdentityEventKind
from guibin.customers.models import CertificateType, Gender, PartyStatus, PartyType
from guibin.feeds.models import FeedKind
from guibin.feeds.rules import DAYS, Deleted
from guibin.holdings.models import OWN_EVENTS, EventType, HoldingStatus, InflowClass
from guibin.products.models import Side
from guibin.relations.models import LinkKind


class ColumnType(StrEnum):
    """What a cell is read as."""

    TEXT = "text"
    CHOICE = "choice"
    DAY = "day"
    INSTANT = "instant"
    AMOUNT = "amount"
    RATE = "rate"


_TYPES: Final = {
    **dict.fromkeys(DAYS, ColumnType.DAY),
    "occurred_at": ColumnType.INSTANT,
    "credit_limit": ColumnType.AMOUNT,
    "balance": ColumnType.AMOUNT,
    "amount": ColumnType.AMOUNT,
    "rate": ColumnType.RATE,
}
_CHOICES: Final[dict[str, type[StrEnum]]] = {
    "party_type": PartyType,
    "certificate_type": CertificateType,
    "gender": Gender,
    "side": Side,
    "event_type": EventType,
    "inflow_class": InflowClass,
    "deleted": Deleted,
    "link": LinkKind,
    "event": IdentityEventKind,
    "touch": TouchKind,
    "by": TouchChannel,
    "direction": Direction,
    "purpose": TouchPurpose,
    "result": TouchResult,
}
_STATUS: Final[dict[FeedKind, type[StrEnum]]] = {FeedKind.PARTIES: PartyStatus, FeedKind.HOLDINGS: HoldingStatus}


def type_of(column: str) -> ColumnType:
    """Return what the cells of a column are read as."""
    return ColumnType.CHOICE if column == "status" or column in _CHOICES else _TYPES.get(column, ColumnType.TEXT)


def choices_of(kind: FeedKind, column: str) -> list[str] | None:
    """Return what may stand in a column of a closed list, None of any other; no line sends the bank's own events."""
    values = _STATUS.get(kind) if column == "status" else _CHOICES.get(column)
    return None if values is None else [value.value for value in values if value not in OWN_EVENTS]
