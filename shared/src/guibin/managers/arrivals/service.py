"""A single arrival gets a manager at once, and the rules by which arrivals are given out."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.audit import service as audit
from guibin.core import clock
from guibin.core.errors import NotFound
from guibin.core.ids import to_public
from guibin.customers.models import Customer
from guibin.customers.repository import get_customer, lock_customers
from guibin.managers import repository, rules
from guibin.managers.arrivals import repository as arrivals
from guibin.managers.arrivals.errors import RuleInvalid
from guibin.managers.arrivals.models import AssignmentRule
from guibin.managers.eligibility.repository import as_waiting
from guibin.managers.errors import AlreadyServed
from guibin.managers.followers import Change, follow_all
from guibin.managers.matrix.repository import content_on
from guibin.managers.models import ArrivalStrategy, ChosenBy, UnassignedReason
from guibin.organisation.models import Branch
from guibin.organisation.repository import subtree_ids
from guibin.security.actors import Actor, Scope

BY_ARRIVAL: Final = "arrival"


@dataclass(frozen=True)
class Candidate:
    """A manager who was looked at: what was carried before, what stands against it, what the strategy made of it."""

    seat: rules.Seat
    load: int
    minutes: int
    preference: int | None
    score: float | None
    obstacles: Sequence[rules.Obstacle]


@dataclass(frozen=True)
class Arrival:
    """What came of an arrival: who was chosen and why this one, or the reason for none.

    The chosen seat carries the customer already. `rule_branch_id` is the node whose rule counted; None: none did.
    """

    customer: rules.Waiting
    strategy: ChosenBy
    rule_branch_id: UUID | None
    candidates: Sequence[Candidate]
    chosen: rules.Seat | None
    reason: UnassignedReason | None
    since: date | None


async def arrive(session: AsyncSession, scope: Scope, *, actor: Actor, customer_id: UUID, dry_run: bool) -> Arrival:
    """Give a customer who has nobody a manager at once, or a place in the queue with the reason; a dry run only tells.

    Locks managers, then the rule, then the customer.

    Raises:
        NotFound: the customer is out of scope.
        AlreadyServed: the customer has a manager.
    """
    customer, today = await get_customer(session, scope, customer_id=customer_id), clock.today()
    here = await arrivals.managers_reaching(session, customer.branch_id)
    if not dry_run:
        await repository.lock_managers(session, here)
    nodes = await arrivals.rule_nodes(session, customer.branch_id)
    rule = (await arrivals.load_rules(session, nodes, lock=not dry_run)).get(customer.branch_id) or rules.Rule()
    if not dry_run:
        await lock_customers(session, [customer.id])
    if await repository.open_coverages(session, customer_ids=[customer.id]):
        raise AlreadyServed
    turn, arrival = rule.turn, await _look(session, customer, here, rule)
    if dry_run:
        return arrival
    await arrivals.keep_turns(session, rule, before=turn)
    if arrival.chosen is None:
        await _queue(session, arrival, today)
        return arrival
    return await _begin(session, scope, actor, arrival)


async def _look(session: AsyncSession, customer: Customer, here: Sequence[UUID], rule: rules.Rule) -> Arrival:
    today = clock.today()
    [waiting] = await as_waiting(session, [customer], day=today)
    matrix = (await content_on(session, today)).preferences() if waiting.managed else {}
    seats = await repository.seats(session, day=today, manager_ids=here, everybody=True)
    strategy = rule.otherwise if rule.strategy is ArrivalStrategy.PREFERENCE_FIRST else rule.strategy
    candidates = [
        Candidate(
            seat=seat,
            load=seat.load,
            minutes=seat.minutes,
            preference=matrix.get((seat.grade, waiting.tier_code)),
            score=None if found else rules.score_of(waiting, seat, rule, strategy),
            obstacles=found,
        )
        for seat in sorted(seats, key=lambda one: one.manager_id)
        for found in [rules.obstacles(waiting, seat, matrix)]
    ]
    able = [one.seat for one in candidates if not one.obstacles] if waiting.managed else []
    if able:
        choice = rules.choose_among(waiting, able, matrix, rule)
        choice.seat.take(waiting)
        return Arrival(waiting, choice.by, rule.branch_id, candidates, choice.seat, None, None)
    found = [one.obstacles for one in candidates]
    reason = rules.reason_for(waiting, found, matrix) if waiting.managed else UnassignedReason.NO_RULE
    return Arrival(waiting, ChosenBy(rule.strategy), rule.branch_id, candidates, None, reason, None)


async def _queue(session: AsyncSession, arrival: Arrival, today: date) -> None:
    """Put a customer of a managed tier into the queue; whoever is in none is the pool's and does not wait.

    Nor does whom a restriction keeps from being assigned.
    """
    if arrival.customer.managed and not arrival.customer.restricted and arrival.reason is not None:
        reasons = {arrival.customer.customer_id: (arrival.reason, None)}
        await repository.put_unassigned(session, [arrival.customer], reasons, since=today)


async def _begin(session: AsyncSession, scope: Scope, actor: Actor, arrival: Arrival) -> Arrival:
    chosen, customer_id = arrival.chosen, arrival.customer.customer_id
    if chosen is None:
        raise LookupError("nobody was chosen")
    today = clock.today()
    since = await repository.free_from(session, customer_id, today)
    await repository.begin_coverage(
        session, {customer_id: chosen.manager_id}, {customer_id: since}, source=BY_ARRIVAL, reason=arrival.strategy
    )
    await repository.resolve_unassigned(session, [customer_id], on_day=today)
    await follow_all(session, [Change(customer_id, None, chosen.manager_id, since, arrival.strategy, BY_ARRIVAL)])
    await audit.record(
        session,
        actor=actor,
        action="coverage.arrive",
        object_type="customer",
        object_id=to_public("cus", customer_id),
        owner_id=customer_id,
        scope=scope,
        facts={"manager_id": to_public("mgr", chosen.manager_id), "strategy": arrival.strategy},
    )
    return Arrival(arrival.customer, arrival.strategy, arrival.rule_branch_id, arrival.candidates, chosen, None, since)


@dataclass(frozen=True)
class WantedRule:
    """How arrivals of a node are to be given out."""

    strategy: ArrivalStrategy
    otherwise: ArrivalStrategy
    max_wait_days: int | None


async def put_rule(
    session: AsyncSession,
    scope: Scope,
    *,
    actor: Actor,
    branch: Branch,
    found: AssignmentRule | None,
    wanted: WantedRule,
) -> AssignmentRule:
    """Set the rule of a node, `found` being the locked one that there is; whose turn it is stays.

    Raises:
        NotFound: the node is outside the scope.
        RuleInvalid: a wish cannot be what is done without one.
    """
    if not scope.whole_bank and branch.id not in await subtree_ids(session, scope.branch_roots):
        raise NotFound
    if wanted.otherwise is ArrivalStrategy.PREFERENCE_FIRST:
        raise RuleInvalid
    rule = found or AssignmentRule(branch_id=branch.id, strategy="", otherwise="", revision=0, updated_at=clock.now())
    before = None if found is None else _document(rule)
    rule.strategy, rule.otherwise = wanted.strategy, wanted.otherwise
    rule.max_wait_days, rule.updated_at = wanted.max_wait_days, clock.now()
    rule.revision += 1
    session.add(rule)
    await session.flush()
    await audit.record(
        session,
        actor=actor,
        action="assignment_rule.put",
        object_type="branch",
        object_id=to_public("brn", branch.id),
        before=before,
        after=_document(rule),
        facts={"revision": rule.revision},
    )
    return rule


def _document(rule: AssignmentRule) -> dict[str, object]:
    return {"strategy": rule.strategy, "otherwise": rule.otherwise, "max_wait_days": rule.max_wait_days}
