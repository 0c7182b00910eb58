"""What customers write and read of what replaces a redemption that failed."""

from typing import Annotated, Any
from uuid import UUID

from pydantic import ConfigDict, Field

from guibin.core.ids import RedemptionId, RightId, SlotId
from guibin.core.text import Code, OneLine
from guibin.points.step_up import read_step_up
from guibin.rights.service import Redeemed, SubstituteWish
from guibin.security.ciphers import KeyRing
from guibin.web import StrictModel

from .beneficiary_schemas import BeneficiaryIn
from .delivery_schemas import DeliveryIn
from .schemas import MOST_EXPECTED_POINTS, RedemptionOut

EXAMPLE: dict[str, Any] = {"right_id": "rgt_01934f6e-7a10-7c3e-9d55-2f60a1b2c3d4", "expected_points": 100}


class SubstituteIn(StrictModel):
    """What I take instead."""

    model_config = ConfigDict(json_schema_extra={"examples": [EXAMPLE]})

    right_id: RightId = Field(description="One of the `alternatives`")
    expected_points: Annotated[int, Field(ge=0, le=MOST_EXPECTED_POINTS)] | None = Field(
        default=None, description="The points that I was shown for all units; another price is refused"
    )
    class_of_service: Code | None = Field(default=None, description="Where prices differ by class")
    slot_id: SlotId | None = Field(default=None, description="Of `GET /v1/rights/{id}/slots`, where it is booked")
    beneficiary: BeneficiaryIn | None = Field(default=None, description="Somebody else who is served, where allowed")
    delivery: DeliveryIn | None = Field(default=None, description="Where it goes: for rights by `top_up` or `parcel`")
    step_up_token: Annotated[str, OneLine(200)] | None = Field(default=None, description="Where the points need it")

    def wish(self, keys: KeyRing) -> SubstituteWish:
        """Return the command's wish.

        Raises:
            StepUpInvalid: the token is not ours, or altered.
        """
        return SubstituteWish(
            right_id=self.right_id,
            expected_points=self.expected_points,
            class_of_service=self.class_of_service,
            slot_id=self.slot_id,
            beneficiary=None if self.beneficiary is None else self.beneficiary.person(),
            delivery=None if self.delivery is None else self.delivery.delivery(),
            step_up=None if self.step_up_token is None else read_step_up(keys, self.step_up_token),
        )


class SubstitutedOut(RedemptionOut):
    """A redemption that replaces one that failed."""

    replaces: RedemptionId

    @classmethod
    def in_place_of(cls, redemption_id: UUID, done: Redeemed) -> "SubstitutedOut":
        """Describe what was redeemed instead."""
        return cls.model_validate({**RedemptionOut.of(done).model_dump(), "replaces": redemption_id})
