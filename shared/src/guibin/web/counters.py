"""Counting in the database: one row per subject and limit, written in a short transaction before the unit of work.

A window begins with the first call and is fixed from then on; the window of a day ends at midnight. The commit does not
wait for the disk: a power cut may forget the calls of its last moments, never anything else.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.core import clock
from guibin.core.database import SessionFactory
from guibin.web.limits import Limit

_NO_WAIT: Final = text("SET LOCAL synchronous_commit = off")
_COUNT: Final = text(
    "INSERT INTO rate_counter AS held (subject, name, calls, ends_at)"
    " SELECT :subject, name, 1, ends_at"
    " FROM unnest(CAST(:names AS text[]), CAST(:ends AS timestamptz[])) AS asked (name, ends_at)"
    " ON CONFLICT (subject, name) DO UPDATE"
    " SET calls = CASE WHEN held.ends_at <= :now THEN 1 ELSE held.calls + 1 END,"
    " ends_at = CASE WHEN held.ends_at <= :now THEN excluded.ends_at ELSE held.ends_at END"
    " RETURNING name, calls, ends_at"
)
_LOCK: Final = text("UPDATE rate_counter SET ends_at = :ends_at WHERE subject = :subject AND name = :name")
_READ: Final = text(
    "SELECT calls, ends_at FROM rate_counter WHERE subject = :subject AND name = :name AND ends_at > :now"
)


@dataclass(frozen=True, slots=True)
class Count:
    """The calls of one subject under one limit, this one among them, and when they are forgotten."""

    limit: Limit
    calls: int
    ends_at: datetime


class SharedCounters:
    """Counts for all processes together."""

    def __init__(self, sessions: SessionFactory) -> None:
        self._sessions = sessions

    async def count(self, subject: bytes, limits: Sequence[Limit], most: Sequence[int]) -> list[Count]:
        """Count one call under every limit; when one of them is passed, none is counted.

        Raises:
            DBAPIError, OSError: the database cannot count.
        """
        now = clock.now()
        async with self._sessions() as session:
            counts = await _count(session, subject, limits, now)
            if all(count.calls <= allowed for count, allowed in zip(counts, most, strict=True)):
                await session.commit()
        return counts

    async def read(self, subject: bytes, limit: Limit) -> Count:
        """Return what was counted so far.

        Raises:
            DBAPIError, OSError: the database cannot say.
        """
        now = clock.now()
        async with self._sessions() as session:
            parameters = {"subject": subject, "name": limit.name, "now": now}
            row = (await (await session.connection()).execute(_READ, parameters)).one_or_none()
        return Count(limit, row.calls, row.ends_at) if row else Count(limit, 0, _end(limit, now))

    async def count_wrong(self, subject: bytes, limit: Limit, most: int) -> None:
        """Count one wrong guess; the last one that is allowed closes the class for the limit's time of lock.

        Raises:
            DBAPIError, OSError: the database cannot count.
        """
        now = clock.now()
        async with self._sessions() as session:
            (count,) = await _count(session, subject, [limit], now)
            if count.calls == most:
                until = now + timedelta(seconds=limit.lock_seconds)
                parameters = {"subject": subject, "name": limit.name, "ends_at": until}
                await (await session.connection()).execute(_LOCK, parameters)
            await session.commit()


async def _count(session: AsyncSession, subject: bytes, limits: Sequence[Limit], now: datetime) -> list[Count]:
    connection = await session.connection()
    await connection.execute(_NO_WAIT)
    ends = [_end(limit, now) for limit in limits]
    parameters = {"subject": subject, "now": now, "names": [limit.name for limit in limits], "ends": ends}
    found = {row.name: row for row in await connection.execute(_COUNT, parameters)}
    return [Count(limit, found[limit.name].calls, found[limit.name].ends_at) for limit in limits]


def _end(limit: Limit, now: datetime) -> datetime:
    if limit.is_daily:
        return clock.start_of_day(clock.business_day(now) + timedelta(days=1))
    return now + timedelta(seconds=limit.seconds)
