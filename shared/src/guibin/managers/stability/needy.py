"""Who needs a manager, or another one: a relationship is only broken where something demands it."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from sqlalchemy import ColumnElement, and_, case, func, not_, or_, select
from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.customers.models import Customer
from guibin.managers.claims.standing import is_claimed
from guibin.managers.matrix.repository import is_second_choice, permits, tiers_in_force
from guibin.managers.models import Coverage, Manager
from guibin.managers.pool.repository import in_pool
from guibin.managers.repository.coverage import WITH_THE_BANK, is_open
from guibin.managers.rules import Waiting
from guibin.managers.stability.repository import succession_open, wishes_to_keep, works
from guibin.managers.terms.rules import Terms
from guibin.organisation.models import Staff
from guibin.privacy.repository import blocks
from guibin.privacy.rules import Act
from guibin.tiers.models import Tier, TierHistory
from guibin.tiers.repository import select_tiers


class Ground(StrEnum):
    """Why a customer needs a manager: there is none, or the present one left, may not serve, or is second choice."""

    ALONE = "alone"
    LEFT = "manager_left"
    FORBIDDEN = "tier_forbidden"
    SETTLED = "tier_settled"


@dataclass(frozen=True)
class NeedyCustomer:
    """A customer who needs a manager, or another one than the coverage says."""

    waiting: Waiting
    coverage: Coverage | None
    ground: Ground


async def needy_customers(session: AsyncSession, *, day: date, terms: Terms) -> list[NeedyCustomer]:
    """Return who is in a managed tier on a day and has no manager, or needs another.

    Another one: where the present one has left, where the matrix forbids the present one, or where the present one may
    but should not serve a tier in which the customer has been for so many months and came while being served. A
    customer who wishes to keep the manager, to whom one is coming, or who is in the pool and whom nobody claims, needs
    none. Whom a restriction keeps from being assigned keeps the present one, until that one leaves.
    """
    current = select_tiers(day, col(TierHistory.effective_on)).subquery("current_tier")
    asked = (tiers_in_force(day), col(Manager.grade), current.c.tier)
    is_permitted = permits(*asked)
    is_here = func.coalesce(works(), False)
    pool_rank = select(col(Tier.rank)).where(col(Tier.code) == terms.pool_highest_tier).scalar_subquery()
    has_nobody = col(Coverage.id).is_(None)
    settled = and_(
        is_second_choice(*asked),
        current.c.effective_on > col(Coverage.valid_from),
        current.c.effective_on + func.make_interval(0, terms.settle_months) <= day,
    )
    ground = case(
        (has_nobody, Ground.ALONE),
        (not_(is_here), Ground.LEFT),
        (not_(is_permitted), Ground.FORBIDDEN),
        else_=Ground.SETTLED,
    )
    query = (
        select(col(Customer.id), current.c.tier, col(Tier.rank), col(Customer.branch_id), Coverage, ground)
        .join(current, current.c.customer_id == col(Customer.id))
        .join(Tier, col(Tier.code) == current.c.tier)
        .join(Coverage, (col(Coverage.customer_id) == col(Customer.id)) & is_open(), isouter=True)
        .join(Manager, col(Manager.id) == col(Coverage.manager_id), isouter=True)
        .join(Staff, col(Staff.id) == col(Manager.staff_id), isouter=True)
        .where(col(Tier.managed).is_(True), col(Customer.merged_into).is_(None))
        .where(col(Customer.status).in_(WITH_THE_BANK))
        .where(or_(not_(has_nobody), _is_looked_for(day), col(Tier.rank) > pool_rank))
        .where(or_(not_(is_here), and_(_may_change(), or_(not_(is_permitted), settled))))
        .where(or_(and_(not_(has_nobody), not_(is_here)), not_(blocks(col(Customer.id), Act.ASSIGN, day))))
    )
    rows = (await session.execute(query)).all()
    return [NeedyCustomer(Waiting(*row[:4]), row[4], Ground(row[5])) for row in rows]


def _is_looked_for(day: date) -> ColumnElement[bool]:
    """Return the predicate of a customer who is not in the pool, or is claimed there by somebody."""
    return or_(not_(in_pool(col(Customer.id))), is_claimed(col(Customer.id), day))


def _may_change() -> ColumnElement[bool]:
    return not_(wishes_to_keep()) & not_(succession_open())
