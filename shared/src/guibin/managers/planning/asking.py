"""What staff do with plans: ask for one, let a manager leave, submit what was computed, call it off."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy.exc import IntegrityError
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.approvals import service as approvals
from guibin.approvals.models import Approval
from guibin.audit import service as audit
from guibin.core import clock
from guibin.core.errors import NotFound
from guibin.core.ids import new_id, to_public
from guibin.managers.joint import service as joint
from guibin.managers.models import Manager
from guibin.managers.planning import repository
from guibin.managers.planning.applying import KIND, preview_of, stale_plan
from guibin.managers.planning.errors import ManagerLeaving, PlanEmpty, PlanNotReady
from guibin.managers.planning.models import AssignmentPlan, AssignmentPlanKind, AssignmentPlanState, Movable, Unplaced
from guibin.managers.planning.rules import Part, Reach
from guibin.managers.terms.service import COVERAGE_TERMS
from guibin.organisation.repository import subtree_ids
from guibin.security.actors import Actor, Domain, Scope
from guibin.security.row_scope import all_rows


@dataclass(frozen=True)
class Wish:
    """What a plan shall do: whom it may move, how far managers may stand, what counts how much, and why."""

    reason: str
    movable: Movable = Movable.EVERYBODY
    reach: Reach = Reach.BRANCH
    weights: Mapping[Part, int] | None = None
    unplaced: Unplaced = Unplaced.STAY


async def reachable_branches(session: AsyncSession, scope: Scope) -> Sequence[UUID] | None:
    """Return the nodes that a caller's scope opens; None for all."""
    return None if scope.whole_bank else await subtree_ids(session, scope.branch_roots)


async def find_plan(session: AsyncSession, scope: Scope, plan_id: UUID, *, lock: bool = False) -> AssignmentPlan:
    """Return a plan over branches of the scope.

    Raises:
        NotFound: there is none.
    """
    plan = await repository.get_plan(session, plan_id, lock=lock)
    await _check_reach(session, scope, plan.branch_id)
    return plan


async def _check_reach(session: AsyncSession, scope: Scope, branch_id: UUID) -> None:
    branches = await reachable_branches(session, scope)
    if branches is not None and branch_id not in branches:
        raise NotFound


async def ask_for_plan(
    session: AsyncSession, scope: Scope, *, actor: Actor, branch_id: UUID, wish: Wish
) -> AssignmentPlan:
    """Ask for a plan over a subtree; the worker computes it.

    Raises:
        NotFound: no such node in the scope.
    """
    await _check_reach(session, scope, branch_id)
    if branch_id not in await subtree_ids(session, [branch_id]):
        raise NotFound
    plan = await _plan(session, actor, branch_id, wish)
    session.add(plan)
    await _record(session, plan, actor, "assignment_plan.create")
    return plan


async def let_leave(
    session: AsyncSession, scope: Scope, *, actor: Actor, manager_id: UUID, branch_id: UUID | None, wish: Wish
) -> AssignmentPlan:
    """Freeze a manager, who gets nobody new from now on, and ask for a plan that hands the book over.

    The manager accompanies nobody any more of those who were given away before.

    `branch_id` is the node whose managers may take customers; without one it is the manager's branch. One who has left
    with customers for whom there was no place may be planned again.

    Raises:
        NotFound: no such manager, or node, in the scope.
        ManagerLeaving: a plan for this leave is open.
    """
    manager = await repository.lock_manager(session, manager_id)
    await _check_reach(session, scope, manager.branch_id)
    await _check_reach(session, scope, branch_id or manager.branch_id)
    if not manager.active:
        raise ManagerLeaving
    manager.leaving_since = manager.leaving_since or clock.today()
    session.add(manager)
    plan = await _plan(session, actor, branch_id or manager.branch_id, wish, manager)
    session.add(plan)
    try:
        await session.flush()
    except IntegrityError:
        raise ManagerLeaving from None
    await joint.uphold(session, manager_id=manager.id)
    await _record(session, plan, actor, "manager.leave")
    return plan


async def _plan(
    session: AsyncSession, actor: Actor, branch_id: UUID, wish: Wish, manager: Manager | None = None
) -> AssignmentPlan:
    terms = (await COVERAGE_TERMS.in_force(session)).terms
    return AssignmentPlan(
        id=new_id(),
        kind=AssignmentPlanKind.LEAVE if manager else AssignmentPlanKind.REBALANCE,
        branch_id=branch_id,
        manager_id=manager.id if manager else None,
        movable=wish.movable,
        reach=wish.reach,
        unplaced=wish.unplaced,
        reason=wish.reason,
        weights=terms.plan_weights.model_dump() | {str(part): weight for part, weight in (wish.weights or {}).items()},
        asked_by=actor.id,
        created_at=clock.now(),
    )


async def submit_plan(
    session: AsyncSession,
    scope: Scope,
    *,
    actor: Actor,
    plan_id: UUID,
    without: Sequence[UUID] = (),
    without_changed: bool = False,
) -> Approval:
    """Ask another person to let a plan be applied, without some customers, and without those who changed meanwhile.

    Raises:
        NotFound: no such plan, or a customer of it is out of the scope.
        PlanNotReady: it is not computed, or submitted already.
        PlanStale: customers have changed since, and nobody said to go on without them; a leaver's plan goes on.
        PlanEmpty: nobody changes hands.
    """
    plan = await find_plan(session, scope, plan_id, lock=True)
    if plan.state != AssignmentPlanState.READY:
        raise PlanNotReady(state=plan.state)
    async with all_rows(session):  # a plan is looked at as a whole; what is out of scope refuses it
        await repository.leave_out(session, plan.id, without)
        stale = await repository.stale_moves(session, plan.id, day=clock.today())
        if stale and not without_changed and plan.kind != AssignmentPlanKind.LEAVE:
            raise stale_plan(stale)
        await repository.leave_out(session, plan.id, stale)
        if await repository.outside(session, scope, plan.id):
            raise NotFound
        preview, digest = await preview_of(session, plan), await repository.digest_of(session, plan.id)
    if not preview["moves"] and plan.kind != AssignmentPlanKind.LEAVE:
        raise PlanEmpty
    plan.state = AssignmentPlanState.SUBMITTED
    approval = await approvals.submit(
        session,
        actor=actor,
        kind=KIND,
        domain=Domain.MANAGERS,
        subject=to_public("asp", plan.id),
        payload={"plan_id": str(plan.id), "digest": digest},
        preview=preview,
        branch_id=plan.branch_id,
    )
    plan.approval_id = approval.id
    session.add(plan)
    return approval


async def cancel_plan(session: AsyncSession, scope: Scope, *, actor: Actor, plan_id: UUID) -> AssignmentPlan:
    """Call a plan off; a manager who was to leave by it takes customers again, unless the book is handed over already.

    Raises:
        NotFound: no such plan in the scope.
        PlanNotReady: it is submitted, applied or called off.
    """
    plan = await find_plan(session, scope, plan_id, lock=True)
    if plan.state not in {
        AssignmentPlanState.WAITING,
        AssignmentPlanState.COMPUTING,
        AssignmentPlanState.READY,
        AssignmentPlanState.FAILED,
    }:
        raise PlanNotReady(state=plan.state)
    plan.state, plan.step, plan.claimed_until = AssignmentPlanState.CANCELLED, None, None
    session.add(plan)
    if plan.manager_id is not None:
        manager = await repository.lock_manager(session, plan.manager_id)
        if manager.left_on is None:
            manager.leaving_since = None
            session.add(manager)
    await _record(session, plan, actor, "assignment_plan.cancel")
    return plan


async def _record(session: AsyncSession, plan: AssignmentPlan, actor: Actor, action: str) -> None:
    await audit.record(
        session,
        actor=actor,
        action=action,
        object_type="assignment_plan",
        object_id=to_public("asp", plan.id),
        reason=plan.reason,
        facts={"kind": plan.kind, "movable": plan.movable, "reach": plan.reach},
    )
