"""Expiring: what was not spent by its last day goes, one entry for each account and day."""

from datetime import date, timedelta
from typing import Final
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.core import clock
from guibin.core.ids import new_id
from guibin.points import repository
from guibin.points.models import EntryKind, SourceKind
from guibin.points.repository import Movement
from guibin.security.actors import NIGHTLY_JOB

MOST_AT_ONCE: Final = 1_000
"""Accounts of one transaction: whoever redeems meanwhile waits for it, and gives up after the lock time-out."""


async def expire(session: AsyncSession, *, day: date, limit: int = MOST_AT_ONCE) -> dict[str, int]:
    """Expire the lots of at most `limit` accounts whose last day is `day` or earlier; the day is over.

    Call it again, each time in a transaction of its own, until nothing is read; twice for the same day changes nothing,
    since an account expires once for a day. Returns how many accounts were `read`, how many `expired` and how many
    `points` went.
    """
    source_id = f"expiry:{day}"
    accounts = await repository.accounts_to_expire(session, day=day, source_id=source_id, limit=limit)
    rows = await repository.post_all(session, [_movement(*account, day, source_id) for account in accounts])
    posted = [row for row in rows if row["outcome"] == "posted"]
    return {
        "read": len(accounts),
        "expired": len(posted),
        "points": -sum(row["points"] for row in posted),
    }


def _movement(customer_id: UUID, wallet: str, day: date, source_id: str) -> Movement:
    return Movement(
        customer=customer_id,
        wallet=wallet,
        kind=EntryKind.EXPIRE,
        points=None,
        entry=new_id(),
        lot=None,
        expires_on=None,
        reason_zh="积分到期",
        reason_en="Points expired",
        source_kind=SourceKind.RUN,
        source_id=source_id,
        actor=NIGHTLY_JOB.id,
        at=clock.now(),
        day=day + timedelta(days=1),
    )
