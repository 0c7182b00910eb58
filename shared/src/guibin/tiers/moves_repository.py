"""SQL of previews: whom a scheme would move, by the figures of its last period alone."""

from datetime import date

from sqlalchemy import func, select
from sqlalchemy.orm import aliased
from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.security.row_scope import all_rows
from guibin.tiers.figures import BELOW_ALL, Scheme, select_earned
from guibin.tiers.models import Tier, TierOverride
from guibin.tiers.repository import in_force, tiers_on


async def count_moves(session: AsyncSession, scheme: Scheme, *, day: date) -> list[tuple[str, str, int]]:
    """Count the customers by present tier and the tier that the figures would give them, bank-wide; `-` is no tier.

    Transitions are left out of account. Customers whose figures are unknown or stale are not counted, nor those with a
    tier by hand.
    """
    earned = select_earned(scheme, cutoff=scheme.terms.cutoff(day), day=day).cte("earned_tier")
    current, tier = tiers_on(day), aliased(Tier, name="to_come")
    before, after = func.coalesce(current.c.tier, "-"), func.coalesce(col(tier.code), "-")
    query = (
        select(before, after, func.count())
        .select_from(
            earned.outerjoin(current, current.c.customer_id == earned.c.customer_id).outerjoin(
                tier, col(tier.rank) == earned.c.earned
            )
        )
        .where(earned.c.known, (earned.c.earned > BELOW_ALL) | current.c.tier.is_not(None))
        .where(earned.c.customer_id.not_in(select(col(TierOverride.customer_id)).where(in_force(day))))
        .group_by(before, after)
        .order_by(before, after)
    )
    async with all_rows(session):
        return [(row[0], row[1], row[2]) for row in (await session.execute(query)).all()]
