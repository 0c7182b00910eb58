"""What a pair of customer and manager costs, part by part, and which pairs there may be."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import cached_property
from itertools import pairwise
from typing import Final
from uuid import UUID

from guibin.managers.models import UnassignedReason
from guibin.managers.rules import Matrix

LONGEST_MONTHS: Final = 60
"""Months together that count: who has stayed for five years is not dearer to move than who has for ten."""

LOAD_STEPS: Final = 10
"""A book costs more with every tenth of it that is full, so that load evens out."""


ROOM_WANTED: Final = 2
"""How many times the room that a branch's customers of a tier need is looked for near them."""


class Part(StrEnum):
    """A part of what a pair costs."""

    DISTANCE = "distance"
    OTHER_CITY = "other_city"
    SECOND_CHOICE = "second_choice"
    MISSING_SKILL = "missing_skill"
    PASSED_CLAIM = "passed_claim"
    BROKEN_RELATIONSHIP = "broken_relationship"
    LOAD = "load"
    ABOVE_SOFT = "above_soft"


class Reach(StrEnum):
    """How far from a customer's branch a manager may stand: the same branch, the same region, anywhere."""

    BRANCH = "branch"
    REGION = "region"
    BANK = "bank"


Weights = Mapping[Part, int]
"""Points of cost: each step of the tree, another city, a second choice of the matrix, each skill that is missing,
another manager than the one who has the claim, each month together times the place of the tier from 1, each tenth of
the book that is full already, above the soft maximum.
"""

Costs = Mapping[Part, int]
"""The parts that cost something; what is not named costs nothing."""


@dataclass(frozen=True, slots=True)
class Kind:
    """What decides which managers may serve a customer and what that costs: customers of one kind are alike.

    A skill that is missing costs something, as does another one than the `claimant`; a language or a licence that is
    missing forbids, as `barred` does.
    """

    branch_id: UUID
    tier_code: str | None
    tier_rank: int
    needs: frozenset[str] = frozenset()
    barred: frozenset[UUID] = frozenset()
    language: str | None = None
    licences: frozenset[str] = frozenset()
    claimant: UUID | None = None
    _hash: int = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        """Reckon the hash once: kinds are looked up for every customer."""
        object.__setattr__(self, "_hash", hash(self._facts()))

    def __hash__(self) -> int:
        return self._hash

    def __reduce__(self) -> tuple[object, ...]:
        """Reckon the hash anew in another process: texts have another one there."""
        return Kind, self._facts()

    def _facts(self) -> tuple[object, ...]:
        asked = (self.needs, self.barred, self.language, self.licences, self.claimant)
        return (self.branch_id, self.tier_code, self.tier_rank, *asked)


@dataclass(frozen=True, slots=True)
class Client:
    """A customer whom a plan may move, with the present manager and the full months together."""

    customer_id: UUID
    kind: Kind
    present: UUID | None = None
    months: int = 0


@dataclass(frozen=True, slots=True)
class Desk:
    """A manager as a plan sees one.

    `base` and `base_load` are of the customers whom the plan does not touch. One who does not take anybody new keeps
    whom there are. Load is in the units of the weights of tiers; `most_load` None is no bound.
    """

    manager_id: UUID
    branch_id: UUID
    grade: str
    capacity: int
    soft: int
    skills: frozenset[str] = frozenset()
    takes: bool = True
    base: int = 0
    base_load: int = 0
    most_load: int | None = None
    languages: frozenset[str] = frozenset()
    licences: frozenset[str] = frozenset()
    serves: frozenset[UUID] = frozenset()
    """Branches served beside the own one, however near the plan looks."""

    @property
    def room(self) -> int:
        """How many of the plan's customers fit."""
        return max(self.capacity - self.base, 0)


@dataclass(frozen=True)
class Places:
    """The organisation's tree: the nodes above each branch from itself to the root, cities, and regions."""

    above: Mapping[UUID, Sequence[UUID]]
    cities: Mapping[UUID, str | None] = field(default_factory=dict)
    regions: Mapping[UUID, UUID] = field(default_factory=dict)

    def steps(self, one: UUID, other: UUID) -> int:
        """Count the steps up and down the tree between two branches."""
        mine, theirs = self.above[one][::-1], self.above[other][::-1]
        common = sum(1 for _ in _common(mine, theirs))
        return len(mine) + len(theirs) - 2 * common

    def same_city(self, one: UUID, other: UUID) -> bool:
        """Tell whether two branches stand in one city; a city that is not known is the same."""
        mine, theirs = self.cities.get(one), self.cities.get(other)
        return mine is None or theirs is None or mine == theirs

    def within(self, reach: Reach, one: UUID, other: UUID) -> bool:
        """Tell whether a branch is near enough to another one."""
        if one == other or reach is Reach.BANK:
            return True
        mine = self.regions.get(one)
        return reach is Reach.REGION and mine is not None and mine == self.regions.get(other)


def _common(mine: Iterable[UUID], theirs: Iterable[UUID]) -> Iterable[UUID]:
    for one, other in zip(mine, theirs, strict=False):
        if one != other:
            return
        yield one


@dataclass(frozen=True)
class Problem:
    """Everything that a plan is computed from; the order of customers and managers does not matter."""

    clients: Sequence[Client]
    desks: Sequence[Desk]
    matrix: Matrix
    places: Places
    weights: Weights
    reach: Reach = Reach.BRANCH
    tier_loads: Mapping[str | None, int] = field(default_factory=dict)
    nearest: int = 12
    """The nearest branches are looked at until so many managers may serve a kind; more, where these are full."""

    @cached_property
    def desk_of(self) -> Mapping[UUID, Desk]:
        """Managers by id, in the order of ids."""
        return {desk.manager_id: desk for desk in sorted(self.desks, key=lambda desk: desk.manager_id)}

    def desks_near(self, branch_id: UUID) -> Sequence[Sequence[tuple[Desk, int]]]:
        """Return the managers within reach of a branch who take somebody new, with what the way costs.

        Those that are equally near stand together, by rising steps; in order of ids.
        """
        if branch_id not in self._near:
            by_steps: dict[int, list[tuple[Desk, int]]] = {}
            ways: dict[UUID, tuple[int, int]] = {}
            for desk in self.desk_of.values():
                if desk.takes and self.reaches(desk, branch_id):
                    if desk.branch_id not in ways:
                        steps = self.places.steps(branch_id, desk.branch_id)
                        ways[desk.branch_id] = steps, sum(way_costs(self, branch_id, desk.branch_id).values())
                    steps, cost = ways[desk.branch_id]
                    by_steps.setdefault(steps, []).append((desk, cost))
            self._near[branch_id] = [by_steps[steps] for steps in sorted(by_steps)]
        return self._near[branch_id]

    def reaches(self, desk: Desk, branch_id: UUID) -> bool:
        """Tell whether a manager stands near enough to a branch, or serves it anyway."""
        return branch_id in desk.serves or self.places.within(self.reach, branch_id, desk.branch_id)

    @cached_property
    def _near(self) -> dict[UUID, list[list[tuple[Desk, int]]]]:
        return {}

    @cached_property
    def demand(self) -> Mapping[tuple[UUID, str | None], int]:
        """How many customers of each branch and tier there are to place."""
        return Counter((client.kind.branch_id, client.kind.tier_code) for client in self.clients)

    def load_of(self, kind: Kind) -> int:
        """Return the weighted load of one customer."""
        return self.tier_loads.get(kind.tier_code, 1)


def may_serve(problem: Problem, kind: Kind, desk: Desk) -> bool:
    """Tell whether a manager may serve a kind at all, wherever the branch is and however full the book.

    Whoever has no managed tier may be served by every grade.
    """
    if desk.manager_id in kind.barred or not kind.licences <= desk.licences:
        return False
    if kind.language is not None and kind.language not in desk.languages:
        return False
    return kind.tier_code is None or (desk.grade, kind.tier_code) in problem.matrix


def way_costs(problem: Problem, one: UUID, other: UUID) -> Costs:
    """Return what the way between two branches costs."""
    weights, places = problem.weights, problem.places
    return {
        Part.DISTANCE: weights[Part.DISTANCE] * places.steps(one, other),
        Part.OTHER_CITY: weights[Part.OTHER_CITY] * (not places.same_city(one, other)),
    }


def fit_costs(problem: Problem, kind: Kind, desk: Desk) -> Costs:
    """Return what it costs that a manager is not the first choice, lacks a skill or is not who has the claim."""
    second = problem.matrix.get((desk.grade, kind.tier_code or ""), 1) > 1
    passed = kind.claimant is not None and kind.claimant != desk.manager_id
    return {
        Part.SECOND_CHOICE: problem.weights[Part.SECOND_CHOICE] * second,
        Part.MISSING_SKILL: problem.weights[Part.MISSING_SKILL] * len(kind.needs - desk.skills),
        Part.PASSED_CLAIM: problem.weights[Part.PASSED_CLAIM] * passed,
    }


def costs_of(problem: Problem, kind: Kind, desk: Desk) -> Costs:
    """Return what a pair costs whoever served before and however full the book is."""
    parts = {**way_costs(problem, kind.branch_id, desk.branch_id), **fit_costs(problem, kind, desk)}
    return {part: cost for part, cost in parts.items() if cost}


def broken_cost(problem: Problem, client: Client) -> int:
    """Return what it costs to take a customer from a manager who could stay: more with the tier and the months.

    Never 0: of two plans that are equal otherwise it is the one in which fewer customers move.
    """
    months = min(client.months, LONGEST_MONTHS)
    return 1 + problem.weights[Part.BROKEN_RELATIONSHIP] * months * (client.kind.tier_rank + 1)


def keeps(problem: Problem, client: Client) -> bool:
    """Tell whether the present manager, one who is still there, could go on serving the customer."""
    desk = problem.desk_of.get(client.present) if client.present else None
    return desk is not None and may_serve(problem, client.kind, desk)


def load_cost(weights: Weights, desk: Desk, place: int) -> Costs:
    """Return what the customer at a place of a book, counted from 0, costs: with each tenth of the book more."""
    step = min(place * LOAD_STEPS // max(desk.capacity, 1), LOAD_STEPS)
    parts = {
        Part.LOAD: weights[Part.LOAD] * step,
        Part.ABOVE_SOFT: weights[Part.ABOVE_SOFT] * (place >= desk.soft),
    }
    return {part: cost for part, cost in parts.items() if cost}


def load_steps(weights: Weights, desk: Desk, room: int) -> list[tuple[int, int]]:
    """Return how many of the plan's customers fit at which cost each, rising."""
    first, end = desk.base, desk.base + room
    tenths = (-(-desk.capacity * step // LOAD_STEPS) for step in range(1, LOAD_STEPS + 1))
    bounds = sorted({first, end, *(place for place in (*tenths, desk.soft) if first < place < end)})
    return [(sum(load_cost(weights, desk, place).values()), after - place) for place, after in pairwise(bounds)]


def candidates(problem: Problem, kind: Kind, *, least: int) -> list[tuple[Desk, int]]:
    """Return who may take a customer of a kind, with what the pair costs.

    Nearer branches come first, until there are so many managers with so much room that the customers of this branch and
    tier would fit in `ROOM_WANTED` times. Branches that are equally near are never parted: load can even out there.
    """
    found: list[tuple[Desk, int]] = []
    wanted = problem.demand[kind.branch_id, kind.tier_code] * ROOM_WANTED * least // problem.nearest
    for near in problem.desks_near(kind.branch_id):
        if len(found) >= least and wanted <= 0:
            break
        for desk, way in near:
            if may_serve(problem, kind, desk):
                found.append((desk, way + sum(fit_costs(problem, kind, desk).values())))
                wanted -= desk.room
    return [*found, *_claimant(problem, kind, found)]


def _claimant(problem: Problem, kind: Kind, found: Sequence[tuple[Desk, int]]) -> list[tuple[Desk, int]]:
    """Return who has the claim on a kind, where the look did not go that far."""
    desk = problem.desk_of.get(kind.claimant) if kind.claimant is not None else None
    if desk is None or any(one is desk for one, _ in found):
        return []
    able = desk.takes and problem.reaches(desk, kind.branch_id) and may_serve(problem, kind, desk)
    return [(desk, sum(costs_of(problem, kind, desk).values()))] if able else []


def why_nobody(problem: Problem, kind: Kind) -> UnassignedReason:
    """Say why a customer of a kind is not placed."""
    if kind.tier_code is not None and all(tier != kind.tier_code for _, tier in problem.matrix):
        return UnassignedReason.NO_RULE
    if candidates(problem, kind, least=1):
        return UnassignedReason.NO_CAPACITY
    near = [desk for desk in problem.desk_of.values() if problem.reaches(desk, kind.branch_id)]
    if any(may_serve(problem, kind, desk) for desk in near):
        return UnassignedReason.NONE_AVAILABLE
    if any(may_serve(problem, replace(kind, barred=frozenset()), desk) for desk in near):
        return UnassignedReason.NOT_PERMITTED
    return UnassignedReason.NO_ELIGIBLE_MANAGER
