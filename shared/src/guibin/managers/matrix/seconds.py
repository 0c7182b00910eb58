"""Whom the matrix wants beside the manager and who is not there: shown with somebody who could be."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy import ScalarSelect, case, exists, select, true
from sqlalchemy.orm import aliased
from sqlalchemy.sql.expression import FromClause
from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.customers.models import Customer
from guibin.customers.repository import visible
from guibin.managers.matrix.repository import content_on
from guibin.managers.matrix.rules import SecondRole
from guibin.managers.models import Coverage, Manager
from guibin.managers.repository.coverage import in_force, is_open
from guibin.organisation.models import Staff, StaffRole
from guibin.security.actors import Scope
from guibin.tiers.models import TierHistory
from guibin.tiers.repository import NEWEST_FIRST

_LEADS = "branch_head"


@dataclass(frozen=True, slots=True)
class MissingSecond:
    """A customer of a manager whose tier takes a second person, and in which role nobody serves the customer.

    `proposed_id` is the manager who leads the customer's branch, where a leader is wanted and serves nobody's place
    of the two already.
    """

    customer_id: UUID
    tier_code: str
    role: SecondRole
    manager_id: UUID
    proposed_id: UUID | None


async def missing_seconds(
    session: AsyncSession,
    scope: Scope,
    *,
    day: date,
    customer_id: UUID | None = None,
    limit: int = 1,
    after: UUID | None = None,
) -> Sequence[MissingSecond]:
    """Return who lacks the second person of the tier on a day, by customer id; of one customer at most one row."""
    content = await content_on(session, day)
    wanted = {tier: line.second_role.value for tier, line in content.tiers.items() if line.second_role}
    if not wanted:
        return []
    current, beside = _tier_on(day), aliased(Coverage)
    role = case(wanted, value=current.c.tier)
    # Few are in such a tier: who has never been in one is not looked at any closer.
    high = select(col(TierHistory.customer_id)).where(col(TierHistory.tier_code).in_(wanted))
    is_there = exists().where(
        col(beside.customer_id) == col(Coverage.customer_id),
        col(beside.role) == role,
        col(beside.valid_from) <= day,
        col(beside.valid_to).is_(None),
    )
    whose = col(Coverage.customer_id)
    proposed = case((role == SecondRole.BRANCH_LEADER.value, _leader()), else_=None)
    query = (
        select(whose, current.c.tier, role, col(Coverage.manager_id), proposed)
        .select_from(Coverage)
        .join(current, true())
        .join(Customer, col(Customer.id) == whose)
        .where(is_open(), in_force(day), whose.in_(high), current.c.tier.in_(wanted), ~is_there, visible(scope, whose))
        .order_by(whose)
        .limit(limit)
    )
    if customer_id is not None:
        query = query.where(whose == customer_id)
    if after is not None:
        query = query.where(whose > after)
    rows = (await session.execute(query)).all()
    return [MissingSecond(row[0], row[1], SecondRole(row[2]), *row[3:]) for row in rows]


def _tier_on(day: date) -> FromClause:
    """Select the tier of a customer with coverage on a day."""
    return (
        select(col(TierHistory.tier_code).label("tier"))
        .where(col(TierHistory.customer_id) == col(Coverage.customer_id), col(TierHistory.effective_on) <= day)
        .order_by(*NEWEST_FIRST)
        .limit(1)
        .lateral("tier")
    )


def _leader() -> ScalarSelect[UUID]:
    """Select the manager who leads the customer's branch and is not the primary one."""
    return (
        select(col(Manager.id))
        .join(Staff, col(Staff.id) == col(Manager.staff_id))
        .join(StaffRole, col(StaffRole.staff_id) == col(Manager.staff_id))
        .where(col(StaffRole.role) == _LEADS, col(StaffRole.branch_id) == col(Customer.branch_id))
        .where(col(StaffRole.ended_at).is_(None), col(Staff.active), col(Manager.active))
        .where(col(Manager.leaving_since).is_(None), col(Manager.id) != col(Coverage.manager_id))
        .order_by(col(Manager.id))
        .limit(1)
        .correlate(Coverage, Customer)
        .scalar_subquery()
    )
