"""What the bank port takes and says of calls."""

from datetime import datetime
from typing import Annotated, Any, Literal, Self

from pydantic import ConfigDict, Field

from guibin.care.calls.models import CallOrder, CallResult, CallState
from guibin.care.calls.service import CallEnd, CallWanted
from guibin.contact.models import ContactDecision
from guibin.contact.rules import ContactPurpose, Reason
from guibin.core.ids import CallId, ContactId, CustomerId, StaffId
from guibin.core.text import OneLine
from guibin.web import OutModel, StrictModel

MOST_SECONDS = 86_400
EXAMPLE: dict[str, Any] = {
    "call_no": "cll_01934f6e-7a10-7c3e-9d55-2f60a1b2c3d4",
    "result": "reached",
    "seconds": 185,
    "recording_ref": "REC-20261126-000123",
}


class CallIn(StrictModel):
    """A call that I want to make."""

    customer_id: CustomerId
    purpose: Literal["service", "care", "selling"] = Field(examples=["care"])
    subject: Annotated[str, OneLine(80)] | None = Field(
        default=None, description="Code of the product, or id of the right, that is offered", examples=["PF101"]
    )

    def wanted(self) -> CallWanted:
        """Return what the domain takes."""
        return CallWanted(self.customer_id, ContactPurpose(self.purpose), self.subject)


class CallOut(OutModel):
    """A call and what came of it; the number is never shown."""

    id: CallId
    customer_id: CustomerId
    contact_id: ContactId
    staff_id: StaffId
    purpose: ContactPurpose
    subject: str | None
    state: CallState = Field(description="`suppressed`: the contact policy let nobody call, see `reasons`")
    reasons: list[Reason] | None = Field(
        default=None, description="Of a call that was just ordered: what was in the way; null elsewhere"
    )
    possible_at: datetime | None = Field(default=None, description="From when it becomes possible, if time is all")
    ordered_at: datetime
    placed_at: datetime | None
    ended_at: datetime | None
    result: CallResult | None
    seconds: int | None
    recording_ref: str | None = Field(description="Where the telephony keeps the recording; it is not fetched")

    @classmethod
    def of(cls, call: CallOrder, contact: ContactDecision | None = None) -> Self:
        """Describe a call, with the gate's word where it was just asked."""
        shown = call.model_dump()
        if contact is not None:
            shown |= {"reasons": contact.reasons, "possible_at": contact.possible_at}
        return cls.model_validate(shown)


class CallEndIn(StrictModel):
    """What the telephony tells of a call that has ended."""

    model_config = ConfigDict(json_schema_extra={"examples": [EXAMPLE]})

    call_no: CallId = Field(description="The number under which it was ordered")
    result: CallResult
    seconds: int = Field(ge=0, le=MOST_SECONDS, description="How long the two spoke")
    recording_ref: Annotated[str, OneLine(120)] | None = Field(default=None, description="Where the recording lies")

    def end(self) -> CallEnd:
        """Return what the domain takes."""
        return CallEnd(self.result, self.seconds, self.recording_ref)


class CallReceivedOut(OutModel):
    """It is kept: it need not come again."""

    received: Literal[True] = True
