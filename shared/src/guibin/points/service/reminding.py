"""Reminding: customers are told of points that end soon, as events, once for each wallet, last day and reminder."""

from datetime import date, timedelta
from typing import Final

from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.outbox.events import PointsExpiring
from guibin.outbox.service import Publication, publish_all
from guibin.points.reminder_repository import Ending, name_of, points_to_tell_of

DAYS_BEFORE: Final = (90, 30, 7)
CATCH_UP_DAYS: Final = 6
"""A reminder that a missed night should have given is given so many days later at most."""

MOST_AT_ONCE: Final = 1_000


async def remind(session: AsyncSession, *, day: date, limit: int = MOST_AT_ONCE) -> dict[str, int]:
    """Publish at most `limit` reminders that are due on the day after `day`, which is over.

    Call it again, each time in a transaction of its own, until nothing is read; what was told of is not told again.
    Returns how many wallets and days were `read` and how many `points` they hold.
    """
    today = day + timedelta(days=1)
    found: list[tuple[Ending, int]] = []
    for days_before in DAYS_BEFORE:
        last = today + timedelta(days=days_before)
        first = last - timedelta(days=CATCH_UP_DAYS)
        ending = await points_to_tell_of(
            session, first=first, last=last, days_before=days_before, limit=limit - len(found)
        )
        found += [(one, days_before) for one in ending]
    await publish_all(session, [_reminder(one, days_before) for one, days_before in found])
    return {"read": len(found), "points": sum(one.points for one, _ in found)}


def _reminder(ending: Ending, days_before: int) -> Publication:
    data = PointsExpiring(
        wallet=ending.wallet,
        points=ending.points,
        expires_on=ending.expires_on,
        days_before=days_before,
        rolls_over_to=ending.rolls_over_to,
    )
    return Publication(
        data,
        ending.customer_id,
        ending.customer_id,
        once=name_of(ending.wallet, ending.expires_on, days_before),
    )
