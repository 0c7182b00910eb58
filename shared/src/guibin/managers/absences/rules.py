"""Who serves a book while its manager is away, also when the one who stands in is away too."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Away:
    """A manager is away from a day until another, on which the manager is back; `backup_id` serves meanwhile."""

    manager_id: UUID
    backup_id: UUID
    valid_from: date
    valid_to: date


@dataclass(frozen=True, slots=True)
class StandIn:
    """Somebody serves the book of a manager from a day until another; None where everybody asked is away."""

    manager_id: UUID
    stand_in_id: UUID | None
    valid_from: date
    valid_to: date


@dataclass(frozen=True, slots=True)
class Backup:
    """Somebody who could stand in: how high the grade, and how many customers are served already."""

    manager_id: UUID
    grade_rank: int
    load: int


def stand_ins(absences: Iterable[Away]) -> list[StandIn]:
    """Tell for each absence who serves the book when: the backup, or the backup's own while the backup is away too."""
    away: dict[UUID, list[Away]] = {}
    for one in absences:
        if one.valid_from < one.valid_to:
            away.setdefault(one.manager_id, []).append(one)
    days = sorted({day for every in away.values() for one in every for day in (one.valid_from, one.valid_to)})
    found: list[StandIn] = []
    for manager_id in sorted(away):
        for one in sorted(away[manager_id], key=lambda one: one.valid_from):
            within = [day for day in days if one.valid_from <= day <= one.valid_to]
            for start, end in pairwise(within):
                _extend(found, StandIn(manager_id, _present(one, away, start), start, end))
    return found


def _present(absence: Away, away: Mapping[UUID, Sequence[Away]], day: date) -> UUID | None:
    """Follow the chain of backups to the first who is there on a day; None where it comes back to where it was."""
    asked = {absence.manager_id}
    present = absence.backup_id
    while present not in asked:
        asked.add(present)
        gone = next((one for one in away.get(present, ()) if one.valid_from <= day < one.valid_to), None)
        if gone is None:
            return present
        present = gone.backup_id
    return None


def _extend(found: list[StandIn], piece: StandIn) -> None:
    last = found[-1] if found else None
    if last and (last.manager_id, last.stand_in_id, last.valid_to) == (
        piece.manager_id,
        piece.stand_in_id,
        piece.valid_from,
    ):
        found[-1] = StandIn(last.manager_id, last.stand_in_id, last.valid_from, piece.valid_to)
    else:
        found.append(piece)


def choose_backup(grade_rank: int, candidates: Iterable[Backup]) -> UUID | None:
    """Choose who stands in by rule: a grade at least as high where there is one, then the smallest book."""
    chosen = min(
        candidates,
        key=lambda one: (one.grade_rank < grade_rank, one.load, one.manager_id),
        default=None,
    )
    return chosen.manager_id if chosen else None
