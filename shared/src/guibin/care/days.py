"""Days on which care is due: business days, periods of the calendar, and days counted from an occasion."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from guibin.approvals.rules import Calendar, is_business_day

_MONTHS: Final = 12
SEARCHED_DAYS: Final = 60
"""How far a business day is looked for; no holiday lasts as long."""


@dataclass(frozen=True, slots=True)
class Period:
    """A piece of the calendar, both days counted."""

    first: date
    last: date


def business_days(period: Period, calendar: Calendar) -> list[date]:
    """Return the days of a period on which the bank works, in order."""
    length = (period.last - period.first).days + 1
    days = (period.first + timedelta(days=number) for number in range(length))
    return [day for day in days if is_business_day(day, calendar)]


def business_day_near(day: date, calendar: Calendar, *, back: bool) -> date:
    """Return the day itself where the bank works on it, else the nearest business day before or after it."""
    step = timedelta(days=-1 if back else 1)
    return next((one for n in range(SEARCHED_DAYS) if is_business_day(one := day + n * step, calendar)), day)


def add_business_days(day: date, count: int, calendar: Calendar) -> date:
    """Return the day that many business days after a day; before it where the count is negative.

    None of them is the day itself: one business day after a Friday, and after the Saturday behind it, is the Monday.
    """
    step, found = timedelta(days=1 if count > 0 else -1), day
    for _ in range(abs(count)):
        found = business_day_near(found + step, calendar, back=count < 0)
    return found


def add_months(month: date, count: int) -> date:
    """Return the first day of the month so many months after that of a day."""
    years, index = divmod(month.month - 1 + count, _MONTHS)
    return date(month.year + years, index + 1, 1)


def period_of(day: date, months: int) -> Period:
    """Return the period of so many months in which a day lies; periods begin with the year. `months` divides 12."""
    first = date(day.year, (day.month - 1) // months * months + 1, 1)
    return Period(first, add_months(first, months) - timedelta(days=1))


def periods(first: date, last: date, months: int) -> list[Period]:
    """Return the periods of so many months that share a day with the days from `first` to `last`."""
    found = [period_of(first, months)]
    while found[-1].last < last:
        found.append(period_of(found[-1].last + timedelta(days=1), months))
    return found
