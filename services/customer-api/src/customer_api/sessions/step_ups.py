"""Step-up: a one-time password to my phone, traded for a proof that so many points ask for."""

from typing import Annotated, Self

from pydantic import ConfigDict, Field, model_validator

from customer_api.parts import parts_of
from customer_api.points.transfers import REFUSALS as NO_TRANSFER
from customer_api.points.transfers import TransferTermsIn
from guibin.core.ids import RightId
from guibin.core.invalid import invalid_input
from guibin.core.settings import Profile
from guibin.core.text import Code
from guibin.points.service import TransferRequest
from guibin.points.step_up import PROOF_LIFE
from guibin.rights.offer import MOST_GUESTS, MOST_UNITS
from guibin.rights.service import RedemptionRequest
from guibin.sessions import service
from guibin.sessions.errors import OtpInvalid, PhoneUnknown, TooManyCodes
from guibin.sessions.rules import CODE_LIFE
from guibin.web import (
    CustomerCall,
    DataClass,
    OutModel,
    PortRouter,
    RateClass,
    StrictModel,
    customer,
    declare,
    json_body,
)
from guibin.web.limits import DEVELOPMENT_FACTOR

from .schemas import OneTimePassword

router = PortRouter(prefix="/v1", tags=["sessions"])

REDEEM = customer("points:redeem")
RIGHT = "rgt_01934f6e-7a10-7c3e-9d55-2f60a1b2c3d4"


class StepUpIn(StrictModel):
    """What I want to redeem, in the fields of `POST /v1/redemptions`, or the points that I want to pass on."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"right_id": RIGHT, "quantity": 1}]})

    right_id: RightId | None = None
    quantity: Annotated[int, Field(ge=1, le=MOST_UNITS)] = 1
    companions: Annotated[int, Field(ge=0, le=MOST_GUESTS)] = 0
    class_of_service: Code | None = None
    wallet: Code | None = None
    transfer: TransferTermsIn | None = Field(
        default=None, description="In place of a right: the fields of `POST /v1/me/points/transfers`"
    )

    @model_validator(mode="after")
    def _one_thing(self) -> Self:
        if (self.right_id is None) == (self.transfer is None):
            raise invalid_input(
                "step_up", "权益与转赠须且只能提供一项", "must name a right or a transfer, and not both"
            )
        return self

    def request(self) -> RedemptionRequest | TransferRequest:
        """Return what is to be proved."""
        if self.transfer is not None:
            return self.transfer.wanted()
        if self.right_id is None:
            raise ValueError("a right or a transfer is named")
        return RedemptionRequest(
            right_id=self.right_id,
            quantity=self.quantity,
            companions=self.companions,
            class_of_service=self.class_of_service,
            wallet=self.wallet,
        )


class StepUpConfirmIn(StepUpIn):
    """The same redemption or transfer with the one-time password that came."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"right_id": RIGHT, "quantity": 1, "otp": "012345"}]})

    otp: OneTimePassword = Field(examples=["012345"])


class StepUpOut(OutModel):
    """A one-time password is on its way to the phone that the bank knows."""

    points: int = Field(description="The points that it is about now; the proof is about them")
    expires_in: int = Field(default=int(CODE_LIFE.total_seconds()), description="Seconds for which the code is good")


class StepUpProofOut(OutModel):
    """The proof: for this right or transfer, quantity and points, once."""

    step_up_token: str = Field(examples=["GBS1.AZNPbnoQfD6dVS9gobLD1A"])
    points: int
    expires_in: int = Field(default=int(PROOF_LIFE.total_seconds()), description="Seconds for which the proof is good")


@router.post("/step-ups", status_code=202, operation_id="requestStepUp")
@declare(
    caller=REDEEM,
    rate=RateClass.OTP,
    data=DataClass.C1,
    refusals=(*NO_TRANSFER, PhoneUnknown, TooManyCodes),
)
async def request_step_up(call: CustomerCall, body: Annotated[StepUpIn, json_body(StepUpIn)]) -> StepUpOut:
    """Send a one-time password for a redemption or a transfer to my phone at the bank.

    It has six digits, is good for five minutes, and may be tried five times. A redemption is refused only where there
    is no such right; a transfer is refused as it would be itself.
    """
    factor = 1 if call.port.settings.profile is Profile.PRODUCTION else DEVELOPMENT_FACTOR
    points = await service.request_step_up(
        call.work,
        call.keys,
        parts_of(call).messages,
        customer_id=call.actor.id,
        request=body.request(),
        factor=factor,
    )
    return StepUpOut(points=points)


@router.post("/step-ups/confirm", operation_id="confirmStepUp")
@declare(
    caller=REDEEM,
    rate=RateClass.WRITE,
    data=DataClass.C3,
    refusals=(*NO_TRANSFER, PhoneUnknown, OtpInvalid),
)
async def confirm_step_up(
    call: CustomerCall, body: Annotated[StepUpConfirmIn, json_body(StepUpConfirmIn)]
) -> StepUpProofOut:
    """Trade the one-time password for a proof, the `step_up_token` of the redemption or the transfer.

    It is good for five minutes, once, and only for this right, this quantity and these points: when the price changes
    in between, ask again. Of a transfer it is good for this receiver's code.
    """
    proved = await service.prove_step_up(
        call.work, call.keys, customer_id=call.actor.id, request=body.request(), code=body.otp
    )
    return StepUpProofOut(step_up_token=proved.token, points=proved.points)
