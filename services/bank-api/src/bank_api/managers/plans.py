"""Plans of assignment on the bank port: asked for, computed by the worker, looked at, submitted, applied."""

from typing import Annotated

from fastapi import Query

from bank_api.approvals.schemas import SubmittedOut
from guibin.core.errors import NotFound
from guibin.core.ids import AssignmentPlanId, ManagerId
from guibin.managers.planning import asking, repository
from guibin.managers.planning.errors import ManagerLeaving, PlanEmpty, PlanNotReady, PlanStale
from guibin.security.actors import Domain, Verb
from guibin.web import (
    DataClass,
    Idempotency,
    Page,
    PageRequest,
    PortRouter,
    RateClass,
    StaffCall,
    declare,
    json_body,
    page_query,
    staff,
)

from .plan_schemas import (
    AssignmentPlanDetailOut,
    AssignmentPlanIn,
    AssignmentPlanOut,
    ManagerLeaveIn,
    ManagerLeaveOut,
    PlanBookOut,
    PlanBooksOut,
    PlanMoveOut,
    PlanSubmissionIn,
)

router = PortRouter(prefix="/v1", tags=["managers"])

READ = staff(Verb.READ, Domain.MANAGERS)
ASSIGN = staff(Verb.WRITE, Domain.MANAGERS)


@router.get("/assignments/plans", operation_id="listAssignmentPlans")
@declare(caller=READ, rate=RateClass.READ, data=DataClass.C1)
async def list_plans(call: StaffCall, page: Annotated[PageRequest, page_query()]) -> Page[AssignmentPlanOut]:
    """List the plans over nodes within the caller's scope, newest first."""
    branches = await asking.reachable_branches(call.session, call.scope)
    rows = await repository.list_plans(call.session, branches=branches, limit=page.fetch, before=page.after_moment)
    return page.answer(rows, position=lambda row: (row.created_at, row.id), shape=AssignmentPlanOut.of)


@router.post("/assignments/plans", status_code=202, operation_id="createAssignmentPlan")
@declare(
    caller=ASSIGN,
    idempotency=Idempotency.OPTIONAL,
    rate=RateClass.WRITE,
    data=DataClass.C1,
    refusals=(NotFound,),
)
async def create_plan(
    call: StaffCall, body: Annotated[AssignmentPlanIn, json_body(AssignmentPlanIn)]
) -> AssignmentPlanOut:
    """Ask for the cheapest assignment of a subtree. The worker computes it within seconds; nothing moves by it."""
    plan = await asking.ask_for_plan(
        call.session, call.scope, actor=call.actor, branch_id=body.branch_id, wish=body.wish()
    )
    return AssignmentPlanOut.of(plan)


@router.get("/assignments/plans/{plan_id}", operation_id="getAssignmentPlan")
@declare(caller=READ, rate=RateClass.READ, data=DataClass.C1)
async def get_plan(call: StaffCall, plan_id: AssignmentPlanId) -> AssignmentPlanDetailOut:
    """Show a plan: how far it is, what it costs now and then, and how many customers of each tier it moves."""
    plan = await asking.find_plan(call.session, call.scope, plan_id)
    return AssignmentPlanDetailOut.with_tallies(plan, await repository.tallies(call.session, plan.id))


@router.get("/assignments/plans/{plan_id}/books", operation_id="listAssignmentPlanBooks")
@declare(caller=READ, rate=RateClass.READ, data=DataClass.C1)
async def list_books(call: StaffCall, plan_id: AssignmentPlanId) -> PlanBooksOut:
    """List the managers' books before and after a plan."""
    plan = await asking.find_plan(call.session, call.scope, plan_id)
    books = await repository.list_books(call.session, plan.id)
    return PlanBooksOut(books=[PlanBookOut.of(book) for book in books])


@router.get("/assignments/plans/{plan_id}/moves", operation_id="listAssignmentPlanMoves")
@declare(caller=READ, rate=RateClass.READ, data=DataClass.C2)
async def list_moves(
    call: StaffCall,
    plan_id: AssignmentPlanId,
    page: Annotated[PageRequest, page_query()],
    manager_id: Annotated[ManagerId | None, Query(description="Only those who come to this manager or go")] = None,
) -> Page[PlanMoveOut]:
    """List who changes hands by a plan and who finds no place, each with what decided it, by customer id."""
    plan = await asking.find_plan(call.session, call.scope, plan_id)
    rows = await repository.list_moves(
        call.session, call.scope, plan_id=plan.id, limit=page.fetch, after=page.after_id, manager_id=manager_id
    )
    return page.answer(rows, position=lambda row: str(row.customer_id), shape=PlanMoveOut.of)


@router.post("/assignments/plans/{plan_id}/submit", status_code=202, operation_id="submitAssignmentPlan")
@declare(
    caller=ASSIGN,
    idempotency=Idempotency.OPTIONAL,
    rate=RateClass.WRITE,
    data=DataClass.C1,
    refusals=(NotFound, PlanNotReady, PlanStale, PlanEmpty),
)
async def submit_plan(
    call: StaffCall, plan_id: AssignmentPlanId, body: Annotated[PlanSubmissionIn, json_body(PlanSubmissionIn)]
) -> SubmittedOut:
    """Ask another person to apply a plan: with the approval everybody in it changes hands at once, or nobody does."""
    approval = await asking.submit_plan(
        call.session,
        call.scope,
        actor=call.actor,
        plan_id=plan_id,
        without=body.without,
        without_changed=body.without_changed,
    )
    return SubmittedOut.of(approval)


@router.post("/assignments/plans/{plan_id}/cancel", operation_id="cancelAssignmentPlan")
@declare(
    caller=ASSIGN,
    idempotency=Idempotency.OPTIONAL,
    rate=RateClass.WRITE,
    data=DataClass.C1,
    refusals=(NotFound, PlanNotReady),
)
async def cancel_plan(call: StaffCall, plan_id: AssignmentPlanId) -> AssignmentPlanOut:
    """Call a plan off; a manager who was to leave by it takes customers again."""
    return AssignmentPlanOut.of(await asking.cancel_plan(call.session, call.scope, actor=call.actor, plan_id=plan_id))


@router.post("/managers/{manager_id}/leave", status_code=202, operation_id="letManagerLeave")
@declare(
    caller=ASSIGN,
    idempotency=Idempotency.OPTIONAL,
    rate=RateClass.WRITE,
    data=DataClass.C1,
    refusals=(NotFound, ManagerLeaving),
)
async def let_leave(
    call: StaffCall, manager_id: ManagerId, body: Annotated[ManagerLeaveIn, json_body(ManagerLeaveIn)]
) -> ManagerLeaveOut:
    """Let a manager leave: nobody new from now on, and a plan that hands the book over once another person agrees."""
    plan = await asking.let_leave(
        call.session, call.scope, actor=call.actor, manager_id=manager_id, branch_id=body.branch_id, wish=body.wish()
    )
    return ManagerLeaveOut.of(plan, await repository.lock_manager(call.session, manager_id))
