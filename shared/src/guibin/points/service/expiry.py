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

AT_ONCE: Final = 2_000
EXPIRY_JOB: Final = UUID("00000000-0000-7000-8000-000000000e01")
"""The actor of entries that expire points."""


async def expire(session: AsyncSession, *, day: date) -> dict[str, int]:
    """Expire every lot whose last day is `day` or earlier; the day is over.

    Twice for the same day changes nothing: an account expires once for a day. Returns how many accounts were `read`,
    how many `expired` and how many `points` went.
    """
    counts = {"read": 0, "expired": 0, "points": 0}
    after: tuple[UUID, str] | None = None
    while accounts := await repository.accounts_to_expire(session, day=day, after=after, limit=AT_ONCE):
        rows = await repository.post_all(session, [_movement(*account, day) for account in accounts])
        posted = [row for row in rows if row["outcome"] == "posted"]
        counts["read"] += len(accounts)
        counts["expired"] += len(posted)
        counts["points"] -= sum(row["points"] for row in posted)
        after = accounts[-1]
    return counts


def _movement(customer_id: UUID, wallet: str, day: date) -> Movement:
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
        source_id=f"expiry:{day}",
        actor=EXPIRY_JOB,
        at=clock.now(),
        day=day + timedelta(days=1),
    )
