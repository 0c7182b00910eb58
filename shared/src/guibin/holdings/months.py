"""Which days an average is of."""

from dataclasses import dataclass
from datetime import date, timedelta
from functools import reduce


@dataclass(frozen=True, slots=True)
class Span:
    """Calendar days in a row, by the first and the last of them."""

    first: date
    last: date

    @property
    def days(self) -> int:
        """The number of its calendar days."""
        return (self.last - self.first).days + 1


@dataclass(frozen=True, slots=True)
class Month(Span):
    """A calendar month."""

    def before(self, months: int) -> "Month":
        """Return the month so many months before this one."""
        return reduce(lambda month, _: last_complete_month(month.first - timedelta(days=1)), range(months), self)


def last_complete_month(day: date) -> Month:
    """Return the last month that is over at the end of a day: its own when it is the last day of a month."""
    after = day + timedelta(days=1)
    last = after.replace(day=1) - timedelta(days=1)
    return Month(last.replace(day=1), last)
