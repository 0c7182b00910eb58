"""Decisions of care over plain values."""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Final

from guibin.approvals.rules import Calendar, is_business_day
from guibin.care.models import (
    REACHED,
    ComplaintState,
    NeedState,
    PromiseState,
    Severity,
    TouchChannel,
    TouchKind,
    TouchResult,
)

OLDEST_TOUCH: Final = timedelta(days=90)
"""How long after it happened a touch may be written down."""

CLOCK_SKEW: Final = timedelta(minutes=5)
"""By how much the clock of whoever writes may run ahead."""

FARTHEST_DUE: Final = timedelta(days=730)

DAYS_OF_COMPLAINTS: Final[Mapping[Severity, tuple[int, int]]] = {
    Severity.MINOR: (2, 10),
    Severity.SERIOUS: (1, 5),
    Severity.GRAVE: (1, 3),
}
"""Business days until somebody has answered, and until there is a resolution."""

_WEIGHT: Final[Mapping[TouchKind, int]] = {
    TouchKind.MESSAGE: 0,
    TouchKind.CALL: 1,
    TouchKind.REVIEW: 2,
    TouchKind.MEETING: 3,
    TouchKind.VISIT: 3,
}

_NEED_ENDS: Final = frozenset({NeedState.SERVED, NeedState.DECLINED, NeedState.LAPSED})

_COMPLAINT_STEPS: Final[Mapping[ComplaintState, frozenset[ComplaintState]]] = {
    ComplaintState.OPEN: frozenset({ComplaintState.ANSWERED, ComplaintState.RESOLVED}),
    ComplaintState.ANSWERED: frozenset({ComplaintState.RESOLVED}),
    ComplaintState.RESOLVED: frozenset({ComplaintState.ANSWERED, ComplaintState.CLOSED}),
    ComplaintState.CLOSED: frozenset(),
}
"""From resolved back to answered: the customer is not content, and somebody goes on."""


def after_business_days(day: date, count: int, calendar: Calendar) -> date:
    """Return the business day that is so many business days after a day; `calendar` reaches far enough."""
    found, left = day, count
    while left:
        found += timedelta(days=1)
        left -= is_business_day(found, calendar)
    return found


def is_timely(at: datetime, now: datetime) -> bool:
    """Tell whether a touch at that moment may be written down now."""
    return now - OLDEST_TOUCH <= at <= now + CLOCK_SKEW


def is_ahead(due_on: date, today: date) -> bool:
    """Tell whether something can be made due on a day."""
    return today <= due_on <= today + FARTHEST_DUE


def serves(asked: TouchKind, by: TouchChannel | None, kind: TouchKind, channel: TouchChannel) -> bool:
    """Tell whether a touch does what a task asks for: the same kind by the way that is named, or more than was asked.

    A call, review, meeting or visit is more than a message; a review, meeting or visit more than a call; a meeting or
    visit more than a review.
    """
    if _WEIGHT[kind] > _WEIGHT[asked]:
        return True
    return kind is asked and by in (None, channel)


def is_reached(result: TouchResult) -> bool:
    """Tell whether the customer was spoken to."""
    return result in REACHED


def may_end_need(state: NeedState, wanted: NeedState) -> bool:
    """Tell whether a need can end so."""
    return state in (NeedState.OPEN, NeedState.PROPOSED) and wanted in _NEED_ENDS


def may_end_promise(state: PromiseState, wanted: PromiseState) -> bool:
    """Tell whether a promise can end so: only one that stands."""
    return state is PromiseState.OPEN and wanted is not PromiseState.OPEN


def may_step(state: ComplaintState, wanted: ComplaintState) -> bool:
    """Tell whether a complaint can go from one state to another."""
    return wanted in _COMPLAINT_STEPS[state]


def percent(part: int, whole: int) -> float | None:
    """Return a share in per cent; None of nothing."""
    return round(100 * part / whole, 2) if whole else None
