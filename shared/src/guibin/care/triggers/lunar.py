"""Birthdays by the lunar calendar: which births are kept on a day."""

from collections.abc import Iterator
from datetime import date, timedelta
from functools import lru_cache
from typing import Final, NamedTuple

from lunar_python import LunarMonth, LunarYear, Solar

OLDEST: Final = 120
"""How many years a birth lies back at most."""
_MONTHS: Final = 12
_SHORT: Final = 29


class _Month(NamedTuple):
    number: int
    is_leap: bool
    first: date
    days: int


@lru_cache(maxsize=512)
def _months(year: int) -> tuple[_Month, ...]:
    """Return the months of a lunar year in order, a leap month behind the one whose number it repeats."""
    leap: int = LunarYear.fromYear(year).getLeapMonth()
    found = []
    for number in range(1, _MONTHS + 1):
        for name in (number, -number) if number == leap else (number,):
            month = LunarMonth.fromYm(year, name)
            first = Solar.fromJulianDay(month.getFirstJulianDay())
            day = date(first.getYear(), first.getMonth(), first.getDay())
            found.append(_Month(number, name < 0, day, month.getDayCount()))
    return tuple(found)


def new_years_day(year: int) -> date:
    """Return the lunar New Year's day (春节) that falls into a calendar year."""
    return _months(year)[0].first


def births_kept_on(day: date) -> Iterator[date]:
    """Yield the days of birth whose lunar birthday is kept on a day, of up to `OLDEST` lunar years before.

    Who was born in a leap month keeps the day in the month whose number it repeats, and nobody keeps one in a leap
    month; who was born on the 30th of a month that has 29 days this year keeps the 29th.
    """
    year = day.year if day >= _months(day.year)[0].first else day.year - 1
    month = next(one for one in reversed(_months(year)) if one.first <= day)
    if month.is_leap:
        return
    number = (day - month.first).days + 1
    numbers = (number, number + 1) if number == month.days == _SHORT else (number,)
    for of_birth in range(year - OLDEST, year):
        for one in _months(of_birth):
            if one.number == month.number:
                yield from (one.first + timedelta(days=n - 1) for n in numbers if n <= one.days)
