"""A manager is away: somebody else serves the book from the first day on, and everything returns by itself."""

from dataclasses import dataclass
from datetime import date
from typing import Final
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.audit import service as audit
from guibin.core import clock
from guibin.core.errors import NotFound
from guibin.core.ids import new_id, to_public
from guibin.managers.absences import repository
from guibin.managers.absences.errors import AbsenceConflict, BackupUnavailable
from guibin.managers.absences.models import AbsenceKind, ManagerAbsence
from guibin.managers.absences.rules import StandIn, choose_backup, stand_ins
from guibin.managers.models import Grade
from guibin.managers.repository import Person, get_person
from guibin.organisation.repository import subtree_ids
from guibin.security.actors import Actor, Scope
from guibin.tiers.errors import PeriodConflict, PeriodInvalid

LONGEST_DAYS: Final = 400
"""Longer than any leave that the law knows; who is away for longer has left the book."""


@dataclass(frozen=True)
class Leave:
    """From which day until which (the first day back) somebody is away, why, and who shall serve the book."""

    kind: AbsenceKind
    first_day: date
    back_on: date
    backup_id: UUID | None = None
    note: str | None = None


async def begin_absence(
    session: AsyncSession, scope: Scope, *, actor: Actor, manager_id: UUID, leave: Leave
) -> ManagerAbsence:
    """Let a manager be away; the backup, chosen by rule where none is named, sees and serves the book from then on.

    Raises:
        NotFound: there is no such manager in the branches of the scope.
        PeriodInvalid: it begins before today, ends before it begins, or lasts longer than 400 days.
        AbsenceConflict: the manager is away on some of these days already.
        BackupUnavailable: the backup cannot, or on some day nobody would serve a book.
    """
    person = await _person_within(session, scope, manager_id)
    today = clock.today()
    days = (leave.back_on - leave.first_day).days
    if leave.first_day < today or not 1 <= days <= LONGEST_DAYS:
        raise PeriodInvalid(earliest=today.isoformat(), longest_days=LONGEST_DAYS)
    await repository.lock_absences(session)
    if await repository.overlapping(session, manager_id, first=leave.first_day, until=leave.back_on):
        raise AbsenceConflict
    absence = ManagerAbsence(
        id=new_id(),
        manager_id=manager_id,
        backup_id=await _backup(session, scope, person, leave),
        kind=leave.kind,
        valid_from=leave.first_day,
        valid_to=leave.back_on,
        note=leave.note,
        created_by=actor.id,
        created_at=clock.now(),
    )
    session.add(absence)
    await session.flush()
    await _serve_all_books(session, today)
    await _record(session, actor, scope, absence, "absence.begin")
    return absence


async def end_absence(
    session: AsyncSession, scope: Scope, *, actor: Actor, manager_id: UUID, absence_id: UUID, back_on: date
) -> ManagerAbsence:
    """Let a manager be back earlier; on the first day or before it the absence is called off. Again changes nothing.

    Raises:
        NotFound: there is no such absence of a manager in the branches of the scope.
        PeriodConflict: it is over, the day is over, or later than the day on which the manager is back anyway.
    """
    await _person_within(session, scope, manager_id)
    await repository.lock_absences(session)
    absence = await repository.find_absence(session, manager_id=manager_id, absence_id=absence_id)
    if absence is None:
        raise NotFound
    back_on = max(back_on, absence.valid_from)
    if absence.valid_to == back_on:
        return absence
    today = clock.today()
    if back_on < today or back_on > absence.valid_to:
        raise PeriodConflict
    absence.valid_to = back_on
    session.add(absence)
    await session.flush()
    await _serve_all_books(session, today)
    await _record(session, actor, scope, absence, "absence.end")
    return absence


async def covers(session: AsyncSession, manager_id: UUID, *, first: date) -> list[StandIn]:
    """Return who serves a manager's book when, from a day on."""
    return await repository.covers_of(session, [manager_id], first=first)


async def stand_in_of(session: AsyncSession, manager_id: UUID) -> tuple[Person, date] | None:
    """Return who serves a manager's book today, and the day on which the manager is back; None who is there."""
    return await repository.stand_in_of(session, manager_id, clock.today())


async def _person_within(session: AsyncSession, scope: Scope, manager_id: UUID) -> Person:
    person = await get_person(session, manager_id)
    if not await _within(session, scope, person):
        raise NotFound
    return person


async def _within(session: AsyncSession, scope: Scope, person: Person) -> bool:
    return scope.whole_bank or person.branch.id in await subtree_ids(session, scope.branch_roots)


async def _backup(session: AsyncSession, scope: Scope, person: Person, leave: Leave) -> UUID:
    if leave.backup_id is None:
        rank = list(Grade).index(Grade(person.manager.grade))
        candidates = await repository.possible_backups(session, person, first=leave.first_day, until=leave.back_on)
        chosen = choose_backup(rank, candidates)
        if chosen is None:
            raise BackupUnavailable(reason="nobody")
        return chosen
    if leave.backup_id == person.manager.id:
        raise BackupUnavailable(reason="self")
    backup = await get_person(session, leave.backup_id)
    if not await _within(session, scope, backup):
        raise BackupUnavailable(reason="out_of_reach")
    if not (backup.manager.active and backup.staff.active):
        raise BackupUnavailable(reason="inactive")
    return leave.backup_id


async def _serve_all_books(session: AsyncSession, today: date) -> None:
    """Work out anew who serves every book of who is away: one change moves whole chains."""
    found = stand_ins(await repository.absences_after(session, today))
    if any(one.stand_in_id is None and one.valid_to > today for one in found):
        raise BackupUnavailable(reason="away")
    await repository.write_covers(session, today, [one for one in found if one.valid_to > today])


async def _record(session: AsyncSession, actor: Actor, scope: Scope, absence: ManagerAbsence, action: str) -> None:
    await audit.record(
        session,
        actor=actor,
        action=action,
        object_type="manager",
        object_id=to_public("mgr", absence.manager_id),
        scope=scope,
        facts={
            "backup_id": to_public("mgr", absence.backup_id),
            "kind": absence.kind,
            "valid_from": absence.valid_from.isoformat(),
            "valid_to": absence.valid_to.isoformat(),
        },
    )
