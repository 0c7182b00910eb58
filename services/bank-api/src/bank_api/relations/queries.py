"""What the members of a household have together: their figures of the last night, weighed by their shares."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlmodel import col, func, select
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.core.freshness import FigureDay
from guibin.customers.models import CustomerAccess
from guibin.customers.repository import visible
from guibin.holdings.freshness import figure_day
from guibin.holdings.models import HoldingParty
from guibin.managers.models import CoverageRole
from guibin.relations.rules import weighed
from guibin.relations.service.reading import HouseholdView
from guibin.security.actors import Scope
from guibin.tags.models import CustomerFact


@dataclass(frozen=True, slots=True)
class Totals:
    """Sums over the members who take part, in fen, None unknown; a joint account counts once, for its owner."""

    figure_day: FigureDay
    members: int
    joint_holdings: int
    aum_fen: int | None
    liabilities_fen: int | None
    is_primary_of_all: bool


async def totals_of(session: AsyncSession, scope: Scope, view: HouseholdView, *, staff_id: UUID) -> Totals | None:
    """Return the totals of a household; None when figures of a member are out of scope or not there yet.

    `is_primary_of_all` tells whether the caller is the primary manager of all whose figures are summed.
    """
    shares = {one.row.customer_id: one.row.share_percent for one in view.members if one.takes_part}
    facts = await _facts(session, scope, shares.keys())
    if not shares or len(facts) < len(shares):
        return None
    return Totals(
        figure_day=await _figure_day(session, facts),
        members=len(facts),
        joint_holdings=await _joint_holdings(session, shares.keys()),
        aum_fen=weighed([(one.aum_fen, shares[one.customer_id]) for one in facts]),
        liabilities_fen=weighed([(one.liabilities_fen, shares[one.customer_id]) for one in facts]),
        is_primary_of_all=await _count_led(session, shares.keys(), {staff_id, *scope.stands_in_for}) == len(shares),
    )


async def _figure_day(session: AsyncSession, facts: Sequence[CustomerFact]) -> FigureDay:
    """Sums are of the earliest day of their parts, and lack every line that one of them lacks."""
    late = {line for one in facts for line in one.stale_lines}
    return await figure_day(session, min(one.as_of for one in facts), late)


async def _facts(session: AsyncSession, scope: Scope, ids: Collection[UUID]) -> list[CustomerFact]:
    query = select(CustomerFact).where(
        col(CustomerFact.customer_id).in_(ids), visible(scope, col(CustomerFact.customer_id))
    )
    return list((await session.exec(query)).all())


async def _joint_holdings(session: AsyncSession, ids: Collection[UUID]) -> int:
    """Count the holdings that two or more of some customers share: by the rows of those who share them."""
    query = select(func.count(col(HoldingParty.holding_id).distinct())).where(
        col(HoldingParty.owner_id).in_(ids), col(HoldingParty.customer_id).in_(ids)
    )
    return int((await session.exec(query)).one())


async def _count_led(session: AsyncSession, ids: Collection[UUID], staff_ids: Collection[UUID]) -> int:
    query = select(func.count(col(CustomerAccess.customer_id).distinct())).where(
        col(CustomerAccess.customer_id).in_(ids),
        col(CustomerAccess.staff_id).in_(staff_ids),
        CustomerAccess.role == CoverageRole.PRIMARY,
        col(CustomerAccess.valid_to).is_(None),
    )
    return int((await session.exec(query)).one())
