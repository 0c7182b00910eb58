"""The worker's part: it reads the book, solves it in a process of its own and keeps what comes out."""

import asyncio
import json
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from datetime import date, timedelta
from multiprocessing import get_context
from typing import Any, Final
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.core import clock
from guibin.core.database import SessionFactory
from guibin.core.logging import error_facts, logger
from guibin.managers.eligibility.repository import with_demands
from guibin.managers.matrix.repository import content_on
from guibin.managers.planning import repository
from guibin.managers.planning.explaining import Outcome, plan
from guibin.managers.planning.models import AssignmentPlan, AssignmentPlanKind, AssignmentPlanState, Movable, PlanStep
from guibin.managers.planning.repository import Entry
from guibin.managers.planning.rules import Client, Desk, Kind, Part, Places, Problem, Reach, may_serve
from guibin.managers.repository import frozen_managers, seats
from guibin.managers.rules import Seat, Waiting
from guibin.organisation.models import BranchKind
from guibin.privacy.repository import blocked_among
from guibin.privacy.rules import Act
from guibin.security.row_scope import all_rows

CLAIM: Final = timedelta(minutes=15)
"""How long a worker may be silent before another one takes the plan up."""

Solver = Callable[[Problem], Awaitable[Outcome]]


async def solve_apart(problem: Problem) -> Outcome:
    """Solve in a process of its own, which ends with the plan: whatever else this process does goes on."""
    with ProcessPoolExecutor(max_workers=1, mp_context=get_context("spawn")) as pool:
        return await asyncio.get_running_loop().run_in_executor(pool, plan, problem)


async def tend_plans(sessions: SessionFactory, *, solve: Solver = solve_apart) -> int:
    """Compute the plans that wait, one after the other; returns how many. One that fails says so, no other waits."""
    done = 0
    while True:
        async with sessions.begin() as session:
            now = clock.now()
            claimed = await repository.claim_plan(session, now=now, until=now + CLAIM)
        if claimed is None:
            return done
        try:
            await _compute(sessions, claimed, solve)
        except Exception as error:  # noqa: BLE001 - the plan says that it failed, and the next one is computed
            logger().error("plan_failed", plan=str(claimed.id), **error_facts(error))
            async with sessions.begin() as session:
                await repository.tell_step(
                    session, claimed.id, state=AssignmentPlanState.FAILED, failure=type(error).__name__
                )
        done += 1


async def _compute(sessions: SessionFactory, asked: AssignmentPlan, solve: Solver) -> None:
    async with sessions.begin() as session:
        await repository.tell_step(session, asked.id, step=PlanStep.READING)
    async with sessions.begin() as session:
        book, problem = await read_problem(session, asked, day=clock.today())
    async with sessions.begin() as session:
        facts = {"step": PlanStep.SOLVING, "customers": len(problem.clients), "claimed_until": clock.now() + CLAIM}
        await repository.tell_step(session, asked.id, **facts)
    outcome = await solve(problem)
    async with sessions.begin() as session:
        facts = {
            "state": AssignmentPlanState.READY,
            "step": None,
            "claimed_until": None,
            "computed_at": clock.now(),
            "cost_before": outcome.cost_before,
            "cost_after": outcome.cost_after,
        }
        if await repository.tell_step(session, asked.id, **facts):
            moves = list(_moves(asked.id, outcome, {entry.customer_id: entry for entry in book}))
            await repository.write_result(session, asked.id, moves=moves, books=_books(asked, problem, outcome))


async def read_problem(session: AsyncSession, asked: AssignmentPlan, *, day: date) -> tuple[Sequence[Entry], Problem]:
    """Return the customers whom a plan may move, and the problem that they make with the managers of its subtree."""
    book = await repository.read_book(session, branch_id=asked.branch_id, manager_id=asked.manager_id, day=day)
    if asked.kind == AssignmentPlanKind.REBALANCE:
        elsewhere = await frozen_managers(session)
        book = [one for one in book if one.tier is not None and one.manager_id not in elsewhere]
    places, below = await places_of(session, asked.branch_id)
    desks = [_desk(seat) for seat in await seats(session, day=day) if seat.branch_id in below]
    demands = await with_demands(session, [_waiting(entry) for entry in book], day=day)
    problem = Problem(
        [_client(entry, demand, day) for entry, demand in zip(book, demands, strict=True)],
        desks,
        (await content_on(session, day)).preferences(),
        places,
        {part: asked.weights[part] for part in Part},
        Reach(asked.reach),
        {entry.tier: demand.minutes for entry, demand in zip(book, demands, strict=True)},
    )
    movable = _movable(problem, Movable(asked.movable))
    if asked.kind == AssignmentPlanKind.REBALANCE:
        async with all_rows(session):
            movable -= await blocked_among(session, movable, Act.ASSIGN, day=day)
    return [one for one in book if one.customer_id in movable], _only(problem, movable)


async def places_of(session: AsyncSession, root: UUID) -> tuple[Places, frozenset[UUID]]:
    """Return the organisation's tree, and the nodes at and below one of them."""
    branches, pairs = await repository.branches_of(session)
    parents = {branch.id: branch.parent_id for branch in branches}
    regions = {branch.id for branch in branches if branch.kind == BranchKind.REGION}
    above = {branch.id: list(_upwards(branch.id, parents)) for branch in branches}
    region_of = {
        branch_id: next(node for node in nodes if node in regions)
        for branch_id, nodes in above.items()
        if not regions.isdisjoint(nodes)
    }
    below = frozenset(pair.descendant_id for pair in pairs if pair.ancestor_id == root)
    return Places(above, {branch.id: branch.city_code for branch in branches}, region_of), below


def _upwards(node: UUID, parents: Mapping[UUID, UUID | None]) -> Iterator[UUID]:
    at: UUID | None = node
    while at is not None:
        yield at
        at = parents[at]


def _desk(seat: Seat) -> Desk:
    soft = seat.capacity if seat.soft_capacity is None else seat.soft_capacity
    return Desk(
        *(seat.manager_id, seat.branch_id, seat.grade, seat.capacity, soft),
        skills=seat.skills,
        takes=not seat.absent,
        base=seat.load,
        base_load=seat.minutes,
        most_load=seat.hard_minutes,
        languages=seat.languages,
        licences=seat.licences,
        serves=seat.reach,
    )


def _waiting(entry: Entry) -> Waiting:
    return Waiting(entry.customer_id, entry.tier or "", entry.rank, entry.branch_id, managed=entry.tier is not None)


def _client(entry: Entry, demand: Waiting, day: date) -> Client:
    """Return a customer with the full or begun months together, and what that customer asks of a manager."""
    months = (day.year - entry.since.year) * 12 + day.month - entry.since.month if entry.since else 0
    claimant = demand.claimant if demand.wish is None else None  # whom the customer wishes is stronger than a claim
    asks = (demand.skills, demand.conflicts, demand.language, demand.licences, claimant)
    kind = Kind(entry.branch_id, entry.tier, entry.rank, *asks)
    return Client(entry.customer_id, kind, entry.manager_id, max(months, 0))


def _movable(problem: Problem, asked: Movable) -> frozenset[UUID]:
    """Return whom a plan may move; a book that is too full puts all of its customers up, and keeps whom it can."""

    def moves(client: Client) -> bool:
        desk = problem.desk_of.get(client.present) if client.present else None
        if asked is Movable.EVERYBODY or desk is None:
            return True
        overfull = desk.base > desk.capacity or not may_serve(problem, client.kind, desk)
        return asked is Movable.OVERFULL and overfull

    return frozenset(client.customer_id for client in problem.clients if moves(client))


def _only(problem: Problem, movable: frozenset[UUID]) -> Problem:
    """Return the problem of those who may move: all others are the base of their managers' books."""
    clients = [client for client in problem.clients if client.customer_id in movable]
    gone, loads = Counter(client.present for client in clients), _loads(problem, clients)
    desks = [
        replace(desk, base=desk.base - gone[desk.manager_id], base_load=max(desk.base_load - loads[desk.manager_id], 0))
        for desk in problem.desks
    ]
    return replace(problem, clients=clients, desks=desks)


def _loads(problem: Problem, clients: Sequence[Client]) -> Counter[UUID | None]:
    """Return the weighted load of some customers by their present manager."""
    loads: Counter[UUID | None] = Counter()
    for client in clients:
        loads[client.present] += problem.load_of(client.kind)
    return loads


def _moves(plan_id: UUID, outcome: Outcome, book: Mapping[UUID, Entry]) -> Iterator[Sequence[Any]]:
    """Return the rows of the moves, in the order of the table's columns."""
    for verdict in outcome.verdicts:
        entry = book[verdict.customer_id]
        yield (
            entry.customer_id,
            plan_id,
            entry.tier,
            entry.coverage_id,
            entry.manager_id,
            verdict.chosen,
            verdict.unplaced,
            json.dumps(verdict.costs),
            verdict.next_best,
            json.dumps(verdict.next_costs),
            verdict.why_not,
            False,
        )


def _books(asked: AssignmentPlan, problem: Problem, outcome: Outcome) -> Iterator[Sequence[Any]]:
    """Return the rows of the books; that of a leaver is what finds no place."""
    before = Counter(client.present for client in problem.clients)
    loads = _loads(problem, problem.clients)
    for desk in problem.desk_of.values():
        one = desk.manager_id
        counts = (desk.base + before[one], outcome.counts[one])
        yield asked.id, one, desk.capacity, *counts, desk.base_load + loads[one], outcome.loads[one]
    if asked.manager_id is not None:
        left = [verdict for verdict in outcome.verdicts if verdict.chosen is None]
        stay = {verdict.customer_id for verdict in left}
        load = sum(problem.load_of(client.kind) for client in problem.clients if client.customer_id in stay)
        yield asked.id, asked.manager_id, 0, before[asked.manager_id], len(left), loads[asked.manager_id], load
