"""Who may serve whom, and who of those who may: eligibility, room, the strategies for arrivals, the reasons for none.

Load is counted twice: customers, and minutes a year that the contact plan asks for them.
"""

from collections.abc import Collection, Iterable, Mapping, MutableMapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from hashlib import blake2b
from math import log
from typing import Final
from uuid import UUID

from guibin.managers.models import ArrivalStrategy, ChosenBy, UnassignedReason

Matrix = Mapping[tuple[str, str], int]
"""(grade, tier) to preference: 1 should serve, 2 may serve; what is not listed may not."""

NOTHING: Final[frozenset[str]] = frozenset()
NOBODY: Final[frozenset[UUID]] = frozenset()
NEVER: Final = 0
"""The turn of a manager who has not had one."""

_STEPS: Final = 2**64


class Obstacle(StrEnum):
    """Why a manager cannot serve a customer, in the order in which it is looked at."""

    RESTRICTED = "restricted"
    INACTIVE = "inactive"
    OTHER_BRANCH = "other_branch"
    GRADE = "grade"
    LICENCE = "licence"
    LANGUAGE = "language"
    SKILL = "skill"
    ON_LEAVE = "on_leave"
    CONFLICT = "conflict"
    NO_CAPACITY = "no_capacity"


HURDLES: Final = (
    (
        UnassignedReason.NO_ELIGIBLE_MANAGER,
        frozenset(
            {
                Obstacle.RESTRICTED,
                Obstacle.INACTIVE,
                Obstacle.OTHER_BRANCH,
                Obstacle.GRADE,
                Obstacle.LICENCE,
                Obstacle.LANGUAGE,
                Obstacle.SKILL,
            }
        ),
    ),
    (UnassignedReason.NONE_AVAILABLE, frozenset({Obstacle.ON_LEAVE})),
    (UnassignedReason.NOT_PERMITTED, frozenset({Obstacle.CONFLICT})),
    (UnassignedReason.NO_CAPACITY, frozenset({Obstacle.NO_CAPACITY})),
)
"""The reason for none is the first hurdle that nobody takes of those who took the ones before it."""


@dataclass(frozen=True)
class Waiting:
    """A customer who needs a manager, or another one, with what that customer asks of one.

    `minutes` is the load of a year; `conflicts` are managers who must not serve this customer; `wish` is whom the
    customer would like, `claimant` who has the claim, `introducer` who brought the customer. Without `managed` the
    grade does not matter. `restricted`: a restriction says that nobody is to serve the customer anew.
    """

    customer_id: UUID
    tier_code: str
    tier_rank: int
    branch_id: UUID
    minutes: int = 0
    language: str | None = None
    skills: frozenset[str] = NOTHING
    licences: frozenset[str] = NOTHING
    conflicts: frozenset[UUID] = NOBODY
    wish: UUID | None = None
    claimant: UUID | None = None
    introducer: UUID | None = None
    managed: bool = True
    restricted: bool = False


@dataclass
class Seat:
    """A manager with the load carried now, which grows while customers are placed.

    `reach` are the branches served beside the own one. A limit that is None is not there.
    """

    manager_id: UUID
    grade: str
    branch_id: UUID
    capacity: int
    load: int
    soft_capacity: int | None = None
    hard_minutes: int | None = None
    soft_minutes: int | None = None
    minutes: int = 0
    reach: frozenset[UUID] = NOBODY
    languages: frozenset[str] = NOTHING
    skills: frozenset[str] = NOTHING
    licences: frozenset[str] = NOTHING
    active: bool = True
    absent: bool = False

    @property
    def has_room(self) -> bool:
        """Whether one more customer fits, whatever the minutes."""
        return self.load < self.capacity

    def has_room_for(self, minutes: int) -> bool:
        """Whether one more customer of so many minutes a year fits."""
        return self.has_room and (self.hard_minutes is None or self.minutes + minutes <= self.hard_minutes)

    @property
    def is_strained(self) -> bool:
        """Whether the load is above a soft maximum."""
        too_many = self.soft_capacity is not None and self.load > self.soft_capacity
        return too_many or (self.soft_minutes is not None and self.minutes > self.soft_minutes)

    @property
    def share(self) -> float:
        """How full the book is: the larger of the shares of customers and of minutes."""
        of_customers = self.load / self.capacity if self.capacity else 1.0
        return max(of_customers, self.minutes / self.hard_minutes if self.hard_minutes else 0.0)

    def take(self, customer: Waiting) -> None:
        """Count one more customer."""
        self.load += 1
        self.minutes += customer.minutes

    def give(self, customer: Waiting) -> None:
        """Count one customer less."""
        self.load -= 1
        self.minutes -= customer.minutes


def obstacles(customer: Waiting, seat: Seat, matrix: Matrix) -> list[Obstacle]:
    """Say everything that stands against a manager serving a customer; nothing where the manager may and can."""
    return [*lasting_obstacles(customer, seat, matrix), *_of_the_moment(customer, seat)]


def lasting_obstacles(customer: Waiting, seat: Seat, matrix: Matrix) -> list[Obstacle]:
    """Say what stands against it whoever the customer is of those who ask for the same."""
    found = {
        Obstacle.RESTRICTED: customer.restricted,
        Obstacle.INACTIVE: not seat.active,
        Obstacle.OTHER_BRANCH: seat.branch_id != customer.branch_id and customer.branch_id not in seat.reach,
        Obstacle.GRADE: customer.managed and (seat.grade, customer.tier_code) not in matrix,
        Obstacle.LICENCE: not customer.licences <= seat.licences,
        Obstacle.LANGUAGE: customer.language is not None and customer.language not in seat.languages,
        Obstacle.SKILL: not customer.skills <= seat.skills,
        Obstacle.ON_LEAVE: seat.absent,
    }
    return [obstacle for obstacle, stands in found.items() if stands]


def _of_the_moment(customer: Waiting, seat: Seat) -> list[Obstacle]:
    conflict = [Obstacle.CONFLICT] if seat.manager_id in customer.conflicts else []
    return conflict if seat.has_room_for(customer.minutes) else [*conflict, Obstacle.NO_CAPACITY]


def reason_for(customer: Waiting, found: Iterable[Collection[Obstacle]], matrix: Matrix) -> UnassignedReason:
    """Say why nobody serves a customer, from what stands against each manager there is."""
    if customer.managed and not any(tier == customer.tier_code for _, tier in matrix):
        return UnassignedReason.NO_RULE
    left = list(found)
    for reason, hurdle in HURDLES:
        left = [one for one in left if not hurdle.intersection(one)]
        if not left:
            return reason
    raise LookupError("somebody can serve this customer")


def wait_of(
    reason: UnassignedReason, *, since: date, on: date, longest: int | None
) -> tuple[UnassignedReason, UnassignedReason | None]:
    """Return the reason that the queue shows and, of one who waits longer than so many days, the one behind it."""
    if longest is None or (on - since).days <= longest:
        return reason, None
    return UnassignedReason.TOO_OLD, reason


@dataclass
class Rule:
    """How a branch, or a region, gives its arrivals to managers, with whose turn it is.

    `turns` says at which turn each manager was last chosen; who never was is not in it. `otherwise` is what
    `preference_first` does without a wish that can be met.
    """

    branch_id: UUID | None = None
    strategy: ArrivalStrategy = ArrivalStrategy.LEAST_LOAD
    otherwise: ArrivalStrategy = ArrivalStrategy.LEAST_LOAD
    max_wait_days: int | None = None
    turn: int = NEVER
    turns: MutableMapping[UUID, int] = field(default_factory=dict)

    def pass_turn(self, manager_id: UUID) -> None:
        """Note that it was this manager's turn."""
        self.turn += 1
        self.turns[manager_id] = self.turn


@dataclass(frozen=True)
class Choice:
    """The manager chosen and by what."""

    seat: Seat
    by: ChosenBy


def first_choices(customer: Waiting, strategy: ArrivalStrategy) -> Sequence[UUID]:
    """Return who comes before every other one who can serve a customer, the first before the others.

    A claim precedes every strategy, and the customer's own wish precedes a claim. Who only brought the customer counts
    where the rule asks for preferences, and a wish without a claim does too.
    """
    asked = strategy is ArrivalStrategy.PREFERENCE_FIRST
    wish = customer.wish if asked or customer.claimant is not None else None
    named = (wish, customer.claimant, customer.introducer if asked else None)
    return [one for one in named if one is not None]


def choose_among(customer: Waiting, able: Sequence[Seat], matrix: Matrix, rule: Rule) -> Choice:
    """Choose one of those who can serve a customer: first by `first_choices`, then a grade that should.

    The lowest standing is chosen. Whoever is chosen by turns has had the turn.
    """
    if firsts := first_choices(customer, rule.strategy):
        by_id = {seat.manager_id: seat for seat in able}
        first = next((by_id[one] for one in firsts if one in by_id), None)
        if first is not None:
            claimed = first.manager_id == customer.claimant != customer.wish
            return Choice(first, ChosenBy.CLAIM if claimed else ChosenBy.PREFERENCE_FIRST)
    strategy = rule.otherwise if rule.strategy is ArrivalStrategy.PREFERENCE_FIRST else rule.strategy
    chosen = min(able, key=lambda seat: standing_of(customer, seat, matrix, rule, strategy))
    if strategy is ArrivalStrategy.ROUND_ROBIN:
        rule.pass_turn(chosen.manager_id)
    return Choice(chosen, ChosenBy(strategy))


Standing = tuple[int, float, int, float, UUID]
"""Preference of the grade, score, and among equals the load and the dice; the id at last."""


def standing_of(customer: Waiting, seat: Seat, matrix: Matrix, rule: Rule, strategy: ArrivalStrategy) -> Standing:
    """Return how a manager stands among those who can serve a customer; the lowest is chosen.

    Among equals dice decide that always fall the same way: by turns for the rule, by load for how many are in the book,
    so that the order of equals is another one with every round and the next customer is nobody's choice.
    """
    preference = matrix.get((seat.grade, customer.tier_code), 1)
    score = score_of(customer, seat, rule, strategy)
    if strategy is ArrivalStrategy.LEAST_LOAD:
        return preference, score, seat.load, dice(UUID(int=seat.load), seat.manager_id), seat.manager_id
    return preference, score, 0, dice(rule.branch_id or UUID(int=0), seat.manager_id), seat.manager_id


def score_of(customer: Waiting, seat: Seat, rule: Rule, strategy: ArrivalStrategy) -> float:
    """Return what a strategy makes of a manager for a customer; the lowest is chosen.

    `round_robin`: the turn that the manager last had, so that of the same managers nobody is ever two ahead.
    `least_load`: how full the book is. `weighted_random`: a draw with the room that is left as weight.
    """
    if strategy is ArrivalStrategy.ROUND_ROBIN:
        return rule.turns.get(seat.manager_id, NEVER)
    if strategy is ArrivalStrategy.LEAST_LOAD:
        return seat.share
    room = 1.0 - min(seat.share, 1.0)
    return -log(dice(customer.customer_id, seat.manager_id)) / room if room else float("inf")


def dice(one: UUID, other: UUID) -> float:
    """Return a number above 0 and at most 1 that depends on two ids alone, and favours neither the older nor newer."""
    digest = blake2b(one.bytes + other.bytes, digest_size=8).digest()
    return (int.from_bytes(digest) + 1) / _STEPS
