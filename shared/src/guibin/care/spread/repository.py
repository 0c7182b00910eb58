"""SQL of the spread: a year's touches counted per customer, manager or branch."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Date, Integer, SQLColumnExpression, cast, func, literal, select
from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.care.models import REACHED, Touch, TouchPurpose
from guibin.care.spread.rules import DAYS_OF_YEAR, PIECES, CareYear
from guibin.core import clock
from guibin.core.clock import BUSINESS_ZONE
from guibin.customers.models import Customer
from guibin.customers.repository import visible
from guibin.organisation.models import Branch
from guibin.security.actors import Scope

CARING = (TouchPurpose.CARE, TouchPurpose.SERVICE)


@dataclass(frozen=True, slots=True)
class Counted:
    """Touches of a year and of its season: all, those that sell, those that care.

    `months` are the twelfths of the year in which a customer had a caring touch, added up over `customers`.
    """

    name: Any
    customers: int
    touches: int
    season: int
    selling: int
    selling_season: int
    caring: int
    caring_season: int
    months: int


async def count_by_branch(session: AsyncSession, scope: Scope, year: CareYear) -> Sequence[Counted]:
    """Count the touches of customers in scope by the code of the customer's branch."""
    return await _count(session, scope, year, col(Branch.code))


async def count_by_manager(session: AsyncSession, scope: Scope, year: CareYear) -> Sequence[Counted]:
    """Count the touches of customers in scope by the manager who was in touch; None: somebody or something else."""
    return await _count(session, scope, year, col(Touch.manager_id))


async def count_of(session: AsyncSession, scope: Scope, year: CareYear, *, customer_id: UUID | None = None) -> Counted:
    """Count the touches of all customers in scope, or of one of them with those who were merged into it."""
    found = await _count(session, scope, year, literal(0), customer_id=customer_id)
    return found[0] if found else Counted(0, 0, 0, 0, 0, 0, 0, 0, 0)


async def _count(
    session: AsyncSession,
    scope: Scope,
    year: CareYear,
    name: SQLColumnExpression[Any],
    *,
    customer_id: UUID | None = None,
) -> list[Counted]:
    day = cast(func.timezone(BUSINESS_ZONE.key, col(Touch.at)), Date)
    family = func.coalesce(col(Customer.merged_into), col(Customer.id))
    sells, cares = col(Touch.purpose) == TouchPurpose.SALES, col(Touch.purpose).in_(CARING)
    in_season, piece = day >= year.season, cast(day - year.first, Integer) * PIECES // DAYS_OF_YEAR
    everything = literal(value=True)
    counts = [
        _number(func.count().filter(kind & part))
        for kind in (everything, sells, cares)
        for part in (everything, in_season)
    ]
    end = clock.start_of_day(year.last + timedelta(days=1))
    each: Any = (
        select(
            name.label("name"),
            family.label("customer_id"),
            *(one.label(f"n{number}") for number, one in enumerate(counts)),
            func.count(piece.distinct()).filter(cares).label("months"),
        )
        .join(Customer, col(Customer.id) == col(Touch.customer_id))
        .join(Branch, col(Branch.id) == col(Customer.branch_id))
        .where(col(Touch.at) >= clock.start_of_day(year.first), col(Touch.at) < end)
        .where(col(Touch.corrected_by).is_(None), col(Touch.result).in_(REACHED))
        .where(visible(scope, col(Touch.customer_id), col(Customer.branch_id)))
        .group_by("name", family)
    )
    if customer_id is not None:
        each = each.where(family == customer_id)
    rows = each.subquery()
    sums = [_number(func.sum(rows.c[f"n{number}"])) for number in range(len(counts))]
    query = select(rows.c.name, _number(func.count()), *sums, _number(func.sum(rows.c.months)))
    found = await session.execute(query.group_by(rows.c.name).order_by(rows.c.name))
    return [Counted(*row) for row in found.all()]


def _number(value: ColumnElement[Any]) -> ColumnElement[int]:
    return cast(value, Integer)
