"""SQL of coverage: who serves whom, and who needs a manager."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy import ColumnElement, and_, func, or_, select, text, true
from sqlmodel import col
from sqlmodel import select as select_rows
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.core.arrays import among
from guibin.core.ids import new_id
from guibin.customers.models import Customer, CustomerAccess, PartyStatus
from guibin.customers.repository import visible
from guibin.managers.models import Coverage, CoverageRole, Manager
from guibin.organisation.models import Staff
from guibin.security.actors import Scope
from guibin.tiers.repository import tiers_on

WITH_THE_BANK = (PartyStatus.ACTIVE, PartyStatus.DORMANT)


@dataclass(frozen=True)
class InBook:
    """A customer in a manager's book, or in that of a colleague for whom the manager stands in."""

    customer_id: UUID
    tier_code: str | None
    since: date
    manager_id: UUID


@dataclass(frozen=True)
class InTeam:
    """Somebody who serves a customer on a day, in whichever role."""

    coverage: Coverage
    manager: Manager
    staff: Staff


def in_force(day: date, role: CoverageRole | None = CoverageRole.PRIMARY) -> ColumnElement[bool]:
    """Return the predicate of coverage in a role on a day; None: in any role."""
    return (
        (true() if role is None else col(Coverage.role) == role)
        & (col(Coverage.valid_from) <= day)
        & or_(col(Coverage.valid_to).is_(None), col(Coverage.valid_to) > day)
    )


def is_open() -> ColumnElement[bool]:
    """Return the predicate of primary coverage without an end: of one customer at most one, for two would overlap."""
    return (col(Coverage.role) == CoverageRole.PRIMARY) & col(Coverage.valid_to).is_(None)


def is_load() -> ColumnElement[bool]:
    """Return the predicate of what fills a book: customers served as primary manager, or beside another one."""
    return col(Coverage.role).in_((CoverageRole.PRIMARY, CoverageRole.SECOND)) & col(Coverage.valid_to).is_(None)


async def open_team(session: AsyncSession, *, customer_ids: Collection[UUID]) -> Sequence[Coverage]:
    """Return who serves some customers now beside the primary manager."""
    query = select_rows(Coverage).where(
        among(col(Coverage.customer_id), customer_ids),
        col(Coverage.role) != CoverageRole.PRIMARY,
        col(Coverage.valid_to).is_(None),
    )
    return (await session.exec(query.execution_options(populate_existing=True))).all()


async def team_on(session: AsyncSession, scope: Scope, *, customer_id: UUID, day: date) -> list[InTeam]:
    """Return everybody who serves a customer on a day, the primary manager too."""
    query = (
        select_rows(Coverage, Manager, Staff)
        .join(Manager, col(Manager.id) == col(Coverage.manager_id))
        .join(Staff, col(Staff.id) == col(Manager.staff_id))
        .where(Coverage.customer_id == customer_id, in_force(day, None), visible(scope, col(Coverage.customer_id)))
        .order_by(col(Coverage.valid_from), col(Coverage.id))
    )
    return [InTeam(*row) for row in (await session.exec(query)).all()]


async def open_coverages(session: AsyncSession, *, customer_ids: Collection[UUID]) -> dict[UUID, Coverage]:
    """Return the coverage of some customers that has no end, as it stands now, by customer."""
    query = select_rows(Coverage).where(among(col(Coverage.customer_id), customer_ids), is_open())
    rows = (await session.exec(query.execution_options(populate_existing=True))).all()
    return {row.customer_id: row for row in rows}


async def served_since(session: AsyncSession, customer_ids: Collection[UUID], day: date) -> Sequence[UUID]:
    """Return which of some customers somebody has served on a day or after it; a coverage that never began is none."""
    ended_later = and_(col(Coverage.valid_to) > day, col(Coverage.valid_to) > col(Coverage.valid_from))
    query = select_rows(Coverage.customer_id).where(
        among(col(Coverage.customer_id), customer_ids),
        col(Coverage.role) == CoverageRole.PRIMARY,
        or_(col(Coverage.valid_to).is_(None), ended_later),
    )
    return (await session.exec(query.distinct())).all()


async def free_from(session: AsyncSession, customer_id: UUID, day: date) -> date:
    """Return the first day from a day on which nobody serves a customer whose coverage has no end still to come."""
    query = select(func.max(col(Coverage.valid_to))).where(
        col(Coverage.customer_id) == customer_id, col(Coverage.role) == CoverageRole.PRIMARY
    )
    return max(day, (await session.execute(query)).scalar_one() or day)


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
    session: AsyncSession,
    scope: Scope,
    *,
    manager_ids: Collection[UUID],
    role: CoverageRole,
    day: date,
    limit: int,
    after: UUID | None,
) -> list[InBook]:
    """Return the customers whom managers serve in a role on a day, by customer id."""
    tier = tiers_on(day)
    query = (
        select(col(Coverage.customer_id), tier.c.tier, col(Coverage.valid_from), col(Coverage.manager_id))
        .join(tier, tier.c.customer_id == col(Coverage.customer_id), isouter=True)
        .where(col(Coverage.manager_id).in_(manager_ids), in_force(day, role))
        .where(visible(scope, col(Coverage.customer_id)))
        .order_by(col(Coverage.customer_id))
        .limit(limit)
    )
    if after is not None:
        query = query.where(col(Coverage.customer_id) > after)
    return [InBook(*row) for row in (await session.execute(query)).all()]


async def coverage_of_the_gone(session: AsyncSession) -> Sequence[Coverage]:
    """Return the open coverage, in all roles, of customers who became another customer or have left the bank."""
    query = (
        select_rows(Coverage)
        .join(Customer, col(Customer.id) == col(Coverage.customer_id))
        .where(col(Coverage.valid_to).is_(None))
        .where(or_(col(Customer.merged_into).is_not(None), col(Customer.status).not_in(WITH_THE_BANK)))
    )
    return (await session.exec(query)).all()


# Whole books begin and end in one statement each: a row of its own would cost a round trip each.
_BEGIN = text(
    "INSERT INTO coverage (customer_id, id, manager_id, role, valid_from, source, reason)"
    " SELECT k.customer_id, k.id, k.manager_id, :role, k.on_day, :source, :reason"
    " FROM unnest(CAST(:customers AS uuid[]), CAST(:ids AS uuid[]), CAST(:managers AS uuid[]), CAST(:days AS date[]))"
    " AS k(customer_id, id, manager_id, on_day)"
)
_OPEN_BOOKS = text(
    "INSERT INTO customer_access (customer_id, staff_id, role, valid_from)"
    " SELECT k.customer_id, k.staff_id, :role, k.on_day"
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
    " FROM unnest(CAST(:customers AS uuid[]), CAST(:staff AS uuid[]), CAST(:roles AS text[]), CAST(:days AS date[]))"
    " AS k(customer_id, staff_id, role, on_day)"
    " WHERE a.customer_id = k.customer_id AND a.staff_id = k.staff_id AND a.role = k.role"
)


async def begin_coverage(
    session: AsyncSession,
    placements: Mapping[UUID, UUID],
    from_days: Mapping[UUID, date],
    *,
    source: str,
    reason: str,
    role: CoverageRole = CoverageRole.PRIMARY,
) -> None:
    """Let managers serve customers in a role from a day on, and open their books to them at once.

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
            "role": role.value,
            "days": days,
            "source": source,
            "reason": reason,
        },
    )
    people = [staff[manager_id] for manager_id in managers]
    await connection.execute(_OPEN_BOOKS, {"customers": customers, "staff": people, "role": role.value, "days": days})


async def end_coverage(
    session: AsyncSession, days: Mapping[UUID, date], ended: Sequence[Coverage], reason: str
) -> None:
    """Let coverages of any role end, each on its customer's first day without it; the book closes at once."""
    if not ended:
        return
    staff = await _staff_ids(session, {one.manager_id for one in ended})
    customers, ids = [one.customer_id for one in ended], [one.id for one in ended]
    last = [days[customer_id] for customer_id in customers]
    connection = await session.connection()
    await connection.execute(_END, {"customers": customers, "ids": ids, "days": last, "reason": reason})
    people = [staff[one.manager_id] for one in ended]
    roles = [one.role for one in ended]
    closed = {"customers": customers, "staff": people, "roles": roles, "days": last}
    await connection.execute(_CLOSE_BOOKS, closed)


async def _staff_ids(session: AsyncSession, manager_ids: Collection[UUID]) -> dict[UUID, UUID]:
    query = select(col(Manager.id), col(Manager.staff_id)).where(col(Manager.id).in_(manager_ids))
    return dict((await session.execute(query)).all())
