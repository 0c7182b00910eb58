"""What the bank offers in place of a right that could not be delivered."""

from typing import Annotated

from starlette.responses import Response

from bank_api.approvals.schemas import SubmittedOut
from guibin.approvals.errors import StateConflict
from guibin.core.errors import PreconditionRequired, VersionConflict
from guibin.core.ids import RightId
from guibin.rights import service
from guibin.rights.repository import catalogue
from guibin.web import DataClass, PortRouter, RateClass, StaffCall, declare, json_body, set_etag

from .router import OPERATE, READ
from .substitute_schemas import SubstituteOut, SubstitutesIn, SubstitutesOut, written

router = PortRouter(prefix="/v1/rights/{right_id}/substitutes", tags=["rights"])


@router.get("", operation_id="getSubstitutes")
@declare(caller=READ, rate=RateClass.READ, data=DataClass.C1)
async def get_substitutes(call: StaffCall, right_id: RightId, response: Response) -> SubstitutesOut:
    """Show the list in force; the right's ETag."""
    right = await catalogue.get_right(call.session, right_id=right_id)
    set_etag(response, right.item.revision)
    return SubstitutesOut(substitutes=[SubstituteOut.of(one) for one in right.terms.substitutes])


@router.put("", status_code=202, operation_id="putSubstitutes")
@declare(
    caller=OPERATE,
    rate=RateClass.WRITE,
    data=DataClass.C1,
    refusals=(PreconditionRequired, VersionConflict, StateConflict),
)
async def put_substitutes(
    call: StaffCall, right_id: RightId, body: Annotated[SubstitutesIn, json_body(SubstitutesIn)]
) -> SubmittedOut:
    """Submit another list for a right on sale: its other terms stay, and it is in force when somebody approves it.

    Where other terms are drafted the list is written among them (`PUT /v1/rights/{id}`). A customer whose redemption
    failed is offered, for 30 days, what of the list is on sale, seen by the customer and to be had in that quantity.
    """
    right = await catalogue.get_right(call.session, right_id=right_id)
    call.require_if_match(right.item.revision)
    return SubmittedOut.of(
        await service.name_substitutes(
            call.session, actor=call.actor, right=right, substitutes=written(body.substitutes) or []
        )
    )
