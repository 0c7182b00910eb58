"""SQL of managers: who they are, how many customers they have, whom they may serve."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from sqlalchemy import func, select, tuple_
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col
from sqlmodel import select as select_rows
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.core import clock
from guibin.core.errors import NotFound
from guibin.customers.repository import visible
from guibin.managers.models import Coverage, Manager
from guibin.managers.repository.coverage import in_force, is_load
from guibin.organisation.models import Branch, Staff
from guibin.security.actors import Scope
from guibin.security.row_scope import all_rows


@dataclass(frozen=True)
class Person:
    """A manager with the member of staff behind and the branch."""

    manager: Manager
    staff: Staff
    branch: Branch


@dataclass(frozen=True)
class Served:
    """Who serves a customer, and the coverage that says so."""

    person: Person
    coverage: Coverage


async def lock_managers(session: AsyncSession, manager_ids: Collection[UUID] | None = None) -> None:
    """Let assignments to managers (None: to all) come one after the other, so that nobody gets more than fit."""
    query = select(col(Manager.id)).order_by(col(Manager.id)).with_for_update(key_share=True)
    await session.execute(query if manager_ids is None else query.where(col(Manager.id).in_(manager_ids)))


async def managers_since(session: AsyncSession, manager_ids: Collection[UUID], day: date) -> Sequence[UUID]:
    """Return which of some managers became managers after a day."""
    begun = col(Manager.created_at) >= clock.start_of_day(day + timedelta(days=1))
    query = select_rows(Manager.id).where(col(Manager.id).in_(manager_ids), begun)
    return (await session.exec(query)).all()


async def primary_manager(session: AsyncSession, scope: Scope, *, customer_id: UUID, day: date) -> Served | None:
    """Return who serves a customer on a day; None when nobody does or the customer is out of scope."""
    query = (
        select_rows(Manager, Staff, Branch, Coverage)
        .join(Coverage, col(Coverage.manager_id) == col(Manager.id))
        .join(Staff, col(Staff.id) == col(Manager.staff_id))
        .join(Branch, col(Branch.id) == col(Manager.branch_id))
        .where(Coverage.customer_id == customer_id, in_force(day), visible(scope, col(Coverage.customer_id)))
    )
    found = (await session.exec(query)).first()
    return Served(Person(*found[:3]), found[3]) if found else None


async def list_managers(
    session: AsyncSession,
    *,
    limit: int,
    before: tuple[datetime, UUID] | None = None,
    branch_id: UUID | None = None,
    manager_id: UUID | None = None,
) -> list[Person]:
    """Return managers, newest first."""
    query = (
        select_rows(Manager, Staff, Branch)
        .join(Staff, col(Staff.id) == col(Manager.staff_id))
        .join(Branch, col(Branch.id) == col(Manager.branch_id))
        .order_by(col(Manager.created_at).desc(), col(Manager.id).desc())
        .limit(limit)
    )
    if manager_id is not None:
        query = query.where(Manager.id == manager_id)
    if branch_id is not None:
        query = query.where(Manager.branch_id == branch_id)
    if before is not None:
        query = query.where(tuple_(col(Manager.created_at), col(Manager.id)) < before)
    return [Person(*row) for row in (await session.exec(query)).all()]


async def get_person(session: AsyncSession, manager_id: UUID) -> Person:
    """Return one manager with the member of staff behind.

    Raises:
        NotFound: there is none.
    """
    found = await list_managers(session, limit=1, manager_id=manager_id)
    if not found:
        raise NotFound
    return found[0]


async def manager_of_staff(session: AsyncSession, *, staff_id: UUID) -> UUID | None:
    """Return as which manager a member of staff serves customers; None for who is none."""
    return (await session.exec(select_rows(Manager.id).where(Manager.staff_id == staff_id))).first()


async def insert_manager(session: AsyncSession, manager: Manager) -> bool:
    """Add a manager; False when the member of staff is one already."""
    statement = insert(Manager).values(manager.model_dump()).on_conflict_do_nothing().returning(col(Manager.id))
    return (await session.execute(statement)).first() is not None


async def loads(session: AsyncSession, manager_ids: Collection[UUID]) -> Mapping[UUID, int]:
    """Count the customers whom managers serve now or from the next day on: all of them, whoever asks."""
    query = (
        select(col(Coverage.manager_id), func.count())
        .where(is_load(), col(Coverage.manager_id).in_(manager_ids))
        .group_by(col(Coverage.manager_id))
    )
    async with all_rows(session):
        return dict((await session.execute(query)).all())


async def frozen_managers(session: AsyncSession) -> frozenset[UUID]:
    """Return the managers who leave and whose books are not handed over yet: a plan of their own does that."""
    query = select(col(Manager.id)).where(col(Manager.leaving_since).is_not(None), col(Manager.left_on).is_(None))
    return frozenset((await session.execute(query.where(col(Manager.active).is_(True)))).scalars())
