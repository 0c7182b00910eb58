"""What a plan says of each customer: the parts of the cost, who would have been next, and why not that one."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from uuid import UUID

from guibin.managers.models import UnassignedReason
from guibin.managers.planning.flow import Placement, place_all
from guibin.managers.planning.models import WhyNot
from guibin.managers.planning.rules import (
    Client,
    Costs,
    Desk,
    Kind,
    Part,
    Problem,
    broken_cost,
    candidates,
    costs_of,
    keeps,
    load_cost,
    load_steps,
)


@dataclass(frozen=True, slots=True)
class Verdict:
    """A customer who changes hands or finds no place; the parts of the cost of the chosen manager and of the next best.

    Load is counted at the last place of the book that the plan fills, and for the next best at the first one behind it.
    """

    customer_id: UUID
    chosen: UUID | None
    unplaced: UnassignedReason | None = None
    costs: Costs = field(default_factory=dict)
    next_best: UUID | None = None
    next_costs: Costs = field(default_factory=dict)
    why_not: WhyNot | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """A plan as it is kept: the verdicts of those who move, each book's count and load after, and what it all costs."""

    verdicts: list[Verdict]
    counts: Mapping[UUID, int]
    loads: Mapping[UUID, int]
    cost_before: int
    cost_after: int


def plan(problem: Problem) -> Outcome:
    """Solve a problem and explain it."""
    placement = place_all(problem)
    after = _after(problem, placement)
    counts = Counter({desk.manager_id: desk.base for desk in problem.desks})
    loads = Counter({desk.manager_id: desk.base_load for desk in problem.desks})
    for client in problem.clients:
        serves = after[client.customer_id]
        if serves is not None:
            counts[serves] += 1
            loads[serves] += problem.load_of(client.kind)
    before = {client.customer_id: client.present for client in problem.clients if keeps(problem, client)}
    return Outcome(
        list(_Explained(problem, placement, counts).verdicts()), counts, loads, _cost(problem, before), placement.cost
    )


def _after(problem: Problem, placement: Placement) -> Mapping[UUID, UUID | None]:
    """Return who serves each customer after the plan; who finds no place stays with the manager who could keep on."""
    stays = {client.customer_id: client.present if keeps(problem, client) else None for client in problem.clients}
    return stays | dict(placement.placed)


def _cost(problem: Problem, serving: Mapping[UUID, UUID | None]) -> int:
    """Return what a book costs as it stands, in the same measure as a plan."""
    counts, cost = Counter(serving.values()), 0
    for client in problem.clients:
        serves = serving.get(client.customer_id)
        if serves is not None:
            cost += sum(costs_of(problem, client.kind, problem.desk_of[serves]).values())
    for manager_id, desk in problem.desk_of.items():
        cost += sum(price * places for price, places in load_steps(problem.weights, desk, counts[manager_id]))
    return cost


class _Explained:
    """The verdicts of one placement; what is the same for all customers of a kind is reckoned once."""

    def __init__(self, problem: Problem, placement: Placement, counts: Mapping[UUID, int]) -> None:
        self._problem, self._placement, self._counts = problem, placement, counts
        self._ranked: dict[Kind, list[tuple[int, UUID]]] = {}

    def verdicts(self) -> Iterator[Verdict]:
        """Return those who move and those who find no place and have nobody; in the order of ids."""
        for client in sorted(self._problem.clients, key=lambda one: one.customer_id):
            chosen = self._placement.placed.get(client.customer_id)
            if chosen is None and not keeps(self._problem, client):
                yield Verdict(client.customer_id, None, self._placement.unplaced[client.customer_id])
            elif chosen is not None and chosen != client.present:
                yield self._move(client, chosen)

    def _move(self, client: Client, chosen: UUID) -> Verdict:
        could_stay = keeps(self._problem, client)
        leaving = broken_cost(self._problem, client) if could_stay else 0
        options = [(cost + leaving, other) for cost, other in self._best(client.kind) if other != chosen]
        if could_stay and client.present is not None:
            options = [option for option in options if option[1] != client.present]
            options.append((self._total(client.kind, self._problem.desk_of[client.present]), client.present))
        costs = self._parts(client.kind, self._problem.desk_of[chosen], place=self._counts[chosen] - 1, broken=leaving)
        if not options:
            return Verdict(client.customer_id, chosen, costs=costs)
        _, other = min(options)
        desk = self._problem.desk_of[other]
        broken = 0 if other == client.present else leaving
        next_costs = self._parts(client.kind, desk, place=self._counts[other], broken=broken)
        why = WhyNot.FULL if self._counts[other] >= desk.capacity else WhyNot.DEARER
        return Verdict(client.customer_id, chosen, None, costs, other, next_costs, why)

    def _best(self, kind: Kind) -> list[tuple[int, UUID]]:
        """Return the three who would be cheapest for one customer more of a kind; one of them may be the chosen one."""
        if kind not in self._ranked:
            found = candidates(self._problem, kind, least=self._placement.least[kind])
            self._ranked[kind] = sorted((self._total(kind, desk), desk.manager_id) for desk, _ in found)[:3]
        return self._ranked[kind]

    def _total(self, kind: Kind, desk: Desk) -> int:
        return sum(self._parts(kind, desk, place=self._counts[desk.manager_id], broken=0).values())

    def _parts(self, kind: Kind, desk: Desk, *, place: int, broken: int) -> Costs:
        parts = {**costs_of(self._problem, kind, desk), **load_cost(self._problem.weights, desk, place)}
        return parts | ({Part.BROKEN_RELATIONSHIP: broken} if broken else {})
