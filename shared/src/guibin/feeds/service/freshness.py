"""How the lines stand with each day: whether all is in, since when, until when it was due, what had drifted."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.core import clock
from guibin.core.freshness import Freshness
from guibin.core.lines import Line
from guibin.feeds import repository
from guibin.feeds.models import FeedKind
from guibin.feeds.policies.repository import policies_of
from guibin.feeds.policies.rules import Delivery


@dataclass(frozen=True, slots=True)
class LineDayView:
    """A line on a day."""

    day: date
    state: Freshness
    delivery: Delivery
    due_at: datetime
    received_at: datetime | None
    drifted: list[FeedKind]


async def calendar(session: AsyncSession, *, first: date, last: date) -> dict[Line, list[LineDayView]]:
    """Return how each of the seven lines stands with each day of a range, both ends included."""
    now, policies = clock.now(), await policies_of(session)
    begun = await repository.first_days(session)
    arrived = await repository.line_days(session, first=first, last=last)
    drifted = await repository.drifted_files(session, first=first, last=last)

    def view(line: Line, day: date) -> LineDayView:
        received_at, ends = arrived.get((line, day)), clock.start_of_day(day + timedelta(days=1))
        return LineDayView(
            day,
            _freshness(day, begun.get(line), is_fresh=received_at is not None),
            policies[line].delivery(ends, received=received_at is not None, now=now),
            policies[line].due_at(ends),
            received_at,
            sorted(drifted.get((line, day), ())),
        )

    days = [first + timedelta(days=number) for number in range((last - first).days + 1)]
    return {line: [view(line, day) for day in days] for line in Line}


def _freshness(day: date, begin: date | None, *, is_fresh: bool) -> Freshness:
    if is_fresh:
        return Freshness.FRESH
    return Freshness.STALE if begin is not None and begin < day else Freshness.MISSING
