"""All SQL of managers and coverage."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import ColumnElement, Row, func, insert, or_, select, tuple_, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlmodel import col
from sqlmodel import select as select_rows
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.core.errors import NotFound
from guibin.core.ids import new_id
from guibin.customers.models import Customer, CustomerAccess
from guibin.customers.repository import visible
from guibin.managers.models import Coverage, CoverageRole, GradeTier, Manager, Unassigned, UnassignedReason
from guibin.managers.rules import Seat, Waiting
from guibin.organisation.models import Branch, Staff
from guibin.security.actors import Scope
from guibin.tiers.models import Tier, TierHistory


@dataclass(frozen=True)
class Served:
    """A primary manager with the person behind, the branch and the coverage."""

    manager: Manager
    staff: Staff
    branch: Branch
    coverage: Coverage


@dataclass(frozen=True)
class NeedyCustomer:
    """A customer who needs a manager; with a coverage when the present manager may not serve the tier."""

    waiting: Waiting
    coverage: Coverage | None


def _in_force(day: date) -> ColumnElement[bool]:
    return (
        (col(Coverage.role) == CoverageRole.PRIMARY)
        & (col(Coverage.valid_from) <= day)
        & or_(col(Coverage.valid_to).is_(None), col(Coverage.valid_to) > day)
    )


async def primary_manager(session: AsyncSession, scope: Scope, *, customer_id: UUID, day: date) -> Served | None:
    """Return who serves a customer on a day; None when nobody does or the customer is out of scope."""
    query = (
        select_rows(Manager, Staff, Branch, Coverage)
        .join(Coverage, col(Coverage.manager_id) == col(Manager.id))
        .join(Staff, col(Staff.id) == col(Manager.staff_id))
        .join(Branch, col(Branch.id) == col(Manager.branch_id))
        .where(Coverage.customer_id == customer_id, _in_force(day), visible(scope, col(Coverage.customer_id)))
    )
    found = (await session.exec(query)).first()
    return Served(*found) if found else None


async def list_coverage(session: AsyncSession, scope: Scope, *, customer_id: UUID) -> Sequence[Coverage]:
    """Return all that served a customer, newest first."""
    query = (
        select_rows(Coverage)
        .where(Coverage.customer_id == customer_id, visible(scope, col(Coverage.customer_id)))
        .order_by(col(Coverage.valid_from).desc(), col(Coverage.id).desc())
    )
    return (await session.exec(query)).all()


async def list_managers(
    session: AsyncSession, *, limit: int, before: tuple[datetime, UUID] | None = None, branch_id: UUID | None = None
) -> Sequence[Manager]:
    """Return managers, newest first."""
    query = select_rows(Manager).order_by(col(Manager.created_at).desc(), col(Manager.id).desc()).limit(limit)
    if branch_id is not None:
        query = query.where(Manager.branch_id == branch_id)
    if before is not None:
        query = query.where(tuple_(col(Manager.created_at), col(Manager.id)) < before)
    return (await session.exec(query)).all()


async def get_manager(session: AsyncSession, manager_id: UUID) -> Manager:
    """Return one manager.

    Raises:
        NotFound: there is none.
    """
    found = await session.get(Manager, manager_id)
    if found is None:
        raise NotFound
    return found


async def manager_of_staff(session: AsyncSession, staff_id: UUID) -> Manager | None:
    """Return the manager that a member of staff is."""
    return (await session.exec(select_rows(Manager).where(Manager.staff_id == staff_id))).first()


async def loads(session: AsyncSession, manager_ids: Collection[UUID]) -> Mapping[UUID, int]:
    """Count the customers whom managers serve now or from the next day on."""
    query = (
        select(col(Coverage.manager_id), func.count())
        .where(col(Coverage.valid_to).is_(None), col(Coverage.role) == CoverageRole.PRIMARY)
        .where(col(Coverage.manager_id).in_(manager_ids))
        .group_by(col(Coverage.manager_id))
    )
    return dict((await session.execute(query)).tuples().all())


async def matrix(session: AsyncSession) -> dict[tuple[str, str], int]:
    """Return the matrix: (grade, tier) to preference."""
    rows = (await session.exec(select_rows(GradeTier))).all()
    return {(row.grade, row.tier_code): row.preference for row in rows}


async def seats(session: AsyncSession) -> list[Seat]:
    """Return the active managers with their present load."""
    query = (
        select(col(Manager.id), col(Manager.grade), col(Manager.branch_id), col(Manager.capacity))
        .join(Staff, col(Staff.id) == col(Manager.staff_id))
        .where(col(Manager.active).is_(True), col(Staff.active).is_(True))
    )
    rows = (await session.execute(query)).all()
    counted = await loads(session, [row.id for row in rows])
    return [Seat(row.id, row.grade, row.branch_id, row.capacity, counted.get(row.id, 0)) for row in rows]


async def book(
    session: AsyncSession, scope: Scope, *, manager_id: UUID, day: date, limit: int, after: UUID | None
) -> Sequence[Row[UUID, date]]:
    """Return customer and first day of each customer whom a manager serves on a day, by customer id."""
    query = (
        select(col(Coverage.customer_id), col(Coverage.valid_from))
        .where(col(Coverage.manager_id) == manager_id, _in_force(day), visible(scope, col(Coverage.customer_id)))
        .order_by(col(Coverage.customer_id))
        .limit(limit)
    )
    if after is not None:
        query = query.where(col(Coverage.customer_id) > after)
    return (await session.execute(query)).all()


async def needy_customers(session: AsyncSession, *, day: date) -> list[NeedyCustomer]:
    """Return the customers of a managed tier on a day whom nobody serves, or somebody whom the matrix forbids."""
    current = (
        select(col(TierHistory.customer_id), col(TierHistory.tier_code))
        .distinct(col(TierHistory.customer_id))
        .where(col(TierHistory.effective_on) <= day)
        .order_by(col(TierHistory.customer_id), col(TierHistory.effective_on).desc())
        .subquery()
    )
    allowed = (col(GradeTier.grade) == col(Manager.grade)) & (col(GradeTier.tier_code) == current.c.tier_code)
    query = (
        select(col(Customer.id), current.c.tier_code, col(Tier.rank), col(Customer.branch_id), Coverage)
        .join(current, current.c.customer_id == col(Customer.id))
        .join(Tier, col(Tier.code) == current.c.tier_code)
        .join(Coverage, (col(Coverage.customer_id) == col(Customer.id)) & _in_force(day), isouter=True)
        .join(Manager, col(Manager.id) == col(Coverage.manager_id), isouter=True)
        .join(GradeTier, allowed, isouter=True)
        .where(col(Tier.managed).is_(True), col(Customer.merged_into).is_(None))
        .where(col(Customer.status).in_(("active", "dormant")))
        .where(col(GradeTier.preference).is_(None))
    )
    rows = (await session.execute(query)).all()
    return [NeedyCustomer(Waiting(row[0], row[1], row[2], row[3]), row[4]) for row in rows]


async def lock_coverage(session: AsyncSession, coverage: Coverage) -> Coverage:
    """Lock one coverage and return it as it stands now."""
    query = (
        select_rows(Coverage)
        .where(Coverage.customer_id == coverage.customer_id, Coverage.id == coverage.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return (await session.exec(query)).one()


async def begin_coverage(
    session: AsyncSession, placements: Mapping[UUID, UUID], *, from_day: date, source: str, reason: str
) -> None:
    """Let managers serve customers from a day on, and open their books to them."""
    if not placements:
        return
    rows = [
        {
            "customer_id": customer_id,
            "id": new_id(),
            "manager_id": manager_id,
            "role": CoverageRole.PRIMARY,
            "valid_from": from_day,
            "source": source,
            "reason": reason,
        }
        for customer_id, manager_id in placements.items()
    ]
    await session.execute(insert(Coverage), rows)
    staff = dict((await session.execute(select(col(Manager.id), col(Manager.staff_id)))).tuples().all())
    access = upsert(CustomerAccess)
    statement = access.on_conflict_do_update(
        index_elements=["customer_id", "staff_id", "role"],
        set_={"valid_from": access.excluded.valid_from, "valid_to": None},
    )
    await session.execute(
        statement,
        [
            {"customer_id": one, "staff_id": staff[manager], "role": CoverageRole.PRIMARY, "valid_from": from_day}
            for one, manager in placements.items()
        ],
    )


async def end_coverage(session: AsyncSession, ended: Iterable[Coverage], *, on_day: date, reason: str) -> None:
    """Let coverages end: `on_day` is the first day without them, and closes the book at once."""
    for coverage in ended:
        await session.execute(
            update(Coverage)
            .where(col(Coverage.customer_id) == coverage.customer_id, col(Coverage.id) == coverage.id)
            .values(valid_to=on_day, end_reason=reason)
        )
        staff_id = select(col(Manager.staff_id)).where(col(Manager.id) == coverage.manager_id).scalar_subquery()
        await session.execute(
            update(CustomerAccess)
            .where(col(CustomerAccess.customer_id) == coverage.customer_id, col(CustomerAccess.staff_id) == staff_id)
            .values(valid_to=on_day)
        )


async def open_unassigned(session: AsyncSession) -> Mapping[UUID, Unassigned]:
    """Return everybody who waits for a manager."""
    rows = (await session.exec(select_rows(Unassigned).where(col(Unassigned.resolved_on).is_(None)))).all()
    return {row.customer_id: row for row in rows}


async def put_unassigned(
    session: AsyncSession, waiting: Iterable[Waiting], reasons: Mapping[UUID, UnassignedReason], *, since: date
) -> None:
    """Put customers into the queue; one who waits already keeps the day since when."""
    rows = [
        {
            "customer_id": one.customer_id,
            "tier_code": one.tier_code,
            "branch_id": one.branch_id,
            "reason": reasons[one.customer_id],
            "since": since,
            "resolved_on": None,
        }
        for one in waiting
    ]
    if not rows:
        return
    statement = upsert(Unassigned)
    new = statement.excluded
    await session.execute(
        statement.on_conflict_do_update(
            index_elements=["customer_id"],
            set_={
                "tier_code": new.tier_code,
                "branch_id": new.branch_id,
                "reason": new.reason,
                "since": new.since,
                "resolved_on": None,
            },
        ),
        rows,
    )


async def resolve_unassigned(session: AsyncSession, customer_ids: Collection[UUID], *, on_day: date) -> None:
    """Take customers out of the queue."""
    await session.execute(
        update(Unassigned).where(col(Unassigned.customer_id).in_(customer_ids)).values(resolved_on=on_day)
    )


async def list_unassigned(
    session: AsyncSession, scope: Scope, *, limit: int, after: UUID | None, reason: UnassignedReason | None
) -> Sequence[Unassigned]:
    """Return who waits for a manager, by customer id."""
    query = (
        select_rows(Unassigned)
        .where(col(Unassigned.resolved_on).is_(None))
        .where(visible(scope, col(Unassigned.customer_id), col(Unassigned.branch_id)))
        .order_by(col(Unassigned.customer_id))
        .limit(limit)
    )
    if reason is not None:
        query = query.where(Unassigned.reason == reason)
    if after is not None:
        query = query.where(col(Unassigned.customer_id) > after)
    return (await session.exec(query)).all()
