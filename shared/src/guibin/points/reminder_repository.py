"""The SQL of reminders: points that end within days, of which their customers were not told yet."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Subquery, Text, func, literal
from sqlalchemy import cast as sql_cast
from sqlalchemy import select as sa_select
from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.outbox.events import EventName
from guibin.outbox.models import OutboxEvent
from guibin.points.models import PointsAccount, PointsLot, Wallet

_SEPARATOR: Final = ":"


@dataclass(frozen=True, slots=True)
class Ending:
    """All points of a customer's wallet that end on a day."""

    customer_id: UUID
    wallet: str
    expires_on: date
    points: int
    rolls_over_to: str | None = None


def name_of(wallet: str, expires_on: date, days_before: int) -> str:
    """Return under which name a reminder is published once for its customer."""
    return _SEPARATOR.join((wallet, expires_on.isoformat(), str(days_before)))


async def points_to_tell_of(
    session: AsyncSession, *, first: date, last: date, days_before: int, limit: int
) -> Sequence[Ending]:
    """Return what ends from `first` to `last` and was not told of so many days before."""
    ending, event = _ending(first, last), OutboxEvent
    day = func.to_char(ending.c.expires_on, "YYYY-MM-DD")
    name = sql_cast(ending.c.wallet, Text) + _SEPARATOR + day + literal(f"{_SEPARATOR}{days_before}")
    told = sa_select(col(event.id)).where(
        col(event.owner_id) == ending.c.customer_id,
        col(event.type) == EventName.POINTS_EXPIRING,
        col(event.once) == name,
    )
    query = (
        sa_select(
            ending.c.customer_id,
            ending.c.wallet,
            ending.c.expires_on,
            func.sum(ending.c.points),
            col(Wallet.rolls_over_to),
        )
        .join(Wallet, col(Wallet.code) == ending.c.wallet)
        .where(~told.exists())
        .group_by(ending.c.customer_id, ending.c.wallet, ending.c.expires_on, col(Wallet.rolls_over_to))
        .order_by(ending.c.customer_id, ending.c.wallet, ending.c.expires_on)
        .limit(limit)
    )
    rows = (await session.execute(query)).all()
    return [Ending(customer_id, wallet, ends, int(points), into) for customer_id, wallet, ends, points, into in rows]


def _ending(first: date, last: date) -> Subquery:
    """Select lots that end on their own day, and what is left of accounts that lapse for want of activity."""
    lot, account = PointsLot, PointsAccount
    own: list[Any] = [col(lot.customer_id), col(lot.wallet), col(lot.expires_on)]
    lots = sa_select(*own, col(lot.remaining).label("points")).where(
        col(lot.remaining) > 0, ~col(lot.pending), col(lot.expires_on).between(first, last)
    )
    lapses = col(account.balance) * col(Wallet.expiry_share) // 100
    lapsing = sa_select(col(account.customer_id), col(account.wallet), col(account.lapses_on), lapses)
    lapsing = lapsing.join(Wallet, col(Wallet.code) == col(account.wallet)).where(
        lapses > 0, col(account.lapses_on).between(first, last)
    )
    return lots.union_all(lapsing).subquery("ending")
