"""Activity: events that a kind of points lists start the clock again, so that its points do not lapse."""

from datetime import date, timedelta
from typing import Final

from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.core import clock
from guibin.points import activity_repository

MOST_AT_ONCE: Final = 1_000


async def prolong(session: AsyncSession, *, day: date, limit: int = MOST_AT_ONCE) -> int:
    """Move the last day of at most `limit` accounts that have not lapsed before `day`, which is over.

    Call it again, each time in a transaction of its own, until it returns 0: how many accounts it moved. Late events
    count too; what has lapsed is not revived by them.
    """
    return await _prolong(session, first=day, last=date.max, limit=limit)


async def keep_active(session: AsyncSession, *, limit: int) -> int:
    """Do the same for accounts that lapse today, or did last night: an event of the last day counts within a minute."""
    today = clock.today()
    return await _prolong(session, first=today - timedelta(days=1), last=today, limit=limit)


async def _prolong(session: AsyncSession, *, first: date, last: date, limit: int) -> int:
    found = await activity_repository.active_accounts(session, first=first, last=last, today=clock.today(), limit=limit)
    if found:
        await activity_repository.prolong(session, found, first=first)
    return len(found)
