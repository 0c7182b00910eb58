"""What the bank port takes of touches, needs, promises, complaints and care tasks."""

from typing import Annotated, Any, Literal, Self

from pydantic import ConfigDict, Field, model_validator

from guibin.care.models import (
    ComplaintCategory,
    Direction,
    NeedCategory,
    Severity,
    TouchChannel,
    TouchKind,
    TouchPurpose,
    TouchResult,
)
from guibin.care.service import Contact, Ending, Everything, Grievance, NextContact, Wish, Word
from guibin.care.serving import Proposed
from guibin.core.ids import (
    CareTaskId,
    CustomerId,
    ManagerId,
    PromiseId,
    RedemptionId,
    RightId,
    TouchId,
    to_public,
)
from guibin.core.invalid import invalid_input
from guibin.core.reasons import LONGEST
from guibin.core.text import Code, Note
from guibin.web import Day, Instant, StrictModel

from .opportunity_schemas import OpportunityEndedIn, OpportunityIn

LONGEST_WORDS = 1000
MOST_AT_ONCE = 10
SOME_CUSTOMER = "cus_01934f6e-7a10-7c3e-9d55-2f60a1b2c3d4"
A_DAY: Any = {"examples": ["2026-12-18"]}

Words = Annotated[str, Note(LONGEST_WORDS)]
Reason = Annotated[str, Note(LONGEST)]


class NeedIn(StrictModel):
    """What the customer wishes for."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"category": "medical", "text": "母亲腰椎手术，想约三甲医院专家号"}]}
    )

    category: NeedCategory
    text: Words = Field(description="In the customer's words; kept encrypted")
    due_on: Day | None = Field(default=None, json_schema_extra=A_DAY)

    def wish(self) -> Wish:
        """Return the command's need."""
        return Wish(self.category, self.text, self.due_on)


class PromiseIn(StrictModel):
    """What was promised, and by when."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"text": "周五前回复学费贷款方案", "due_on": "2099-12-18"}]}
    )

    text: Words = Field(description="Kept encrypted")
    due_on: Day

    def word(self) -> Word:
        """Return the command's promise."""
        return Word(self.text, self.due_on)


class ComplaintIn(StrictModel):
    """What the customer complains of."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"category": "rights", "severity": "serious", "channel": "phone", "text": "贵宾厅拒绝核销，等候一小时"}
            ]
        }
    )

    category: ComplaintCategory
    severity: Severity = Field(description="It sets the business days until an answer and until a resolution")
    channel: TouchChannel = TouchChannel.PHONE
    text: Words = Field(description="Kept encrypted")
    redemption_id: RedemptionId | None = Field(default=None, description="The redemption that it is about")

    def grievance(self) -> Grievance:
        """Return the command's complaint."""
        return Grievance(self.category, self.severity, self.channel, self.text, self.redemption_id)


class NextContactIn(StrictModel):
    """A contact that is to come."""

    kind: TouchKind
    due_on: Day
    purpose: TouchPurpose = TouchPurpose.CARE
    channel: TouchChannel | None = Field(default=None, description="Only by this way; null: any")
    starts_on: Day | None = Field(default=None, description="From when on it is shown; null: from today")
    note: Words | None = Field(default=None, description="Kept encrypted")

    def contact(self) -> NextContact:
        """Return the command's next contact."""
        return NextContact(self.kind, self.due_on, self.purpose, self.channel, self.starts_on, self.note)


class CareTaskIn(NextContactIn):
    """A contact with a customer that somebody makes due."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"customer_id": SOME_CUSTOMER, "kind": "call", "due_on": "2099-12-18"}]}
    )

    customer_id: CustomerId


class TouchIn(StrictModel):
    """A contact that happened, with all that came of it: it is written down as a whole or not at all."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "customer_id": SOME_CUSTOMER,
                    "kind": "call",
                    "channel": "phone",
                    "direction": "out",
                    "purpose": "care",
                    "result": "reached",
                    "minutes": 12,
                }
            ]
        }
    )

    customer_id: CustomerId
    kind: TouchKind
    channel: TouchChannel
    direction: Direction = Direction.OUT
    purpose: TouchPurpose
    result: TouchResult
    at: Instant | None = Field(default=None, description="When it was; null: now. At most 90 days ago")
    minutes: Annotated[int, Field(ge=0, le=1440)] = 0
    product_code: Code | None = Field(default=None, description="The product that it was about")
    right_id: RightId | None = Field(default=None, description="The right that it was about")
    note: Words | None = Field(default=None, description="Kept encrypted")
    corrects_id: TouchId | None = Field(default=None, description="The touch in whose place this one stands")
    completes_task_id: CareTaskId | None = Field(default=None, description="The task that is done with it")
    needs: Annotated[list[NeedIn], Field(max_length=MOST_AT_ONCE)] = Field(default_factory=list)
    promises: Annotated[list[PromiseIn], Field(max_length=MOST_AT_ONCE)] = Field(default_factory=list)
    kept_promise_ids: Annotated[list[PromiseId], Field(max_length=MOST_AT_ONCE)] = Field(default_factory=list)
    opportunities: Annotated[list[OpportunityIn], Field(max_length=MOST_AT_ONCE)] = Field(
        default_factory=list, description="What came up: opened after the ended ones, and not together with a complaint"
    )
    ended_opportunities: Annotated[list[OpportunityEndedIn], Field(max_length=MOST_AT_ONCE)] = Field(
        default_factory=list
    )
    complaint: ComplaintIn | None = None
    next_contact: NextContactIn | None = None

    def everything(self) -> Everything:
        """Return the command."""
        contact = Contact(
            self.customer_id,
            self.kind,
            self.channel,
            self.direction,
            self.purpose,
            self.result,
            at=self.at,
            minutes=self.minutes,
            product_code=self.product_code,
            right_id=self.right_id,
            note=self.note,
            corrects_id=self.corrects_id,
        )
        return Everything(
            contact,
            task_id=self.completes_task_id,
            needs=tuple(one.wish() for one in self.needs),
            promises=tuple(one.word() for one in self.promises),
            kept_promise_ids=tuple(self.kept_promise_ids),
            complaint=None if self.complaint is None else self.complaint.grievance(),
            next_contact=None if self.next_contact is None else self.next_contact.contact(),
            chances=tuple(one.chance() for one in self.opportunities),
            outcomes=tuple((one.opportunity_id, one.outcome()) for one in self.ended_opportunities),
        )


class NeedProposalIn(StrictModel):
    """The right that is to serve a need."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"right_id": "rgt_01934f6e-7a10-7c3e-9d55-2f60a1b2c3d4", "quantity": 1}]}
    )

    right_id: RightId
    quantity: Annotated[int, Field(ge=1, le=100)] = 1
    words: Annotated[str, Note(200)] | None = Field(default=None, description="What the customer reads")

    def proposed(self) -> Proposed:
        """Return the command's right."""
        return Proposed(self.right_id, self.quantity, self.words)


class NeedEndIn(StrictModel):
    """How a need ended: served by a redemption, or in the way that the reason tells."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"state": "served", "reason": "已通过分行资源联系到专家门诊"}]}
    )

    state: Literal["served", "declined", "lapsed"]
    reason: Reason | None = Field(default=None, description="Needed without a redemption")
    redemption_id: RedemptionId | None = Field(default=None, description="The delivered redemption that served it")

    @model_validator(mode="after")
    def _redemption_serves(self) -> Self:
        if self.redemption_id is not None and self.state != "served":
            raise invalid_input(
                "redemption_serves", "仅已满足（served）时可填写兑换单", "a redemption goes with the state served alone"
            )
        return self


class PromiseEndIn(StrictModel):
    """What became of a promise."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"state": "kept"}]})

    state: Literal["kept", "broken", "released"]
    reason: Reason | None = Field(default=None, description="Needed where it was broken or the customer released us")


class ComplaintResolveIn(StrictModel):
    """How a complaint is resolved."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"resolution": "已致歉并补发贵宾厅券一张"}]})

    resolution: Words = Field(description="Kept encrypted")
    compensation: RedemptionId | None = Field(default=None, description="The redemption that made up for it")

    def ending(self) -> Ending:
        """Return the command's resolution."""
        return Ending(self.resolution, None if self.compensation is None else to_public("rdm", self.compensation))


class ComplaintCloseIn(StrictModel):
    """The customer's word on the resolution."""

    satisfied: bool


class TaskCompleteIn(StrictModel):
    """The touch that did what the task asks for."""

    touch_id: TouchId


class TaskSkipIn(StrictModel):
    """Why a task is let be."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"reason": "客户本月在国外，约定下月联系"}]})

    reason: Reason


class TaskReassignIn(StrictModel):
    """The manager who takes a task."""

    manager_id: ManagerId
