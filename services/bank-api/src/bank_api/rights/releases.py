"""The plan by which the counted stock of a right comes on offer."""

from typing import Annotated

from starlette.responses import Response

from bank_api.approvals.schemas import SubmittedOut
from guibin.approvals.errors import StateConflict
from guibin.core import clock
from guibin.core.errors import PreconditionRequired, VersionConflict
from guibin.core.ids import RightId
from guibin.rights import service
from guibin.rights.errors import WrongStockMode
from guibin.rights.repository import catalogue, pool
from guibin.web import DataClass, PortRouter, RateClass, StaffCall, declare, json_body, set_etag

from .release_schemas import ReleaseLineOut, ReleasePlanIn, ReleasePlanOut
from .router import OPERATE, READ

router = PortRouter(prefix="/v1/rights/{right_id}/release-plan", tags=["rights"])


@router.get("", operation_id="getReleasePlan")
@declare(caller=READ, rate=RateClass.READ, data=DataClass.C1)
async def get_release_plan(call: StaffCall, right_id: RightId, response: Response) -> ReleasePlanOut:
    """Show the plan in force, with what each line has released until now and what is taken; the right's ETag."""
    right, now = await catalogue.get_right(call.session, right_id=right_id), clock.now()
    set_etag(response, right.item.revision)
    taken = (await pool.find_released(call.session, right_ids=[right_id], now=now)).get(right_id, {})
    return ReleasePlanOut(lines=[ReleaseLineOut.of(line, taken, now) for line in right.terms.release])


@router.put("", status_code=202, operation_id="putReleasePlan")
@declare(
    caller=OPERATE,
    rate=RateClass.WRITE,
    data=DataClass.C1,
    refusals=(PreconditionRequired, VersionConflict, StateConflict, WrongStockMode),
)
async def put_release_plan(
    call: StaffCall, right_id: RightId, body: Annotated[ReleasePlanIn, json_body(ReleasePlanIn)]
) -> SubmittedOut:
    """Submit another plan for a right on sale: its other terms stay, and it is in force when somebody approves it.

    Where other terms are drafted the plan is written among them (`PUT /v1/rights/{id}`). Without lines nothing is held
    back any more.
    """
    right = await catalogue.get_right(call.session, right_id=right_id)
    call.require_if_match(right.item.revision)
    return SubmittedOut.of(
        await service.plan_release(call.session, actor=call.actor, right=right, plan=body.document())
    )
