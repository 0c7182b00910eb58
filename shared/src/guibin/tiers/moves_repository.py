"""SQL of previews: whom a scheme would move, by the figures of its last period alone."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from sqlalchemy import func, select
from sqlalchemy.orm import aliased
from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.core.models import metadata
from guibin.customers.models import Customer
from guibin.customers.repository import visible
from guibin.organisation.models import Branch
from guibin.security.actors import Scope
from guibin.security.row_scope import all_rows
from guibin.tiers.figures import BELOW_ALL, Scheme, select_earned
from guibin.tiers.models import Tier, TierOverride
from guibin.tiers.repository import in_force, tiers_on

_CUSTOMER: Final = metadata.tables[Customer.__tablename__]
_BRANCH: Final = metadata.tables[Branch.__tablename__]


@dataclass(frozen=True, slots=True)
class Move:
    """So many customers of a branch who have a tier, or none, and to whom the figures give one, or none."""

    branch: str
    before: str | None
    after: str | None
    customers: int


async def count_moves(session: AsyncSession, scheme: Scheme, *, day: date) -> list[tuple[str, str, int]]:
    """Count the customers by present tier and the tier that the figures would give them, bank-wide; `-` is no tier."""
    counts: dict[tuple[str, str], int] = {}
    async with all_rows(session):
        for move in await moves_by_branch(session, Scope.of_job(), scheme, day=day):
            key = (move.before or "-", move.after or "-")
            counts[key] = counts.get(key, 0) + move.customers
    return [(before, after, counts[before, after]) for before, after in sorted(counts)]


async def moves_by_branch(session: AsyncSession, scope: Scope, scheme: Scheme, *, day: date) -> list[Move]:
    """Count the customers of a scope by branch, present tier and the tier that the figures of a closed day give them.

    The present tier is that of the day after it, which the night of the closed day gave. Transitions are left out of
    account. Customers whose figures are unknown or stale are not counted, nor those with a tier by hand.
    """
    earned = select_earned(scheme, cutoff=scheme.terms.cutoff(day), day=day).cte("earned_tier")
    present = day + timedelta(days=1)
    current, tier = tiers_on(present), aliased(Tier, name="to_come")
    source = (
        earned.join(_CUSTOMER, _CUSTOMER.c.id == earned.c.customer_id)
        .join(_BRANCH, _BRANCH.c.id == _CUSTOMER.c.branch_id)
        .outerjoin(current, current.c.customer_id == earned.c.customer_id)
        .outerjoin(tier, col(tier.rank) == earned.c.earned)
    )
    groups = (_BRANCH.c.code, current.c.tier, col(tier.code))
    query = (
        select(*groups, func.count())
        .select_from(source)
        .where(visible(scope, _CUSTOMER.c.id, _CUSTOMER.c.branch_id))
        .where(earned.c.known, (earned.c.earned > BELOW_ALL) | current.c.tier.is_not(None))
        .where(earned.c.customer_id.not_in(select(col(TierOverride.customer_id)).where(in_force(present))))
        .group_by(*groups)
        .order_by(*groups)
    )
    return [Move(*row) for row in (await session.execute(query)).all()]
