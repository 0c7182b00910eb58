"""SQL of the funnel: what became of the opportunities that were opened in a range of days."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, ColumnElement, Integer, cast, func, select
from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.care.opportunities.models import Opportunity, OpportunityState
from guibin.customers.models import Customer
from guibin.customers.repository import visible
from guibin.organisation.models import Branch
from guibin.security.actors import Scope


@dataclass(frozen=True, slots=True)
class FunnelCount:
    """What became of the opportunities with the customers of a branch and manager.

    `provable` of those won are of a product, `proved` of these are seen in the bank's own data.
    """

    branch: str
    manager_id: UUID | None
    opened: int
    won: int
    refused: int
    lost: int
    lapsed: int
    provable: int
    proved: int
    expected_fen: int
    won_fen: int


async def funnel_between(session: AsyncSession, scope: Scope, *, first: date, last: date) -> Sequence[FunnelCount]:
    """Count the opportunities of customers in scope that were opened from a day to another, by how they stand now."""
    row = Opportunity
    groups = (col(Branch.code), col(row.manager_id))
    provable = (col(row.state) == OpportunityState.WON) & col(row.product_code).is_not(None)
    query = (
        select(
            *groups,
            cast(func.count(), Integer),
            *(_count(col(row.state) == state) for state in OpportunityState if state is not OpportunityState.OPEN),
            _count(provable),
            _count(col(row.proved_on).is_not(None)),
            _sum(row.amount_fen),
            _sum(row.won_fen),
        )
        .join(Customer, col(Customer.id) == col(row.customer_id))
        .join(Branch, col(Branch.id) == col(Customer.branch_id))
        .where(col(row.opened_on).between(first, last))
        .where(visible(scope, col(row.customer_id), col(Customer.branch_id)))
        .group_by(*groups)
        .order_by(*groups)
    )
    return [FunnelCount(*found) for found in (await session.execute(query)).all()]


def _count(condition: ColumnElement[bool]) -> ColumnElement[Any]:
    return cast(func.count().filter(condition), Integer)


def _sum(amount: Any) -> ColumnElement[Any]:
    return cast(func.coalesce(func.sum(amount), 0), BigInteger)
