"""When a task that an occasion sets off is due, and which occasions a night looks at: on plain values."""

from calendar import isleap
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from guibin.approvals.rules import Calendar
from guibin.care.days import add_business_days, business_day_near
from guibin.care.plans.terms import CareOccasion, DayUnit, Trigger

AHEAD_DAYS: Final = 31
"""How long before its due day a task of a day known ahead is made."""
CATCH_UP_DAYS: Final = 6
"""For how many days an occasion that nights missed is still noticed."""
_ROOM: Final = 30
"""More days than a due day moves for weekends and holidays."""

KNOWN_AHEAD: Final = frozenset({CareOccasion.BIRTHDAY, CareOccasion.ACCOUNT_ANNIVERSARY, CareOccasion.MATURITY})
_LOOKED_BACK: Final = {CareOccasion.TIER_WATCH: 45}
"""The period of a tier's figures ends some time before the night that evaluates it."""


@dataclass(frozen=True, slots=True)
class Due:
    """An occasion, and from when until when its task is to be done."""

    occasion: date
    starts_on: date
    due_on: date


def due_of(trigger: Trigger, occasion: date, calendar: Calendar) -> date:
    """Return the business day on which the task of an occasion is due.

    What is due by the occasion is due on the business day before where the bank is closed; what follows, on the next.
    """
    if trigger.unit is DayUnit.BUSINESS and trigger.offset:
        return add_business_days(occasion, trigger.offset, calendar)
    day = occasion + timedelta(days=trigger.offset)
    return business_day_near(day, calendar, back=trigger.offset <= 0)


def dues_of(trigger: Trigger, day: date, calendar: Calendar) -> Iterator[Due]:
    """Yield the occasions that the night of a day, which is over, makes tasks of.

    A day that is known ahead counts when its task is due within the next `AHEAD_DAYS`; an occasion that the night
    notices counts for some days, and its task is due on the next business day at the earliest.
    """
    next_day = day + timedelta(days=1)
    if trigger.on in KNOWN_AHEAD:
        first = next_day - timedelta(days=trigger.offset + _ROOM)
        for number in range(AHEAD_DAYS + 2 * _ROOM + abs(trigger.offset)):
            occasion = first + timedelta(days=number)
            due_on = due_of(trigger, occasion, calendar)
            if next_day <= due_on < next_day + timedelta(days=AHEAD_DAYS):
                yield Due(occasion, add_business_days(due_on, -1, calendar), due_on)
        return
    earliest = business_day_near(next_day, calendar, back=False)
    for back in range(_LOOKED_BACK.get(trigger.on, CATCH_UP_DAYS) + 1):
        occasion = next_day - timedelta(days=back)
        due_on = max(due_of(trigger, occasion, calendar), earliest)
        yield Due(occasion, min(next_day, due_on), due_on)


def days_of_year(day: date) -> list[str]:
    """Return which days of the year (MMDD) are kept on a day: 29 February on the 28th where there is none."""
    days = [f"{day:%m%d}"]
    return [*days, "0229"] if days == ["0228"] and not isleap(day.year) else days
