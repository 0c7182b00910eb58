"""Counting in the database: one row per subject and limit, written in a short transaction before the unit of work.

A window begins with the first call and is fixed from then on; the window of a day ends at midnight. The commit does not
wait for the disk: a power cut may forget the calls of its last moments, never anything else.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import ARRAY, DateTime, Text, bindparam, text
from sqlalchemy.exc import DBAPIError
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.core import clock
from guibin.core.database import SessionFactory
from guibin.core.direct import CountValues
from guibin.web.faults import sqlstate_of
from guibin.web.limits import Limit

PASSED: Final = "GB429"
"""The state with which `rate_count` fails when a limit is passed."""

_UNBOUNDED: Final = 2**31 - 1
_NO_WAIT: Final = text("SET LOCAL synchronous_commit = off")
_COUNT: Final = text("SELECT rate_count(:subject, :names, :ends, :most, :now)::text AS counted").bindparams(
    bindparam("names", type_=ARRAY(Text)), bindparam("ends", type_=ARRAY(DateTime(timezone=True)))
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
        async with self._sessions() as session:
            try:
                counts = await _count(session, subject, limits, most)
            except DBAPIError as error:
                if sqlstate_of(error) != PASSED:
                    raise
                return counts_of(_detail_of(error), limits)
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
        async with self._sessions() as session:
            (count,) = await _count(session, subject, [limit], [_UNBOUNDED])
            if count.calls == most:
                until = clock.now() + timedelta(seconds=limit.lock_seconds)
                parameters = {"subject": subject, "name": limit.name, "ends_at": until}
                await (await session.connection()).execute(_LOCK, parameters)
            await session.commit()


def count_values(subject: bytes, limits: Sequence[Limit], most: Sequence[int]) -> CountValues:
    """Return the arguments with which the SQL function `rate_count` counts a call now."""
    now = clock.now()
    return subject, [limit.name for limit in limits], [_end(limit, now) for limit in limits], list(most), now


def counts_of(counted: str, limits: Sequence[Limit]) -> list[Count]:
    """Read what `rate_count` counted, or could not: its detail."""
    found = {one["name"]: one for one in json.loads(counted)}
    return [
        Count(limit, found[limit.name]["calls"], datetime.fromisoformat(found[limit.name]["ends_at"]))
        for limit in limits
    ]


async def _count(session: AsyncSession, subject: bytes, limits: Sequence[Limit], most: Sequence[int]) -> list[Count]:
    connection = await session.connection()
    await connection.execute(_NO_WAIT)
    names = ("subject", "names", "ends", "most", "now")
    values = dict(zip(names, count_values(subject, limits, most), strict=True))
    return counts_of((await connection.execute(_COUNT, values)).scalar_one(), limits)


def _detail_of(error: DBAPIError) -> str:
    """Return the detail of a database error, which the layers around the driver leave out."""
    cause = error.orig.__cause__ if error.orig else None
    return str(getattr(cause, "detail", ""))


def _end(limit: Limit, now: datetime) -> datetime:
    if limit.is_daily:
        return clock.start_of_day(clock.business_day(now) + timedelta(days=1))
    return now + timedelta(seconds=limit.seconds)
