"""Many customers are seated one after the other, each with the manager whom `choose_among` would choose then.

The plain way looks at every manager of the branch for every customer, which grows with the square of a bank; here
the managers who can serve customers of one kind stand in a line.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from heapq import heapify, heappop, heappush, heapreplace
from typing import Final
from uuid import UUID

from guibin.managers.models import ArrivalStrategy, UnassignedReason
from guibin.managers.rules import (
    Matrix,
    Rule,
    Seat,
    Standing,
    Waiting,
    choose_among,
    first_choices,
    lasting_obstacles,
    obstacles,
    reason_for,
    standing_of,
)


@dataclass(frozen=True)
class Plan:
    """Who is placed where, and who is not, with the reason."""

    placed: Mapping[UUID, UUID]
    unplaced: Mapping[UUID, UnassignedReason]


def assign(
    waiting: Iterable[Waiting], seats: Sequence[Seat], matrix: Matrix, rules: Mapping[UUID, Rule] | None = None
) -> Plan:
    """Place customers one after the other, highest tier first, each by the rule of the branch, least load without one.

    The same input always gives the same plan, in whatever order it comes.
    """
    hall = _Hall(seats, matrix)
    placed: dict[UUID, UUID] = {}
    unplaced: dict[UUID, UnassignedReason] = {}
    for customer in sorted(waiting, key=lambda one: (-one.tier_rank, one.customer_id)):
        chosen = hall.choose(customer, (rules or {}).get(customer.branch_id) or Rule())
        if chosen is None:
            unplaced[customer.customer_id] = hall.reason(customer)
        else:
            chosen.take(customer)
            placed[customer.customer_id] = chosen.manager_id
    return Plan(placed, unplaced)


_GROWING: Final = (ArrivalStrategy.LEAST_LOAD, ArrivalStrategy.ROUND_ROBIN)
"""Strategies in which a manager's standing grows by being chosen and by nothing else."""


class _Hall:
    """The seats as customers come in, who chooses as `choose_among` does without looking at every seat each time.

    What lasts is asked once for all who ask for the same. Books only grow here: one that has no room for those of a
    kind never has it again.
    """

    def __init__(self, seats: Sequence[Seat], matrix: Matrix) -> None:
        self._matrix = matrix
        self._lines: dict[object, _Line] = {}
        self._reasons: dict[object, UnassignedReason] = {}
        self._by_branch: dict[UUID, list[Seat]] = {}
        for seat in seats:
            for branch_id in {seat.branch_id, *seat.reach}:
                self._by_branch.setdefault(branch_id, []).append(seat)

    def choose(self, customer: Waiting, rule: Rule) -> Seat | None:
        """Return who serves a customer from now on; None: nobody can."""
        asked = _asked(customer)
        line = self._lines.get(asked)
        if line is None:
            able = [seat for seat in self._here(customer) if not lasting_obstacles(customer, seat, self._matrix)]
            line = self._lines[asked] = _Line(customer, able, self._matrix, rule)
        return line.choose(customer)

    def reason(self, customer: Waiting) -> UnassignedReason:
        """Say why nobody can; only a conflict is one customer's own reason."""
        asked = None if customer.conflicts else _asked(customer)
        if asked not in self._reasons:
            found = [obstacles(customer, seat, self._matrix) for seat in self._here(customer)]
            reason = reason_for(customer, found, self._matrix)
            if asked is None:
                return reason
            self._reasons[asked] = reason
        return self._reasons[asked]

    def _here(self, customer: Waiting) -> list[Seat]:
        return self._by_branch.get(customer.branch_id, [])


def _asked(customer: Waiting) -> object:
    """Return what a customer asks for: of all who ask for the same the same managers are able, but for conflicts."""
    return (
        customer.branch_id,
        customer.tier_code,
        customer.managed,
        customer.minutes,
        customer.language,
        customer.skills,
        customer.licences,
    )


class _Line:
    """The managers who can serve customers of one kind, the next one first."""

    def __init__(self, customer: Waiting, able: Sequence[Seat], matrix: Matrix, rule: Rule) -> None:
        self._rule, self._matrix, self._able = rule, matrix, list(able)
        self._by_id = {seat.manager_id: seat for seat in able}
        self._line: list[tuple[Standing, Seat]] = []
        if rule.strategy in _GROWING:
            self._line = [(self._standing(customer, seat), seat) for seat in able]
            heapify(self._line)

    def choose(self, customer: Waiting) -> Seat | None:
        """Return the next one for a customer, who has had the turn."""
        if first := self._first(customer):
            able = [first]
        elif self._rule.strategy in _GROWING:
            able = self._next(customer)
        else:
            self._able = [seat for seat in self._able if seat.has_room_for(customer.minutes)]
            able = [seat for seat in self._able if seat.manager_id not in customer.conflicts]
        return choose_among(customer, able, self._matrix, self._rule).seat if able else None

    def _first(self, customer: Waiting) -> Seat | None:
        """Return who comes before all others wherever they stand, if there is somebody who can."""
        named = (self._by_id.get(one) for one in first_choices(customer, self._rule.strategy))
        able = (seat for seat in named if seat is not None and seat.manager_id not in customer.conflicts)
        return next((seat for seat in able if seat.has_room_for(customer.minutes)), None)

    def _next(self, customer: Waiting) -> list[Seat]:
        """Return the one in front, who stays in the line, or nobody.

        A place in the line may be of a time when the book was emptier: standings only grow, so it is enough to look
        anew at who is in front.
        """
        aside: list[tuple[Standing, Seat]] = []
        found: list[Seat] = []
        while self._line and not found:
            standing, seat = self._line[0]
            now = self._standing(customer, seat)
            if now != standing:
                heapreplace(self._line, (now, seat))
            elif not seat.has_room_for(customer.minutes):
                heappop(self._line)
            elif seat.manager_id in customer.conflicts:
                aside.append(heappop(self._line))
            else:
                found = [seat]
        for one in aside:
            heappush(self._line, one)
        return found

    def _standing(self, customer: Waiting, seat: Seat) -> Standing:
        return standing_of(customer, seat, self._matrix, self._rule, self._rule.strategy)
