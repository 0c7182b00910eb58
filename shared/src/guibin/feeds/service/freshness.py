"""How fresh each line is: whether its balances of a day are in."""

from datetime import date, timedelta
from enum import StrEnum

from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.core.lines import Line
from guibin.feeds import repository


class Freshness(StrEnum):
    """What is known of a line on a day: its balances, those of an earlier day, or none yet."""

    FRESH = "fresh"
    STALE = "stale"
    MISSING = "missing"


async def calendar(session: AsyncSession, *, first: date, last: date) -> dict[Line, dict[date, Freshness]]:
    """Return for each of the seven lines how fresh it is on each day of a range, both ends included."""
    known = {
        line: (begin, set(days)) for line, begin, days in await repository.line_days(session, first=first, last=last)
    }
    days = [first + timedelta(days=number) for number in range((last - first).days + 1)]
    return {line: {day: _freshness(day, *known.get(line, (None, set()))) for day in days} for line in Line}


def _freshness(day: date, begin: date | None, fresh: set[date]) -> Freshness:
    if day in fresh:
        return Freshness.FRESH
    return Freshness.STALE if begin is not None and begin < day else Freshness.MISSING
