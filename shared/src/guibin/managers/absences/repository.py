"""SQL of absences: who is away when, and whose book is served by whom meanwhile."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Final
from uuid import UUID

from sqlalchemy import case, delete, func, insert, select, text, update
from sqlalchemy.orm import aliased
from sqlmodel import col
from sqlmodel import select as select_rows
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.managers.absences.models import ManagerAbsence
from guibin.managers.absences.rules import Away, Backup, StandIn
from guibin.managers.models import Grade, Manager
from guibin.managers.repository import Person, loads
from guibin.organisation.models import BookCover, Branch, Staff

_LOCK: Final = text("SELECT pg_advisory_xact_lock(hashtextextended('manager_absence', 0))")


async def lock_absences(session: AsyncSession) -> None:
    """Let changes of absences come one after the other: each sees who stands in for whom after the last."""
    await session.execute(_LOCK)


async def absences_after(session: AsyncSession, day: date) -> list[Away]:
    """Return the absences that are not over on a day."""
    query = select_rows(ManagerAbsence).where(col(ManagerAbsence.valid_to) > day)
    rows = (await session.exec(query.execution_options(populate_existing=True))).all()
    return [Away(row.manager_id, row.backup_id, row.valid_from, row.valid_to) for row in rows]


async def overlapping(session: AsyncSession, manager_id: UUID, *, first: date, until: date) -> bool:
    """Tell whether a manager is away already on a day from the first until the day before the last."""
    query = select(col(ManagerAbsence.id)).where(
        col(ManagerAbsence.manager_id) == manager_id,
        col(ManagerAbsence.valid_from) < until,
        col(ManagerAbsence.valid_to) > first,
        col(ManagerAbsence.valid_to) > col(ManagerAbsence.valid_from),
    )
    return (await session.execute(query.limit(1))).first() is not None


async def find_absence(session: AsyncSession, *, manager_id: UUID, absence_id: UUID) -> ManagerAbsence | None:
    """Return an absence of a manager as it stands now."""
    query = select_rows(ManagerAbsence).where(ManagerAbsence.id == absence_id, ManagerAbsence.manager_id == manager_id)
    return (await session.exec(query.execution_options(populate_existing=True))).first()


async def list_absences(
    session: AsyncSession, *, manager_id: UUID, limit: int, before: UUID | None
) -> Sequence[ManagerAbsence]:
    """Return when a manager is and was away, what was entered last first."""
    query = (
        select_rows(ManagerAbsence)
        .where(ManagerAbsence.manager_id == manager_id)
        .order_by(col(ManagerAbsence.id).desc())
        .limit(limit)
    )
    if before is not None:
        query = query.where(col(ManagerAbsence.id) < before)
    return (await session.exec(query)).all()


async def possible_backups(session: AsyncSession, person: Person, *, first: date, until: date) -> list[Backup]:
    """Return who of a manager's branch is there on all days from the first until the day before the last."""
    away = select(col(ManagerAbsence.manager_id)).where(
        col(ManagerAbsence.valid_from) < until, col(ManagerAbsence.valid_to) > first
    )
    rank = case({grade: number for number, grade in enumerate(Grade)}, value=col(Manager.grade))
    query = (
        select(col(Manager.id), rank)
        .join(Staff, col(Staff.id) == col(Manager.staff_id))
        .where(
            col(Manager.branch_id) == person.manager.branch_id,
            col(Manager.id) != person.manager.id,
            col(Manager.active).is_(True),
            col(Staff.active).is_(True),
            col(Manager.id).not_in(away),
        )
    )
    rows = (await session.execute(query)).all()
    served = await loads(session, [manager_id for manager_id, _ in rows])
    return [Backup(manager_id, number, served.get(manager_id, 0)) for manager_id, number in rows]


async def write_covers(session: AsyncSession, day: date, found: Sequence[StandIn]) -> None:
    """Let these serve the books from a day on; who served before it stays on record."""
    await session.execute(delete(BookCover).where(col(BookCover.valid_from) >= day))
    await session.execute(update(BookCover).where(col(BookCover.valid_to) > day).values(valid_to=day))
    people = {one.manager_id for one in found} | {one.stand_in_id for one in found if one.stand_in_id}
    query = select(col(Manager.id), col(Manager.staff_id)).where(col(Manager.id).in_(people))
    staff = dict((await session.execute(query)).all())
    rows = [
        {
            "staff_id": staff[one.manager_id],
            "deputy_id": staff[one.stand_in_id],
            "valid_from": max(day, one.valid_from),
            "valid_to": one.valid_to,
        }
        for one in found
        if one.stand_in_id is not None
    ]
    if rows:
        await session.execute(insert(BookCover), rows)


async def covers_of(session: AsyncSession, manager_ids: Sequence[UUID], *, first: date) -> list[StandIn]:
    """Return who stands or will stand in for some managers, from a day on."""
    deputy = aliased(Manager)
    query = (
        select(col(Manager.id), col(deputy.id), col(BookCover.valid_from), col(BookCover.valid_to))
        .join(Manager, col(Manager.staff_id) == col(BookCover.staff_id))
        .join(deputy, col(deputy.staff_id) == col(BookCover.deputy_id))
        .where(col(Manager.id).in_(manager_ids), col(BookCover.valid_to) > first)
        .order_by(col(Manager.id), col(BookCover.valid_from))
    )
    return [StandIn(*row) for row in (await session.execute(query)).all()]


async def stand_ins(session: AsyncSession, day: date) -> Mapping[UUID, UUID]:
    """Return who serves the book of each manager who is away on a day: the absent one to the one who is there."""
    deputy = aliased(Manager)
    query = (
        select(col(Manager.id), col(deputy.id))
        .select_from(BookCover)
        .join(Manager, col(Manager.staff_id) == col(BookCover.staff_id))
        .join(deputy, col(deputy.staff_id) == col(BookCover.deputy_id))
        .where(col(BookCover.valid_from) <= day, col(BookCover.valid_to) > day)
    )
    return dict((await session.execute(query)).all())


async def books_of(session: AsyncSession, manager_id: UUID, day: date) -> list[UUID]:
    """Return whose books a manager serves on a day: the own one, and those of colleagues who are away."""
    away = await stand_ins(session, day)
    return [manager_id, *sorted(absent for absent, present in away.items() if present == manager_id)]


async def stand_in_of(session: AsyncSession, manager_id: UUID, day: date) -> tuple[Person, date] | None:
    """Return who serves a manager's book on a day, and the day from which the manager is back; None who is there."""
    absent = select(col(Manager.staff_id)).where(col(Manager.id) == manager_id).scalar_subquery()
    until = (
        select(func.max(col(ManagerAbsence.valid_to)))
        .where(col(ManagerAbsence.manager_id) == manager_id, col(ManagerAbsence.valid_from) <= day)
        .scalar_subquery()
    )
    query = (
        select(Manager, Staff, Branch, until)
        .join(Staff, col(Staff.id) == col(Manager.staff_id))
        .join(Branch, col(Branch.id) == col(Manager.branch_id))
        .join(BookCover, col(BookCover.deputy_id) == col(Staff.id))
        .where(col(BookCover.staff_id) == absent, col(BookCover.valid_from) <= day, col(BookCover.valid_to) > day)
    )
    found = (await session.execute(query)).first()
    return (Person(*found[:3]), found[3]) if found else None
