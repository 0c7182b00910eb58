"""Birthdays, anniversaries, tags that customers come to have: events of the bank's own, where a rule asks for them."""

from calendar import isleap
from collections.abc import Collection
from datetime import date, datetime, timedelta
from typing import Final
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.core import clock
from guibin.holdings.models import OWN_LINE, EventType
from guibin.holdings.rows import EventContent, LineEvent
from guibin.holdings.service import record_events
from guibin.points.earning import occasion_repository
from guibin.points.earning.occasion_repository import Entered
from guibin.points.service.earning import earn_events
from guibin.security.actors import NIGHTLY_JOB

MOST_AT_ONCE: Final = 2_000
CATCH_UP_DAYS: Final = 6
"""A tag that missed nights should have noticed is noticed so many days later at most."""


async def record_occasions(session: AsyncSession, *, day: date, limit: int = MOST_AT_ONCE) -> dict[str, int]:
    """Record at most `limit` birthdays and as many anniversaries of the day after `day`, which is over, and tags.

    Call it again, each time in a transaction of its own, until nothing is read; each customer has one of a kind a year.
    Nothing is recorded where no rule in force asks for it. Returns the counts `read` and of each kind.
    """
    today = day + timedelta(days=1)
    days = days_of_year(today)
    counts = {"read": 0}
    for event_type in (EventType.BIRTHDAY, EventType.ANNIVERSARY):
        counts[event_type.value] = 0
        if not await occasion_repository.is_asked_for(session, event_type):
            continue
        prefix = f"{event_type}:{today.year}:"
        if event_type is EventType.BIRTHDAY:
            ids = await occasion_repository.birthdays_on(session, days, line=OWN_LINE, prefix=prefix, limit=limit)
        else:
            first = date(today.year, 1, 1)
            ids = await occasion_repository.anniversaries_on(
                session, days, before=first, line=OWN_LINE, prefix=prefix, limit=limit
            )
        await record_events(session, [_event(event_type, prefix, one, today) for one in ids])
        counts[event_type.value] = len(ids)
        counts["read"] += len(ids)
    counts[EventType.TAG_ENTERED.value] = entered = await _record_tags(session, day, limit)
    counts["read"] += entered
    return counts


async def _record_tags(session: AsyncSession, day: date, limit: int) -> int:
    """Record who has come to have tags of late: by hand until `day`, by their rules in the nights before."""
    tags = await occasion_repository.tags_asked_for(session)
    if not tags:
        return 0
    first = day - timedelta(days=CATCH_UP_DAYS)
    entered = await occasion_repository.entered_tags(session, tags, first=first, last=day, line=OWN_LINE, limit=limit)
    await record_events(session, [_entered(one) for one in entered])
    return len(entered)


class EarnsAtOnce:
    """Lets who comes to have a tag in real time earn by the rules that ask for it, without waiting for the night."""

    async def entered(self, session: AsyncSession, *, codes: Collection[str], customers: Collection[UUID]) -> None:
        """Record who of some customers has come to have tags today, and let that earn; what is recorded stays so."""
        tags = sorted(set(codes) & set(await occasion_repository.tags_asked_for(session)))
        if not tags:
            return
        today = clock.today()
        found = await occasion_repository.entered_tags(
            session, tags, first=today, last=today, line=OWN_LINE, limit=len(customers) * len(tags), among=customers
        )
        events = [_entered(one, at=clock.now()) for one in found]
        await record_events(session, events)
        await earn_events(session, keys=[event.key for event in events], actor_id=NIGHTLY_JOB.id)


EARNS_AT_ONCE: Final = EarnsAtOnce()


def _entered(one: Entered, *, at: datetime | None = None) -> LineEvent:
    """Make the event, of the end of its day where no moment is known."""
    moment = at or clock.start_of_day(one.since + timedelta(days=1)) - timedelta(seconds=1)
    content = EventContent(event_type=EventType.TAG_ENTERED, occurred_at=moment, channel=one.tag_code)
    return LineEvent(OWN_LINE, one.reference, one.customer_id, content)


def days_of_year(day: date) -> list[str]:
    """Return which days of the year (MMDD) are kept on a day: 29 February on the 28th where there is none."""
    days = [f"{day:%m%d}"]
    return [*days, "0229"] if days == ["0228"] and not isleap(day.year) else days


def _event(event_type: EventType, prefix: str, customer_id: UUID, day: date) -> LineEvent:
    content = EventContent(event_type=event_type, occurred_at=clock.start_of_day(day))
    return LineEvent(OWN_LINE, f"{prefix}{customer_id.hex}", customer_id, content)
