"""How long customers have the same manager, and how many managers they had of late: of one of them, and counted."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Float, Integer, Select, SQLColumnExpression, Subquery, cast, extract, func, or_, select
from sqlalchemy.dialects.postgresql import aggregate_order_by
from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.customers.models import Customer
from guibin.customers.repository import visible
from guibin.managers.models import Coverage, CoverageRole
from guibin.managers.repository.coverage import in_force
from guibin.organisation.models import Branch
from guibin.security.actors import Scope
from guibin.tiers.terms import months_later

OF_LATE: Final = 24
"""The months before a day in which a customer's managers are counted."""


@dataclass(frozen=True, slots=True)
class Constancy:
    """Whose a customer is on a day, since when with nobody else between, and how many managers there were of late."""

    customer_id: UUID
    manager_id: UUID
    since: date
    managers: int


@dataclass(frozen=True, slots=True)
class Counted:
    """Customers who have a manager, how many of them had too many of late, and the means of both figures."""

    name: Any
    customers: int
    alarms: int
    months: float | None
    managers: float | None


def whole_months(since: date, day: date) -> int:
    """Return the months from one day to a later one that are over: none from 31 January to 28 February."""
    return (day.year - since.year) * 12 + day.month - since.month - (day.day < since.day)


async def constancy_of(session: AsyncSession, scope: Scope, *, customer_id: UUID, day: date) -> Constancy | None:
    """Return the figures of a customer; None without a manager on that day."""
    query = select(_customers(scope, day, customer_id))
    found = (await session.execute(query)).one_or_none()
    return None if found is None else Constancy(*found)


async def list_alarms(
    session: AsyncSession, scope: Scope, *, day: date, most: int, limit: int, after: UUID | None
) -> list[Constancy]:
    """Return the customers in scope who had more than `most` managers of late, by customer id."""
    rows = _customers(scope, day)
    query = select(rows).where(rows.c.managers > most).order_by(rows.c.customer_id).limit(limit)
    if after is not None:
        query = query.where(rows.c.customer_id > after)
    return [Constancy(*row) for row in (await session.execute(query)).all()]


async def count_all(session: AsyncSession, scope: Scope, *, day: date, most: int) -> Counted:
    """Count the customers in scope."""
    rows = _customers(scope, day)
    found = (await session.execute(select(*_sums(rows, day, most)))).one()
    return Counted(None, *found)


async def count_by_manager(session: AsyncSession, scope: Scope, *, day: date, most: int) -> Sequence[Counted]:
    """Count the customers in scope by their manager on that day."""
    rows = _customers(scope, day)
    return await _grouped(session, select(rows.c.manager_id, *_sums(rows, day, most)), rows.c.manager_id)


async def count_by_branch(session: AsyncSession, scope: Scope, *, day: date, most: int) -> Sequence[Counted]:
    """Count the customers in scope by the code of their branch."""
    rows, code = _customers(scope, day), col(Branch.code)
    query = (
        select(code, *_sums(rows, day, most))
        .join(Customer, col(Customer.id) == rows.c.customer_id)
        .join(Branch, col(Branch.id) == col(Customer.branch_id))
    )
    return await _grouped(session, query, code)


async def _grouped(session: AsyncSession, query: Select[Any], name: SQLColumnExpression[Any]) -> list[Counted]:
    return [Counted(*row) for row in (await session.execute(query.group_by(name).order_by(name))).all()]


def _customers(scope: Scope, day: date, customer_id: UUID | None = None) -> Subquery:
    """Select a row for each customer with a manager on a day, in the columns of `Constancy`.

    A time without anybody is no change where the same manager comes back after it.
    """
    history = _history(day, customer_id)
    query = (
        select(
            history.c.customer_id,
            func.array_agg(aggregate_order_by(history.c.manager_id, history.c.valid_from.desc()))[1].label(
                "manager_id"
            ),
            func.max(history.c.valid_from).filter(history.c.begins).label("since"),
            func.count(history.c.manager_id.distinct()).filter(history.c.of_late).label("managers"),
        )
        .where(visible(scope, history.c.customer_id))
        .group_by(history.c.customer_id)
        .having(func.bool_or(history.c.serves))
    )
    return query.subquery("customers")


def _history(day: date, customer_id: UUID | None) -> Subquery:
    """Select who ever served as primary manager up to a day, and whether somebody else did before."""
    before = func.lag(col(Coverage.manager_id)).over(
        partition_by=col(Coverage.customer_id), order_by=col(Coverage.valid_from)
    )
    ends = col(Coverage.valid_to)
    query = select(
        col(Coverage.customer_id),
        col(Coverage.manager_id),
        col(Coverage.valid_from),
        before.is_distinct_from(col(Coverage.manager_id)).label("begins"),
        in_force(day).label("serves"),
        or_(ends.is_(None), ends > months_later(day, -OF_LATE)).label("of_late"),
    ).where(
        col(Coverage.role) == CoverageRole.PRIMARY,
        col(Coverage.valid_from) <= day,
        or_(ends.is_(None), ends > col(Coverage.valid_from)),
    )
    if customer_id is not None:
        query = query.where(col(Coverage.customer_id) == customer_id)
    return query.subquery("history")


def _sums(rows: Subquery, day: date, most: int) -> list[SQLColumnExpression[Any]]:
    since = rows.c.since
    months = (day.year - extract("year", since)) * 12 + day.month - extract("month", since)
    over = months - cast(extract("day", since) > day.day, Integer)
    return [
        func.count(),
        func.count().filter(rows.c.managers > most),
        cast(func.avg(over), Float),
        cast(func.avg(rows.c.managers), Float),
    ]
