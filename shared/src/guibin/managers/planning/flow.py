"""The exact plan: a flow of least cost from kinds of customers over managers to the steps of their books.

Customers of one kind cost the same with every manager, so they are one node. Those of them whom one manager serves are
a node before it, with an arc to that manager and arcs to the kind, one for each price at which some can be taken away:
whoever moves, the cheapest move first. That network has the same least cost as one with a node for every customer and
an arc for every pair, and is many times smaller (docs/adr/0025).
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import Final
from uuid import UUID

from guibin.managers.models import UnassignedReason
from guibin.managers.planning.rules import (
    Client,
    Kind,
    Problem,
    broken_cost,
    candidates,
    costs_of,
    keeps,
    load_steps,
    why_nobody,
)

WIDENING: Final = 4
"""How many times as far is looked where there is no place."""


@dataclass
class Network:
    """Arcs and supplies as a solver takes them; a node of `supply` below 0 is where the flow ends."""

    tails: list[int] = field(default_factory=list)
    heads: list[int] = field(default_factory=list)
    capacities: list[int] = field(default_factory=list)
    costs: list[int] = field(default_factory=list)
    supplies: list[int] = field(default_factory=list)

    def node(self, supply: int = 0) -> int:
        """Add a node."""
        self.supplies.append(supply)
        return len(self.supplies) - 1

    def arc(self, tail: int, head: int, capacity: int, cost: int) -> int:
        """Add an arc; returns its number."""
        self.tails.append(tail)
        self.heads.append(head)
        self.capacities.append(capacity)
        self.costs.append(cost)
        return len(self.tails) - 1


@dataclass(frozen=True)
class Placement:
    """Who serves whom by the plan: the manager of each customer, or why nobody.

    `cost` is that of everybody who is placed, the steps of the books included; `nobody_cost` what the others count for;
    `least` how many managers of the nearest branches each kind could choose from at least.
    """

    placed: Mapping[UUID, UUID]
    unplaced: Mapping[UUID, UnassignedReason]
    cost: int
    nobody_cost: int
    least: Mapping[Kind, int]


def solve(network: Network) -> tuple[list[int], int]:
    """Return the flow of every arc and what it costs in all.

    Raises:
        ArithmeticError: there is no such flow, or the costs are out of the solver's range.
    """
    import numpy as np  # noqa: PLC0415 - the customer port, which imports this package, has no solver
    from ortools.graph.python import min_cost_flow  # noqa: PLC0415 - the same

    solver = min_cost_flow.SimpleMinCostFlow()
    arcs = solver.add_arcs_with_capacity_and_unit_cost(
        np.array(network.tails, dtype=np.int32),
        np.array(network.heads, dtype=np.int32),
        np.array(network.capacities, dtype=np.int64),
        np.array(network.costs, dtype=np.int64),
    )
    nodes = np.arange(len(network.supplies), dtype=np.int32)
    solver.set_nodes_supplies(nodes, np.array(network.supplies, dtype=np.int64))
    status = solver.solve()
    if status != solver.OPTIMAL:
        raise ArithmeticError(f"the solver answers {status}")
    return solver.flows(arcs).tolist(), solver.optimal_cost()


def place_all(problem: Problem) -> Placement:
    """Place everybody at the least cost, as many as fit and the highest tiers first.

    Looks farther where the nearest managers are full: for those without a place, and for whoever competes with them.
    """
    # The order of kinds is that of the network, in which the solver decides among equals.
    in_order = sorted(problem.clients, key=lambda client: client.customer_id)
    least = {client.kind: problem.nearest for client in in_order}
    while True:
        placement = _within_loads(problem, least)
        lacking = {
            client.kind
            for client in problem.clients
            if placement.unplaced.get(client.customer_id) is UnassignedReason.NO_CAPACITY
        }
        narrow = [kind for kind in _competing(problem, least, lacking) if least[kind] < len(problem.desk_of)]
        if not narrow:
            return placement
        least |= {kind: least[kind] * WIDENING for kind in narrow}


def _competing(problem: Problem, least: Mapping[Kind, int], lacking: Collection[Kind]) -> list[Kind]:
    """Return the kinds that could have a manager whom a kind without a place could have too."""
    if not lacking:
        return []
    rows = {kind: {desk.manager_id for desk, _ in candidates(problem, kind, least=least[kind])} for kind in least}
    wanted = {manager_id for kind in lacking for manager_id in rows[kind]}
    return [kind for kind, row in rows.items() if kind in lacking or not row.isdisjoint(wanted)]


def _within_loads(problem: Problem, least: Mapping[Kind, int]) -> Placement:
    """Solve again with fewer places in each book whose weighted load would be above its bound.

    A flow counts heads: who would burst a bound of load goes elsewhere by a smaller number of heads.
    """
    left = {desk.manager_id: desk.room for desk in problem.desk_of.values()}
    while True:
        placement = _Plan(problem, left, least).placement()
        over = _overloaded(problem, placement)
        if not over:
            return placement
        counts = Counter(placement.placed.values())
        left |= {one: max(min(left[one], counts[one]) - excess, 0) for one, excess in over.items()}


def _overloaded(problem: Problem, placement: Placement) -> dict[UUID, int]:
    """Return of each book that is too heavy how many customers of average weight it has too many, at least one."""
    loads: dict[UUID, int] = defaultdict(int)
    counts = Counter(placement.placed.values())
    for client in problem.clients:
        if client.customer_id in placement.placed:
            loads[placement.placed[client.customer_id]] += problem.load_of(client.kind)
    over = {}
    for manager_id, load in loads.items():
        desk = problem.desk_of[manager_id]
        excess = desk.base_load + load - desk.most_load if desk.most_load is not None else 0
        if excess > 0:
            over[manager_id] = max(excess * counts[manager_id] // (load + 1), 1)
    return over


class _Plan:
    """One network over a problem, and what its flow says of each customer."""

    def __init__(self, problem: Problem, rooms: Mapping[UUID, int], least: Mapping[Kind, int]) -> None:
        self._problem, self._rooms, self._least = problem, rooms, least
        self._new: dict[Kind, list[Client]] = defaultdict(list)
        self._served: dict[tuple[Kind, UUID], list[tuple[int, Client]]] = defaultdict(list)
        for client in sorted(problem.clients, key=lambda client: client.customer_id):
            if client.present is not None and keeps(problem, client):
                self._served[client.kind, client.present].append((broken_cost(problem, client), client))
            else:
                self._new[client.kind].append(client)
        for members in self._served.values():
            members.sort(key=lambda member: member[0])
        self._costs = {kind: candidates(problem, kind, least=far) for kind, far in least.items()}

    def placement(self) -> Placement:
        """Solve, and deal the flow out: who is cheapest to move moves, then in the order of ids."""
        network, arcs = self._build()
        flows, total = solve(network)
        placed: dict[UUID, UUID] = {}
        unplaced: dict[UUID, UnassignedReason] = {}
        moving = {kind: list(clients) for kind, clients in self._new.items()}
        for (kind, present), members in self._served.items():
            leaving, nowhere = arcs.served[kind, present]
            clients, leave = [client for _, client in members], sum(flows[arc] for arc in leaving)
            lost = leave + flows[nowhere]
            moving.setdefault(kind, []).extend(clients[:leave])
            unplaced |= dict.fromkeys((one.customer_id for one in clients[leave:lost]), self._why(kind))
            placed |= dict.fromkeys((one.customer_id for one in clients[lost:]), present)
        for kind, clients in moving.items():
            queue = iter(sorted(clients, key=lambda one: one.customer_id))
            for manager_id, arc in arcs.hubs[kind]:
                placed |= dict.fromkeys((one.customer_id for one in islice(queue, flows[arc])), manager_id)
            unplaced |= {one.customer_id: self._why(kind) for one in queue}
        nobody = sum(flows[arc] * network.costs[arc] for arc in arcs.nowhere)
        return Placement(placed, unplaced, cost=total - nobody, nobody_cost=nobody, least=self._least)

    def _why(self, kind: Kind) -> UnassignedReason:
        return why_nobody(self._problem, kind)

    def _build(self) -> "tuple[Network, _Arcs]":
        network, arcs, problem = Network(), _Arcs(), self._problem
        everybody = len(problem.clients)
        sink = network.node(-everybody)
        desks = {manager_id: network.node() for manager_id in problem.desk_of}
        for manager_id, desk in problem.desk_of.items():
            for cost, places in load_steps(problem.weights, desk, self._rooms[manager_id]):
                network.arc(desks[manager_id], sink, places, cost)
        nobody = self._cost_of_nobody(dearest_step=max(network.costs, default=0))
        hubs: dict[Kind, int] = {}
        for kind, row in self._costs.items():
            hubs[kind] = hub = network.node(len(self._new.get(kind, ())))
            arcs.nowhere.append(network.arc(hub, sink, everybody, nobody * (kind.tier_rank + 2)))
            arcs.hubs[kind] = [
                (desk.manager_id, network.arc(hub, desks[desk.manager_id], everybody, cost)) for desk, cost in row
            ]
        for (kind, present), members in self._served.items():
            node, count = network.node(len(members)), len(members)
            network.arc(node, desks[present], count, self._staying(kind, present))
            nowhere = network.arc(node, sink, count, nobody * (kind.tier_rank + 2))
            leaving = Counter(broken for broken, _ in members)
            arcs.served[kind, present] = (
                [network.arc(node, hubs[kind], many, broken) for broken, many in leaving.items()],
                nowhere,
            )
            arcs.nowhere.append(nowhere)
        return network, arcs

    def _staying(self, kind: Kind, present: UUID) -> int:
        """Return what it costs that somebody stays; of who serves and takes nobody new the kind's row says nothing."""
        return sum(costs_of(self._problem, kind, self._problem.desk_of[present]).values())

    def _cost_of_nobody(self, *, dearest_step: int) -> int:
        """Return what is dearer than any chain of moves that would place one customer more: each manager once in it."""
        dearest = 1 + dearest_step
        dearest += max((cost for row in self._costs.values() for _, cost in row), default=0)
        dearest += max((self._staying(*pair) for pair in self._served), default=0)
        dearest += max((members[-1][0] for members in self._served.values()), default=0)
        return dearest * 2 * (len(self._problem.desk_of) + 1)


@dataclass
class _Arcs:
    """Where to find what: from who is served to the kind and to nobody, from a kind to its managers, all to nobody."""

    served: dict[tuple[Kind, UUID], tuple[list[int], int]] = field(default_factory=dict)
    hubs: dict[Kind, list[tuple[UUID, int]]] = field(default_factory=dict)
    nowhere: list[int] = field(default_factory=list)
