"""Days that a rule speaks of by how far they are from the closed business day."""

from calendar import monthrange
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import Final

_MONTHS: Final = {"month": 1, "quarter": 3, "year": 12}
_WHICH: Final = {"previous": -1, "this": 0, "next": 1}


class Period(StrEnum):
    """A calendar month, quarter or year beside the closed business day, or with it."""

    THIS_MONTH = "this_month"
    THIS_QUARTER = "this_quarter"
    THIS_YEAR = "this_year"
    PREVIOUS_MONTH = "previous_month"
    PREVIOUS_QUARTER = "previous_quarter"
    PREVIOUS_YEAR = "previous_year"
    NEXT_MONTH = "next_month"
    NEXT_QUARTER = "next_quarter"
    NEXT_YEAR = "next_year"

    def bounds(self, day: date) -> tuple[date, date]:
        """Return its first and its last day."""
        which, unit = self.split("_")
        months = _MONTHS[unit]
        start = (day.year * 12 + day.month - 1) // months * months + _WHICH[which] * months
        end = start + months - 1
        return _day_of(start, 1), _day_of(end, monthrange(end // 12, end % 12 + 1)[1])


def _day_of(months: int, day: int) -> date:
    return date(months // 12, months % 12 + 1, day)


@dataclass(frozen=True, slots=True)
class RelativeDay:
    """A day so many days from the closed business day; negative: before it."""

    days: int

    def on(self, day: date) -> date:
        """Return the day that is meant."""
        return day + timedelta(days=self.days)


@dataclass(frozen=True, slots=True)
class LastDays:
    """So many days that end with the closed business day."""

    days: int

    def bounds(self, day: date) -> tuple[date | None, date]:
        """Return the first and the last day."""
        return day - timedelta(days=self.days - 1), day


@dataclass(frozen=True, slots=True)
class BeforeDays:
    """Everything until the day that lies so many days back, with it."""

    days: int

    def bounds(self, day: date) -> tuple[date | None, date]:
        """Return no first day, and the last."""
        return None, day - timedelta(days=self.days)


@dataclass(frozen=True, slots=True)
class BetweenDates:
    """From a day to a day, both included; None is open."""

    first: date | None
    last: date | None

    def bounds(self, day: date) -> tuple[date | None, date]:
        """Return the first and the last day; nothing after the closed business day is known."""
        return self.first, day if self.last is None else min(self.last, day)


@dataclass(frozen=True, slots=True)
class InPeriod:
    """A calendar period."""

    period: Period

    def bounds(self, day: date) -> tuple[date | None, date]:
        """Return the first and the last day; nothing after the closed business day is known."""
        first, last = self.period.bounds(day)
        return first, min(last, day)


Window = LastDays | BeforeDays | BetweenDates | InPeriod
