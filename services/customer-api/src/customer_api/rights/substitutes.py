"""What I can have in place of a redemption that could not be delivered."""

from typing import Annotated

from guibin.core.ids import RedemptionId
from guibin.rights import service
from guibin.rights.substitute_errors import NotASubstitute, NothingToReplace, SubstituteTooDear
from guibin.web import CustomerCall, DataClass, Idempotency, PortRouter, RateClass, customer, declare, json_body

from .router import REFUSALS
from .substitute_schemas import SubstitutedOut, SubstituteIn

router = PortRouter(prefix="/v1/redemptions/{redemption_id}/substitute", tags=["rights"])


@router.post("", status_code=201, operation_id="takeSubstitute")
@declare(
    caller=customer("points:redeem"),
    idempotency=Idempotency.REQUIRED,
    rate=RateClass.REDEEM,
    data=DataClass.C2,
    refusals=(*REFUSALS, NothingToReplace, NotASubstitute, SubstituteTooDear),
)
async def take_substitute(
    call: CustomerCall, redemption_id: RedemptionId, body: Annotated[SubstituteIn, json_body(SubstituteIn)]
) -> SubstitutedOut:
    """Take one of the `alternatives` of a failed redemption, for as many units as came back, once.

    It is a redemption as by `POST /v1/redemptions`, with all that may refuse one; what refuses it changes nothing.
    """
    done = await service.take_substitute(
        call.session,
        call.scope,
        call.keys,
        actor=call.actor,
        redemption_id=redemption_id,
        wish=body.wish(call.keys),
    )
    return SubstitutedOut.in_place_of(redemption_id, done)
