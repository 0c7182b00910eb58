"""Who is credited for a customer on a day. Who stands in for somebody away never is: only coverage counts."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import Final
from uuid import UUID

from guibin.managers.models import CoverageRole

WHOLE: Final = 100
LONGEST_AHEAD: Final = timedelta(days=366)
MOST_SHARES: Final = 6


class CreditKind(StrEnum):
    """Whether somebody is credited for an own customer, or beside the taker after having handed the customer up."""

    OWN = "own"
    DOUBLE = "double"


@dataclass(frozen=True, slots=True)
class Person:
    """A manager with the branch; from `left_on` on only the branch is credited."""

    manager_id: UUID
    branch_id: UUID
    left_on: date | None = None

    def is_there(self, day: date) -> bool:
        """Tell whether the manager is credited as a person on a day."""
        return self.left_on is None or day < self.left_on


@dataclass(frozen=True, slots=True)
class Service:
    """Somebody serves the customer in a role, until the day before `valid_to`."""

    person: Person
    role: CoverageRole
    valid_from: date
    valid_to: date | None


@dataclass(frozen=True, slots=True)
class Split:
    """A version of a split; without shares the primary manager has all of it."""

    version: int
    primary_id: UUID
    valid_from: date
    shares: Sequence[tuple[Person, int]]


@dataclass(frozen=True, slots=True)
class Giver:
    """Who handed the customer up, and until the day before which that counts."""

    person: Person
    valid_from: date
    valid_to: date


@dataclass(frozen=True, slots=True)
class Credit:
    """Who is credited, and for how many per cent. None: nobody as a person, or no branch beside an own one."""

    kind: CreditKind
    manager_id: UUID | None
    branch_id: UUID | None
    percent: int
    until: date | None = None


def credit_on(
    day: date, history: Collection[Service], splits: Collection[Split], givers: Sequence[Giver]
) -> list[Credit]:
    """Return who is credited on a day: the primary manager or the shares of the split, then those who handed up.

    Own credit is 100 per cent together. Without a primary manager nobody is credited, nor is anybody twice: a giver
    who has a share again, or whose branch has one, is credited for the share alone.
    """
    primary = next((one for one in history if _is_primary(one, day)), None)
    if primary is None:
        return []
    own = [
        Credit(CreditKind.OWN, person.manager_id if person.is_there(day) else None, person.branch_id, percent)
        for person, percent in _shares(day, primary.person, splits)
    ]
    return own + _doubles(day, own, givers)


def _is_primary(service: Service, day: date) -> bool:
    begun = service.role is CoverageRole.PRIMARY and service.valid_from <= day
    return begun and (service.valid_to is None or day < service.valid_to)


def _shares(day: date, primary: Person, splits: Collection[Split]) -> Sequence[tuple[Person, int]]:
    begun = [one for one in splits if one.valid_from <= day]
    latest = max(begun, key=lambda one: one.version, default=None)
    if latest is None or latest.primary_id != primary.manager_id or not latest.shares:
        return [(primary, WHOLE)]
    return latest.shares


def _doubles(day: date, own: Sequence[Credit], givers: Sequence[Giver]) -> list[Credit]:
    people, branches = {one.manager_id for one in own}, {one.branch_id for one in own}
    doubles: list[Credit] = []
    for one in sorted(givers, key=lambda giver: giver.valid_to, reverse=True):
        if not one.valid_from <= day < one.valid_to:
            continue
        person = one.person.manager_id if one.person.is_there(day) and one.person.manager_id not in people else None
        branch = one.person.branch_id if one.person.branch_id not in branches else None
        people.add(person)
        branches.add(branch)
        if person is not None or branch is not None:
            doubles.append(Credit(CreditKind.DOUBLE, person, branch, WHOLE, one.valid_to))
    return doubles


class SplitFault(StrEnum):
    """Why the credit cannot be shared so."""

    NO_MANAGER = "no_manager"
    TOO_EARLY = "too_early"
    TOO_LATE = "too_late"
    TWICE = "twice"
    NOT_HUNDRED = "not_hundred"
    PRIMARY_MISSING = "primary_missing"
    INACTIVE = "inactive"


def split_fault(
    shares: Sequence[tuple[UUID, int]], *, primary_id: UUID, at_work: Collection[UUID], valid_from: date, today: date
) -> SplitFault | None:
    """Tell why the credit cannot be shared so; None: nothing stands against it. No shares end a split."""
    people = [manager_id for manager_id, _ in shares]
    standing_against = {
        SplitFault.TOO_EARLY: valid_from < today,
        SplitFault.TOO_LATE: valid_from > today + LONGEST_AHEAD,
        SplitFault.TWICE: len(set(people)) != len(people),
        SplitFault.NOT_HUNDRED: bool(shares) and sum(percent for _, percent in shares) != WHOLE,
        SplitFault.PRIMARY_MISSING: bool(shares) and primary_id not in people,
        SplitFault.INACTIVE: not set(people) <= set(at_work),
    }
    return next((fault for fault, stands in standing_against.items() if stands), None)
