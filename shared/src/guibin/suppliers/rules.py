"""Decisions on orders and call-backs, over plain values."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from guibin.rights.models import Fulfilment
from guibin.suppliers.models import OrderState

OLD_SECRET_LIFE: Final = timedelta(hours=24)
"""How long both sides may sign with the secret before."""

SETTLES_AFTER: Final = timedelta(seconds=60)
"""After so long nothing of a call that timed out is on its way any more: a supplier that knows nothing never will."""

PAUSES: Final = tuple(timedelta(seconds=seconds) for seconds in (10, 30, 60, 120, 600, 1_800, 3_600, 14_400, 43_200))
"""From a try that told nothing to the next one."""

TRIES: Final = 12
"""After so many tries that told nothing, a day and a half, an order waits for a person."""

ASKED_EVERY: Final = (timedelta(minutes=10), timedelta(hours=1), timedelta(hours=6))
"""From one query to the next of an order that the supplier has: call-backs are to come sooner."""

MOST_ASKED: Final = 30 * 4
"""After thirty days without an end an order that the supplier has waits for a person."""

ORDERED: Final = frozenset({Fulfilment.TOP_UP, Fulfilment.ORDER, Fulfilment.PARCEL, Fulfilment.INSTRUCTION})
"""What is ordered at a supplier that is connected; the rest is delivered by codes of a pool, or by people."""

_RANK: Final = {
    OrderState.WAITING: 0,
    OrderState.SENT: 1,
    OrderState.ACCEPTED: 2,
    OrderState.DONE: 3,
    OrderState.REFUSED: 3,
    OrderState.WITHDRAWN: 3,
}


class Told(StrEnum):
    """What a supplier says of an order; `not_known` answers a query only."""

    ACCEPTED = "accepted"
    DONE = "done"
    REFUSED = "refused"
    NOT_KNOWN = "not_known"


@dataclass(frozen=True, slots=True)
class Report:
    """What a supplier tells of an order, in an answer or a call-back; codes are kept from every log."""

    told: Told
    reference: str | None = None
    reason: str | None = None
    tracking_no: str | None = None
    codes: tuple[str, ...] = ()

    def __repr__(self) -> str:
        return f"Report({self.told}, codes={len(self.codes)})"


def goes_forward(before: OrderState, told: Told) -> bool:
    """Tell whether a report brings an order forward; what ended, or is as far, stays as it is."""
    return told is not Told.NOT_KNOWN and _RANK[OrderState(told)] > _RANK[before]


def fits(report: Report, *, fulfilment: Fulfilment, quantity: int) -> bool:
    """Tell whether a supplier delivers what was ordered: a code for each unit where codes come back, else none."""
    expected = quantity if fulfilment is Fulfilment.ORDER and report.told is Told.DONE else 0
    return len(report.codes) == expected == len(set(report.codes))


def next_try(tries: int, *, now: datetime, spread: float) -> datetime | None:
    """Return when something is tried again after so many tries that told nothing; None: a person has to look.

    `spread` is between -1 and 1 and chosen at random, so that what failed together does not come back together.
    """
    if tries >= TRIES:
        return None
    return now + PAUSES[min(tries, len(PAUSES)) - 1] * (1 + 0.2 * spread)


def next_query(asked: int, *, now: datetime) -> datetime | None:
    """Return when an order that the supplier has is asked for again, after so many queries; None: a person looks."""
    return None if asked >= MOST_ASKED else now + ASKED_EVERY[min(asked, len(ASKED_EVERY) - 1)]


def is_on_its_way(sent_at: datetime | None, *, now: datetime) -> bool:
    """Tell whether a call may still be on its way: only later may what its supplier does not know go out again."""
    return sent_at is not None and now - sent_at < SETTLES_AFTER


def read_report(document: Mapping[str, object]) -> Report | None:
    """Read what an answer of a supplier says of an order; None when it says nothing that we understand."""
    try:
        told = Told(str(document.get("state")))
    except ValueError:
        return None
    codes = document.get("codes") or []
    if not isinstance(codes, list) or not all(isinstance(code, str) and is_code(code) for code in codes):
        return None
    texts = {name: _text(document.get(name)) for name in ("reference", "reason", "tracking_no")}
    return Report(told, texts["reference"], texts["reason"], texts["tracking_no"], tuple(codes))


def is_code(text: str) -> bool:
    """Tell whether a text may be a voucher code."""
    return re.fullmatch(r"[!-~]{4,64}", text) is not None


def _text(value: object) -> str | None:
    """Return a short printable text; what a supplier sends is never trusted further."""
    if not isinstance(value, str):
        return None
    return "".join(sign for sign in value if sign.isprintable()).strip()[:120] or None
