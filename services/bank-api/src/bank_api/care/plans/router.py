"""Care plans on the bank port: drafted, submitted, in force."""

from typing import Annotated

from starlette.responses import Response

from bank_api.approvals.schemas import SubmittedOut
from guibin.care.plans.errors import CarePlanInvalid, CarePlanNotDraft, CarePlanTooEarly
from guibin.care.plans.service import CARE_PLANS, create_plan, edit_plan
from guibin.core.errors import PreconditionRequired, VersionConflict
from guibin.core.ids import CarePlanId
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
    set_etag,
    staff,
)

from .schemas import CarePlanIn, CarePlanOut

router = PortRouter(prefix="/v1", tags=["care"])

READ = staff(Verb.READ, Domain.CARE)
DEFINE = staff(Verb.SUBMIT, Domain.CARE)


@router.get("/care-plans", operation_id="listCarePlans")
@declare(caller=READ, rate=RateClass.READ, data=DataClass.C1)
async def list_care_plans(call: StaffCall, page: Annotated[PageRequest, page_query()]) -> Page[CarePlanOut]:
    """List plans in all states, newest first."""
    rows = await CARE_PLANS.page(call.session, limit=page.fetch, before=page.after_moment)
    return page.answer(rows, position=lambda row: (row.created_at, row.id), shape=CarePlanOut.of)


@router.post("/care-plans", status_code=201, operation_id="createCarePlan")
@declare(
    caller=DEFINE,
    idempotency=Idempotency.OPTIONAL,
    rate=RateClass.WRITE,
    data=DataClass.C1,
    refusals=(CarePlanInvalid, CarePlanTooEarly),
)
async def create_care_plan(
    call: StaffCall, body: Annotated[CarePlanIn, json_body(CarePlanIn)], response: Response
) -> CarePlanOut:
    """Draft a plan. It asks nothing of anybody before another person has approved it."""
    plan = await create_plan(call.session, actor=call.actor, content=body.content())
    set_etag(response, plan.revision)
    return CarePlanOut.of(plan)


@router.get("/care-plans/{plan_id}", operation_id="getCarePlan")
@declare(caller=READ, rate=RateClass.READ, data=DataClass.C1)
async def get_care_plan(call: StaffCall, plan_id: CarePlanId, response: Response) -> CarePlanOut:
    """Show one plan with what its tiers weigh; its revision is the ETag."""
    plan = await CARE_PLANS.get(call.session, plan_id)
    set_etag(response, plan.revision)
    return CarePlanOut.of(plan)


@router.put("/care-plans/{plan_id}", operation_id="editCarePlan")
@declare(
    caller=DEFINE,
    rate=RateClass.WRITE,
    data=DataClass.C1,
    refusals=(PreconditionRequired, VersionConflict, CarePlanNotDraft, CarePlanInvalid, CarePlanTooEarly),
)
async def edit_care_plan(
    call: StaffCall, plan_id: CarePlanId, body: Annotated[CarePlanIn, json_body(CarePlanIn)], response: Response
) -> CarePlanOut:
    """Replace a draft that was read with the ETag sent as If-Match."""
    plan = await CARE_PLANS.lock(call.session, plan_id)
    call.require_if_match(plan.revision)
    edited = await edit_plan(call.session, plan, actor=call.actor, content=body.content())
    set_etag(response, edited.revision)
    return CarePlanOut.of(edited)


@router.post("/care-plans/{plan_id}/submit", status_code=202, operation_id="submitCarePlan")
@declare(
    caller=DEFINE,
    idempotency=Idempotency.OPTIONAL,
    rate=RateClass.WRITE,
    data=DataClass.C1,
    refusals=(CarePlanNotDraft,),
)
async def submit_care_plan(call: StaffCall, plan_id: CarePlanId) -> SubmittedOut:
    """Ask another person to put a draft in force; the approver sees both plans and each tier's minutes a year."""
    plan = await CARE_PLANS.lock(call.session, plan_id)
    return SubmittedOut.of(await CARE_PLANS.submit(call.session, plan, actor=call.actor))
