"""A plan is applied: everybody in it changes hands in one transaction, or nobody does."""

from collections import Counter
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Final
from uuid import UUID

from sqlalchemy.exc import IntegrityError
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.approvals.handlers import ApprovalContext, ApprovalHandler, Label
from guibin.audit import service as audit
from guibin.core import clock
from guibin.core.errors import NotFound
from guibin.core.ids import to_public
from guibin.managers.eligibility.repository import as_waiting
from guibin.managers.errors import AssigneeInvalid
from guibin.managers.followers import Change, follow_all
from guibin.managers.matrix.repository import content_on
from guibin.managers.models import Coverage
from guibin.managers.planning import repository
from guibin.managers.planning.computing import places_of
from guibin.managers.planning.errors import PlanNotReady, PlanStale
from guibin.managers.planning.models import AssignmentPlan, AssignmentPlanKind, AssignmentPlanState, PlanMove, Unplaced
from guibin.managers.planning.rules import Reach
from guibin.managers.repository import begin_coverage, end_coverage, lock_managers, seats
from guibin.managers.rules import Obstacle, obstacles
from guibin.managers.service.by_hand import BY_STAFF, EXCLUSION_VIOLATED
from guibin.managers.stability import gradual
from guibin.security.actors import Domain, Verb
from guibin.security.row_scope import all_rows

KIND: Final = "assignment.plan"
PLANNED: Final = "assignment_plan"
LEFT: Final = "manager_left"
INTERIM: Final = "interim"
"""Why a coverage began or ended."""

EXAMPLES: Final = 5


def stale_plan(customer_ids: Sequence[UUID]) -> PlanStale:
    """Name some of the customers who have changed since a plan was computed."""
    examples = [to_public("cus", customer_id) for customer_id in customer_ids[:EXAMPLES]]
    return PlanStale(customers=len(customer_ids), examples=examples)


async def preview_of(session: AsyncSession, plan: AssignmentPlan) -> dict[str, object]:
    """Return what an approver looks at; the moves themselves stand in pages of the plan."""
    tallies = [one for one in await repository.tallies(session, plan.id) if not one.left_out]
    moving = [one for one in tallies if one.unplaced is None]
    by_tier: Counter[str] = Counter()
    for one in moving:
        by_tier[one.tier_code or "-"] += one.customers
    books = await repository.list_books(session, plan.id)
    return {
        "kind": plan.kind,
        "reason": plan.reason,
        "moves": sum(one.customers for one in moving),
        "first_manager": sum(one.customers for one in moving if not one.had_manager),
        "by_tier": dict(sorted(by_tier.items())),
        "no_place": sum(one.customers for one in tallies if one.unplaced is not None),
        "cost_before": plan.cost_before,
        "cost_after": plan.cost_after,
        "loads": [
            {"manager_id": to_public("mgr", book.manager_id), "before": book.before, "after": book.after}
            for book in books
            if book.before != book.after
        ],
    }


class PlanHandler(ApprovalHandler):
    """Carries out `assignment.plan`."""

    kind = KIND
    domain = Domain.MANAGERS
    maker_verb = Verb.WRITE
    title = Label("执行客户分配方案", "Apply an assignment plan")
    labels = MappingProxyType(
        {
            "kind": Label("方案类型", "Kind"),
            "reason": Label("原因", "Reason"),
            "moves": Label("变动客户数", "Customers who change hands"),
            "first_manager": Label("其中首次分配", "Of these, without a manager before"),
            "by_tier": Label("各层级变动客户数", "By tier"),
            "no_place": Label("暂无法安排客户数", "Customers without a place"),
            "cost_before": Label("调整前总成本", "Cost before"),
            "cost_after": Label("调整后总成本", "Cost after"),
            "loads": Label("客户经理管户数变化", "Books before and after"),
            "manager_id": Label("客户经理", "Manager"),
            "before": Label("变动前", "Before"),
            "after": Label("变动后", "After"),
        }
    )

    async def execute(self, session: AsyncSession, payload: Mapping[str, object], *, context: ApprovalContext) -> None:
        """Apply the plan that was approved, if nobody in it has changed and every book still has the room.

        Raises:
            PlanNotReady: it is not any more what was submitted.
            NotFound: a customer is not any more the maker's to move; a leaver's plan goes on without.
            PlanStale, AssigneeInvalid: customers or managers have changed since.
        """
        plan = await repository.get_plan(session, UUID(str(payload["plan_id"])), lock=True)
        if plan.state != AssignmentPlanState.SUBMITTED or payload["digest"] != await repository.digest_of(
            session, plan.id
        ):
            raise PlanNotReady(state=plan.state)
        if out_of_scope := await repository.outside(session, context.maker_scope, plan.id):
            if plan.kind != AssignmentPlanKind.LEAVE:
                raise NotFound
            await repository.leave_out(session, plan.id, out_of_scope)
        await apply(session, plan)
        await audit.record(
            session,
            actor=context.approver,
            action="assignment_plan.apply",
            object_type="assignment_plan",
            object_id=to_public("asp", plan.id),
            reason=plan.reason,
            on_behalf_id=context.maker_id,
            facts={"approval": to_public("apr", context.approval_id), "kind": plan.kind},
        )

    async def give_back(self, session: AsyncSession, payload: Mapping[str, object]) -> None:
        """Let the plan be submitted again, or called off."""
        plan = await repository.get_plan(session, UUID(str(payload["plan_id"])), lock=True)
        if plan.state == AssignmentPlanState.SUBMITTED:
            plan.state = AssignmentPlanState.READY
            session.add(plan)


async def apply(session: AsyncSession, plan: AssignmentPlan) -> None:
    """Let everybody of a plan change hands today; locks every manager concerned first, as all assignments do.

    Raises:
        PlanStale, AssigneeInvalid: customers or managers have changed since it was computed.
    """
    today, moves = clock.today(), await repository.moves_to_make(session, plan.id)
    interim = await _interim(session, plan, moves)
    concerned = {one for move in moves for one in (move.from_manager_id, move.to_manager_id) if one is not None}
    await lock_managers(session, {*concerned, *interim.values(), *([plan.manager_id] if plan.manager_id else [])})
    out = await _left_out(session, plan, moves)
    taking = {
        move.customer_id: move.to_manager_id
        for move in moves
        if move.to_manager_id is not None and move.customer_id not in out
    }
    interim = {customer_id: head for customer_id, head in interim.items() if customer_id not in out}
    seen = {one.customer_id: one for one in await repository.coverages_to_end(session, plan.id)}
    ended = [one for customer_id, one in seen.items() if customer_id in taking or customer_id in interim]
    await gradual.cancel(session, sorted({*taking, *interim}), on_day=today)
    reason = LEFT if plan.kind == AssignmentPlanKind.LEAVE else PLANNED
    await end_coverage(session, {one.customer_id: max(today, one.valid_from) for one in ended}, ended, reason)
    for placements, why in ((taking, reason), (interim, INTERIM)):
        await _begin(session, placements, seen, why)
    await repository.settle_queue(session, plan.id, day=today)
    await _end_leave(session, plan)
    plan.state, plan.applied_at = AssignmentPlanState.APPLIED, clock.now()
    session.add(plan)


async def _interim(session: AsyncSession, plan: AssignmentPlan, moves: Sequence[PlanMove]) -> dict[UUID, UUID]:
    """Return who goes to the branch's head for the time being: those without a place, where the plan says so."""
    if plan.manager_id is None or plan.unplaced != Unplaced.BRANCH_HEAD:
        return {}
    head = await repository.head_of(session, await repository.lock_manager(session, plan.manager_id))
    return {move.customer_id: head for move in moves if move.unplaced is not None} if head else {}


async def _left_out(session: AsyncSession, plan: AssignmentPlan, moves: Sequence[PlanMove]) -> set[UUID]:
    """Return whom a plan does not move after all: of a leaver those who changed, or whose taker cannot take them now.

    A book goes on living until its plan is agreed to, and must not keep a leaver for it. Who stays in it is placed by
    the nights to come.

    Raises:
        PlanStale, AssigneeInvalid: the plan is another one, which stands or falls as a whole.
    """
    stale = await repository.stale_moves(session, plan.id, day=clock.today())
    if plan.kind != AssignmentPlanKind.LEAVE and stale:
        raise stale_plan(stale)
    out = set(stale)
    faults = await _faults(session, plan, [move for move in moves if move.customer_id not in out])
    if plan.kind != AssignmentPlanKind.LEAVE and faults:
        raise AssigneeInvalid(reason=next(iter(faults.values())))
    out |= faults.keys()
    await repository.leave_out(session, plan.id, sorted(out))
    return out


async def _faults(session: AsyncSession, plan: AssignmentPlan, moves: Sequence[PlanMove]) -> dict[UUID, Obstacle]:
    """Return why customers cannot go where they should, by what holds today, as arrivals are held to it.

    A manager may stand as far away as the plan allows, and a skill that is missing costs something and forbids nothing.
    Who is not to be assigned anew goes along when the manager leaves.
    """
    today, going = clock.today(), [move for move in moves if move.to_manager_id is not None]
    desks = {seat.manager_id: seat for seat in await seats(session, day=today)}
    matrix = (await content_on(session, today)).preferences()
    places, _ = await places_of(session, plan.branch_id)
    async with all_rows(session):
        customers = await repository.customers_of(session, [move.customer_id for move in going])
    waiting = {one.customer_id: one for one in await as_waiting(session, customers, day=today)}
    for move in going:
        if move.from_manager_id in desks:
            desks[move.from_manager_id].give(waiting[move.customer_id])
    faults: dict[UUID, Obstacle] = {}
    for move in going:
        one, seat = waiting[move.customer_id], desks.get(move.to_manager_id) if move.to_manager_id else None
        if seat is None:
            faults[move.customer_id] = Obstacle.INACTIVE
            continue
        allowed = {Obstacle.SKILL, *([Obstacle.RESTRICTED] if plan.kind == AssignmentPlanKind.LEAVE else [])}
        if places.within(Reach(plan.reach), one.branch_id, seat.branch_id):
            allowed.add(Obstacle.OTHER_BRANCH)
        against = [found for found in obstacles(one, seat, matrix) if found not in allowed]
        if against:
            faults[move.customer_id] = against[0]
        else:
            seat.take(one)
    return faults


async def _begin(
    session: AsyncSession, placements: Mapping[UUID, UUID], seen: Mapping[UUID, Coverage], reason: str
) -> None:
    """Begin coverages today, and let follow what follows.

    Raises:
        PlanStale: somebody assigned one of the customers at the same moment.
    """
    today = clock.today()
    try:
        await begin_coverage(session, placements, dict.fromkeys(placements, today), source=BY_STAFF, reason=reason)
    except IntegrityError as error:
        if getattr(error.orig, "sqlstate", None) == EXCLUSION_VIOLATED:
            raise PlanStale(customers=1, examples=[]) from None
        raise
    givers = {customer_id: one.manager_id for customer_id, one in seen.items()}
    await follow_all(
        session,
        [Change(one, givers.get(one), taker, today, reason, BY_STAFF) for one, taker in placements.items()],
    )


async def _end_leave(session: AsyncSession, plan: AssignmentPlan) -> None:
    """Hand the leaver's book to the nights to come as far as it is not empty; end the manager where it is."""
    if plan.manager_id is None:
        return
    manager = await repository.lock_manager(session, plan.manager_id)
    manager.left_on = manager.left_on or clock.today()
    session.add(manager)
    await session.flush()
    await repository.end_empty_books(session, day=clock.today())
