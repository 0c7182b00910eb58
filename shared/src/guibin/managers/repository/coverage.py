"""SQL of coverage: who serves whom, and who needs a manager."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy import ColumnElement, and_, func, not_, or_, select, text
from sqlmodel import col
from sqlmodel import select as select_rows
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.core.ids import new_id
from guibin.customers.models import Customer, CustomerAccess, PartyStatus
from guibin.customers.repository import visible
from guibin.managers.matrix.repository import permits, tiers_in_force
from guibin.managers.models import Coverage, CoverageRole, Manager
from guibin.managers.rules import Waiting
from guibin.organisation.models import Staff
from guibin.security.actors import Scope
from guibin.tiers.models import Tier
from guibin.tiers.repository import tiers_on

WITH_THE_BANK = (PartyStatus.ACTIVE, PartyStatus.DORMANT)


@dataclass(frozen=True)
class InBook:
    """A customer in a manager's book."""

    customer_id: UUID
    tier_code: str | None
    since: date


@dataclass(frozen=True)
class NeedyCustomer:
    """A customer who needs a manager, or another one than the coverage says.

    `is_served` is false where there is no coverage or its manager has left.
    """

    waiting: Waiting
    coverage: Coverage | None
    is_served: bool


def in_force(day: date) -> ColumnElement[bool]:
    """Return the predicate of primary coverage on a day."""
    return (
        (col(Coverage.role) == CoverageRole.PRIMARY)
        & (col(Coverage.valid_from) <= day)
        & or_(col(Coverage.valid_to).is_(None), col(Coverage.valid_to) > day)
    )


def is_open() -> ColumnElement[bool]:
    """Return the predicate of primary coverage without an end: of one customer at most one, for two would overlap."""
    return (col(Coverage.role) == CoverageRole.PRIMARY) & col(Coverage.valid_to).is_(None)


async def open_coverages(session: AsyncSession, *, customer_ids: Collection[UUID]) -> dict[UUID, Coverage]:
    """Return the coverage of some customers that has no end, as it stands now, by customer."""
    query = select_rows(Coverage).where(col(Coverage.customer_id).in_(customer_ids), is_open())
    rows = (await session.exec(query.execution_options(populate_existing=True))).all()
    return {row.customer_id: row for row in rows}


async def served_since(session: AsyncSession, customer_ids: Collection[UUID], day: date) -> Sequence[UUID]:
    """Return which of some customers somebody has served on a day or after it; a coverage that never began is none."""
    ended_later = and_(col(Coverage.valid_to) > day, col(Coverage.valid_to) > col(Coverage.valid_from))
    query = select_rows(Coverage.customer_id).where(
        col(Coverage.customer_id).in_(customer_ids),
        col(Coverage.role) == CoverageRole.PRIMARY,
        or_(col(Coverage.valid_to).is_(None), ended_later),
    )
    return (await session.exec(query.distinct())).all()


async def is_primary_manager(session: AsyncSession, scope: Scope, *, customer_id: UUID, staff_id: UUID) -> bool:
    """Tell whether a member of staff serves a customer as primary manager now, or stands in for who does."""
    query = select(col(CustomerAccess.customer_id)).where(
        col(CustomerAccess.customer_id) == customer_id,
        col(CustomerAccess.staff_id).in_({staff_id, *scope.stands_in_for}),
        col(CustomerAccess.role) == CoverageRole.PRIMARY,
        col(CustomerAccess.valid_to).is_(None),
    )
    return (await session.execute(query)).first() is not None


async def list_coverage(session: AsyncSession, scope: Scope, *, customer_id: UUID) -> Sequence[Coverage]:
    """Return all that served a customer, newest first."""
    query = (
        select_rows(Coverage)
        .where(Coverage.customer_id == customer_id, visible(scope, col(Coverage.customer_id)))
        .order_by(col(Coverage.valid_from).desc(), col(Coverage.id).desc())
    )
    return (await session.exec(query.execution_options(populate_existing=True))).all()


async def book(
    session: AsyncSession, scope: Scope, *, manager_id: UUID, day: date, limit: int, after: UUID | None
) -> list[InBook]:
    """Return the customers whom a manager serves on a day, by customer id."""
    tier = tiers_on(day)
    query = (
        select(col(Coverage.customer_id), tier.c.tier, col(Coverage.valid_from))
        .join(tier, tier.c.customer_id == col(Coverage.customer_id), isouter=True)
        .where(col(Coverage.manager_id) == manager_id, in_force(day), visible(scope, col(Coverage.customer_id)))
        .order_by(col(Coverage.customer_id))
        .limit(limit)
    )
    if after is not None:
        query = query.where(col(Coverage.customer_id) > after)
    return [InBook(*row) for row in (await session.execute(query)).all()]


async def needy_customers(session: AsyncSession, *, day: date) -> list[NeedyCustomer]:
    """Return who is in a managed tier on a day and has no manager, one who has left, or one whom the matrix forbids."""
    current = tiers_on(day)
    is_permitted = permits(tiers_in_force(day), col(Manager.grade), current.c.tier)
    is_here = func.coalesce(col(Manager.active) & col(Staff.active) & col(Manager.left_on).is_(None), False)
    query = (
        select(col(Customer.id), current.c.tier, col(Tier.rank), col(Customer.branch_id), Coverage, is_here)
        .join(current, current.c.customer_id == col(Customer.id))
        .join(Tier, col(Tier.code) == current.c.tier)
        .join(Coverage, (col(Coverage.customer_id) == col(Customer.id)) & is_open(), isouter=True)
        .join(Manager, col(Manager.id) == col(Coverage.manager_id), isouter=True)
        .join(Staff, col(Staff.id) == col(Manager.staff_id), isouter=True)
        .where(col(Tier.managed).is_(True), col(Customer.merged_into).is_(None))
        .where(col(Customer.status).in_(WITH_THE_BANK))
        .where(or_(not_(is_permitted), not_(is_here)))
    )
    rows = (await session.execute(query)).all()
    return [NeedyCustomer(Waiting(row[0], row[1], row[2], row[3]), row[4], row[5]) for row in rows]


async def coverage_of_the_gone(session: AsyncSession) -> Sequence[Coverage]:
    """Return the open coverage of customers who became another customer or have left the bank."""
    query = (
        select_rows(Coverage)
        .join(Customer, col(Customer.id) == col(Coverage.customer_id))
        .where(is_open())
        .where(or_(col(Customer.merged_into).is_not(None), col(Customer.status).not_in(WITH_THE_BANK)))
    )
    return (await session.exec(query)).all()


# Whole books begin and end in one statement each: a row of its own would cost a round trip each.
_BEGIN = text(
    "INSERT INTO coverage (customer_id, id, manager_id, role, valid_from, source, reason)"
    " SELECT k.customer_id, k.id, k.manager_id, 'primary', k.on_day, :source, :reason"
    " FROM unnest(CAST(:customers AS uuid[]), CAST(:ids AS uuid[]), CAST(:managers AS uuid[]), CAST(:days AS date[]))"
    " AS k(customer_id, id, manager_id, on_day)"
)
_OPEN_BOOKS = text(
    "INSERT INTO customer_access (customer_id, staff_id, role, valid_from)"
    " SELECT k.customer_id, k.staff_id, 'primary', k.on_day"
    " FROM unnest(CAST(:customers AS uuid[]), CAST(:staff AS uuid[]), CAST(:days AS date[]))"
    " AS k(customer_id, staff_id, on_day)"
    " ON CONFLICT (customer_id, staff_id, role) DO UPDATE SET valid_from = excluded.valid_from, valid_to = NULL"
)
_END = text(
    "UPDATE coverage c SET valid_to = k.on_day, end_reason = :reason"
    " FROM unnest(CAST(:customers AS uuid[]), CAST(:ids AS uuid[]), CAST(:days AS date[]))"
    " AS k(customer_id, id, on_day)"
    " WHERE c.customer_id = k.customer_id AND c.id = k.id AND c.valid_to IS NULL"
)
_CLOSE_BOOKS = text(
    "UPDATE customer_access a SET valid_to = k.on_day"
    " FROM unnest(CAST(:customers AS uuid[]), CAST(:staff AS uuid[]), CAST(:days AS date[]))"
    " AS k(customer_id, staff_id, on_day)"
    " WHERE a.customer_id = k.customer_id AND a.staff_id = k.staff_id AND a.role = 'primary'"
)


async def begin_coverage(
    session: AsyncSession, placements: Mapping[UUID, UUID], from_days: Mapping[UUID, date], *, source: str, reason: str
) -> None:
    """Let managers serve customers from a day on, and open their books to them at once.

    `placements` names the manager and `from_days` the first day of each customer.
    """
    if not placements:
        return
    customers, managers = list(placements), list(placements.values())
    staff = await _staff_ids(session, set(managers))
    days = [from_days[customer_id] for customer_id in customers]
    connection = await session.connection()
    await connection.execute(
        _BEGIN,
        {
            "customers": customers,
            "ids": [new_id() for _ in customers],
            "managers": managers,
            "days": days,
            "source": source,
            "reason": reason,
        },
    )
    people = [staff[manager_id] for manager_id in managers]
    await connection.execute(_OPEN_BOOKS, {"customers": customers, "staff": people, "days": days})


async def end_coverage(
    session: AsyncSession, days: Mapping[UUID, date], ended: Sequence[Coverage], reason: str
) -> None:
    """Let coverages end, each on its customer's first day without it; the book closes at once."""
    if not ended:
        return
    staff = await _staff_ids(session, {one.manager_id for one in ended})
    customers, ids = [one.customer_id for one in ended], [one.id for one in ended]
    last = [days[customer_id] for customer_id in customers]
    connection = await session.connection()
    await connection.execute(_END, {"customers": customers, "ids": ids, "days": last, "reason": reason})
    people = [staff[one.manager_id] for one in ended]
    await connection.execute(_CLOSE_BOOKS, {"customers": customers, "staff": people, "days": last})


async def _staff_ids(session: AsyncSession, manager_ids: Collection[UUID]) -> dict[UUID, UUID]:
    query = select(col(Manager.id), col(Manager.staff_id)).where(col(Manager.id).in_(manager_ids))
    return dict((await session.execute(query)).all())
