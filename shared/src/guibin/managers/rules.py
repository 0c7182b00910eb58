"""Who gets which manager: the matrix, room, the own branch, least load."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from guibin.managers.models import UnassignedReason

Matrix = Mapping[tuple[str, str], int]
"""(grade, tier) to preference: 1 should serve, 2 may serve; what is not listed may not."""


@dataclass(frozen=True)
class Waiting:
    """A customer who needs a manager, or another one."""

    customer_id: UUID
    tier_code: str
    tier_rank: int
    branch_id: UUID


@dataclass
class Seat:
    """A manager with the number of customers served now; `load` grows while customers are placed."""

    manager_id: UUID
    grade: str
    branch_id: UUID
    capacity: int
    load: int

    @property
    def has_room(self) -> bool:
        """Whether one more customer fits."""
        return self.load < self.capacity


@dataclass(frozen=True)
class Plan:
    """Who is placed where, and who is not, with the reason."""

    placed: Mapping[UUID, UUID]
    unplaced: Mapping[UUID, UnassignedReason]


def assign(waiting: Iterable[Waiting], seats: Sequence[Seat], matrix: Matrix) -> Plan:
    """Place customers, highest tier first: a grade that should serve the tier before one that may, least load first.

    Ties go to the smaller id, so the same input always gives the same plan.
    """
    by_branch: dict[UUID, list[Seat]] = {}
    for seat in sorted(seats, key=lambda seat: seat.manager_id):
        by_branch.setdefault(seat.branch_id, []).append(seat)
    placed: dict[UUID, UUID] = {}
    unplaced: dict[UUID, UnassignedReason] = {}
    for customer in sorted(waiting, key=lambda one: (-one.tier_rank, one.customer_id)):
        choice = choose(customer, by_branch.get(customer.branch_id, []), matrix)
        if isinstance(choice, Seat):
            choice.load += 1
            placed[customer.customer_id] = choice.manager_id
        else:
            unplaced[customer.customer_id] = choice
    return Plan(placed, unplaced)


def choose(customer: Waiting, seats: Sequence[Seat], matrix: Matrix) -> Seat | UnassignedReason:
    """Choose one of the branch's managers for a customer, or say why there is none."""
    if not any(tier == customer.tier_code for _, tier in matrix):
        return UnassignedReason.NO_RULE
    eligible = [seat for seat in seats if (seat.grade, customer.tier_code) in matrix]
    if not eligible:
        return UnassignedReason.NO_ELIGIBLE_MANAGER
    free = [seat for seat in eligible if seat.has_room]
    if not free:
        return UnassignedReason.NO_CAPACITY
    return min(free, key=lambda seat: (matrix[seat.grade, customer.tier_code], seat.load / seat.capacity))
