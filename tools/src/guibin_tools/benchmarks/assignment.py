"""G11: the exact plan of a whole book, against bare OR-tools on the plain graph of the same book.

The plain graph has a node for every customer and an arc for every pair that may be, as one would write it at once; its
arrays are made beforehand, so that bare OR-tools is timed alone. The plan is timed from customers and managers to who
serves whom. Both must cost the same to the point.
"""

import random
import time
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import accumulate
from uuid import UUID

import typer

from guibin.managers.defaults import MATRIX
from guibin.managers.models import Grade
from guibin.managers.planning.flow import Network, place_all, solve
from guibin.managers.planning.rules import (
    Client,
    Desk,
    Kind,
    Part,
    Places,
    Problem,
    Reach,
    broken_cost,
    candidates,
    costs_of,
    keeps,
    load_steps,
)
from guibin.managers.terms.rules import PlanWeights
from guibin_tools.benchmarks.machine import describe_machine

CUSTOMERS, MANAGERS = 100_000, 500
BRANCHES, REGIONS, PROVINCES = 60, 8, 3
ROUNDS = 3
GOAL, FLOOR = 1.3, 1.6
TIERS = ("T1", "T2", "T3", "T4", "T5")
TIER_SHARES = (60, 25, 10, 4, 1)
GRADE_SHARES = {Grade.INTERMEDIATE: 55, Grade.SENIOR: 27, Grade.EXPERT: 12, Grade.PRIVATE_BANKER: 6}
SKILLS = ("english", "trust", "cantonese")
SKILLED, NEEDY, SERVED = 0.3, 0.1, 0.7
"""Shares: of managers who have a skill, of customers who need some, of customers who have a manager."""


@dataclass(frozen=True)
class _Tree:
    """Regions with their branches, a few of them far larger than the others."""

    branches: list[UUID]
    shares: list[float]
    places: Places


def bench_assignment(customers: int = CUSTOMERS) -> bool:
    """Print how long the plan takes beside bare OR-tools; say whether it kept its floor and costs the same."""
    problem = skewed_book(customers, MANAGERS, seed=11)
    placement = place_all(problem)
    plain = plain_network(problem, placement.least)
    typer.echo(
        f"  {customers:,} customers, {MANAGERS} managers, {BRANCHES} branches; plain graph: {len(plain.supplies):,}"
        f" nodes, {len(plain.tails):,} arcs; not placed: {len(placement.unplaced):,}"
    )
    ratios, plans, bare, equal = [], [], [], True
    for number in range(ROUNDS):
        for side in ("plan", "bare") if number % 2 == 0 else ("bare", "plan"):
            began = time.perf_counter()
            if side == "plan":
                found = place_all(problem)
                plans.append(time.perf_counter() - began)
            else:
                _, total = solve(plain)
                bare.append(time.perf_counter() - began)
        ratios.append(plans[-1] / bare[-1])
        equal = equal and found.cost + found.nobody_cost == total
    ratio = sorted(ratios)[ROUNDS // 2]
    for name, seconds in (("plan", plans), ("bare OR-tools", bare)):
        each = " ".join(f"{one:.2f}" for one in seconds)
        typer.echo(f"  {name}: {sorted(seconds)[ROUNDS // 2]:.2f} s (rounds: {each})")
    typer.echo(
        f"assignment: {ratio:.2f} times as long as bare OR-tools (goal {GOAL}, floor {FLOOR}), cost"
        f" {'equal' if equal else 'NOT EQUAL'}: {found.cost:,}; {describe_machine()}"
    )
    return equal and ratio <= FLOOR


def skewed_book(customers: int, managers: int, *, seed: int) -> Problem:
    """Return a book in which a few branches have most customers, and managers by another measure."""
    dice = random.Random(seed)  # noqa: S311 - a repeatable book
    tree = _tree(dice)
    desks = _desks(dice, tree, customers, managers)
    clients = _clients(dice, tree, desks, customers)
    matrix = MATRIX.preferences()
    weights = {Part(name): weight for name, weight in PlanWeights().model_dump().items()}
    return Problem(clients, desks, matrix, tree.places, weights, reach=Reach.BANK)


def _tree(dice: random.Random) -> _Tree:
    root, regions = UUID(int=1), [UUID(int=10 + number) for number in range(REGIONS)]
    provinces = {region: UUID(int=2 + number % PROVINCES) for number, region in enumerate(regions)}
    branches = [UUID(int=100 + number) for number in range(BRANCHES)]
    over = {branch: regions[number % REGIONS] for number, branch in enumerate(branches)}
    above = {branch: [branch, region, provinces[region], root] for branch, region in over.items()}
    cities: dict[UUID, str | None] = {branch: f"{dice.choice((1, 2))}-{region}" for branch, region in over.items()}
    return _Tree(branches, [1 / (place + 1) for place in range(BRANCHES)], Places(above, cities, over))


def _desks(dice: random.Random, tree: _Tree, customers: int, managers: int) -> list[Desk]:
    """Managers follow the size of a branch less than its customers do: large branches overflow, and everybody fits."""
    names, shares = [str(grade) for grade in GRADE_SHARES], list(GRADE_SHARES.values())
    grades = dice.choices(names, shares, k=managers)
    at = dice.choices(tree.branches, [share**0.8 for share in tree.shares], k=managers)
    capacity = round(customers / managers * 1.3)
    return [
        Desk(UUID(int=1000 + number), at[number], grades[number], size, size * 9 // 10, _skills(dice))
        for number in range(managers)
        for size in [dice.randint(capacity * 8 // 10, capacity * 12 // 10)]
    ]


def _clients(dice: random.Random, tree: _Tree, desks: list[Desk], customers: int) -> list[Client]:
    kinds: dict[tuple[UUID, str, frozenset[str]], Kind] = {}
    by_branch: dict[UUID, list[UUID]] = {}
    for desk in desks:
        by_branch.setdefault(desk.branch_id, []).append(desk.manager_id)
    clients, shares = [], list(accumulate(tree.shares))
    for number in range(customers):
        [branch] = dice.choices(tree.branches, cum_weights=shares)
        [tier] = dice.choices(TIERS, TIER_SHARES)
        needs = _skills(dice) if dice.random() < NEEDY else frozenset()
        kind = kinds.setdefault((branch, tier, needs), Kind(branch, tier, TIERS.index(tier) + 1, needs))
        present = dice.choice(by_branch[branch]) if branch in by_branch and dice.random() < SERVED else None
        clients.append(Client(UUID(int=10**6 + number), kind, present, dice.randrange(120)))
    return clients


def _skills(dice: random.Random) -> frozenset[str]:
    return frozenset(skill for skill in SKILLS if dice.random() < SKILLED)


def plain_network(problem: Problem, least: Mapping[Kind, int]) -> Network:
    """Return the graph with a node for every customer and an arc for every pair that may be."""
    network = Network()
    sink = network.node(-len(problem.clients))
    desks = {manager_id: network.node() for manager_id in problem.desk_of}
    dearest = 1
    for manager_id, desk in problem.desk_of.items():
        for cost, places in load_steps(problem.weights, desk, desk.room):
            network.arc(desks[manager_id], sink, places, cost)
            dearest = max(dearest, cost)
    rows: Mapping[Kind, list[tuple[UUID, int]]] = {
        kind: [(desk.manager_id, cost) for desk, cost in candidates(problem, kind, least=far)]
        for kind, far in least.items()
    }
    broken = {client.customer_id: broken_cost(problem, client) for client in problem.clients if keeps(problem, client)}
    dearest += max(cost for row in rows.values() for _, cost in row) + max(broken.values(), default=0)
    nobody = dearest * 2 * (len(desks) + 1)
    for client in problem.clients:
        node, leaving = network.node(1), broken.get(client.customer_id, 0)
        network.arc(node, sink, 1, nobody * (client.kind.tier_rank + 2))
        for manager_id, cost in rows[client.kind]:
            if not leaving or manager_id != client.present:
                network.arc(node, desks[manager_id], 1, cost + leaving)
        if leaving and client.present is not None:
            stay = costs_of(problem, client.kind, problem.desk_of[client.present])
            network.arc(node, desks[client.present], 1, sum(stay.values()))
    return network
