"""Which month an average is of."""

from dataclasses import dataclass
from datetime import date, timedelta


@dataclass(frozen=True, slots=True)
class Month:
    """A calendar month by its first and last day."""

    first: date
    last: date

    @property
    def days(self) -> int:
        """The number of its calendar days."""
        return (self.last - self.first).days + 1


def last_complete_month(day: date) -> Month:
    """Return the last month that is over at the end of a day: its own when it is the last day of a month."""
    after = day + timedelta(days=1)
    last = after.replace(day=1) - timedelta(days=1)
    return Month(last.replace(day=1), last)
