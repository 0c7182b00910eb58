"""The SQL of what free rights have cost."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import Integer, cast, func
from sqlalchemy import select as sql_select
from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.rights.life import COUNTED
from guibin.rights.models import Redemption
from guibin.tiers.repository import tiers_on


@dataclass(frozen=True, slots=True)
class FreeUnits:
    """How many units and guests of a right customers of a tier had without points."""

    right_id: UUID
    tier: str
    units: int


async def free_units(session: AsyncSession, *, since: datetime, day: date) -> Sequence[FreeUnits]:
    """Count what was had free since a moment, by right and by the tier that its customer has on a day."""
    tier = tiers_on(day)
    own = col(Redemption.quota_used) - col(Redemption.quota_refunded)
    units = cast(func.sum(own + col(Redemption.guest_quota_used)), Integer)
    query = (
        sql_select(col(Redemption.right_id), tier.c.tier, units)
        .join(tier, tier.c.customer_id == col(Redemption.customer_id))
        .where(col(Redemption.created_at) >= since, col(Redemption.state).in_(COUNTED), tier.c.tier.is_not(None))
        .group_by(col(Redemption.right_id), tier.c.tier)
        .having(units > 0)
    )
    return [FreeUnits(*row) for row in (await session.execute(query)).all()]


async def customers_by_tier(session: AsyncSession, *, day: date) -> dict[str, int]:
    """Count the customers of each tier on a day."""
    tier = tiers_on(day)
    query = sql_select(tier.c.tier, func.count()).where(tier.c.tier.is_not(None)).group_by(tier.c.tier)
    return dict((await session.execute(query)).all())
