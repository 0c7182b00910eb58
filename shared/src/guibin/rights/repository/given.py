"""The SQL of points that redemptions give."""

from dataclasses import asdict, dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import func, text
from sqlalchemy import select as sa_select
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.points.models import PointsLot
from guibin.rights.models import RedemptionPoints

_GIVE = text(
    "SELECT rights_give_points(:customer, :redemption, :receiver, :entry, :lot, :expires_on, :reason_zh, :reason_en,"
    " :source_kind, :source_id, :actor, :at, :day)"
)


@dataclass(frozen=True, slots=True)
class Giving:
    """What `rights_give_points` takes; its source makes it once."""

    customer: UUID
    redemption: UUID
    receiver: UUID
    entry: UUID
    lot: UUID
    expires_on: date | None
    reason_zh: str
    reason_en: str
    source_kind: str
    source_id: str
    actor: UUID
    at: datetime
    day: date


async def give(session: AsyncSession, giving: Giving) -> str:
    """Give the points of a redemption, and return the outcome."""
    return str((await session.execute(_GIVE, asdict(giving))).scalar_one())


async def find_given(session: AsyncSession, *, customer_id: UUID, redemption_id: UUID) -> RedemptionPoints | None:
    """Return what a redemption gave in points."""
    row = RedemptionPoints
    query = select(row).where(row.customer_id == customer_id, row.redemption_id == redemption_id)
    return (await session.exec(query)).first()


async def sum_untouched(session: AsyncSession, *, given: RedemptionPoints, day: date) -> int:
    """Return how many of the points that were given lie in their own lot, free and not expired."""
    lot = PointsLot
    query = sa_select(func.coalesce(func.sum(col(lot.remaining) - col(lot.held)), 0)).where(
        col(lot.customer_id) == given.receiver_id,
        col(lot.entry_id) == given.entry_id,
        (col(lot.expires_on).is_(None)) | (col(lot.expires_on) >= day),
    )
    return int((await session.execute(query)).scalar_one())
