"""What the bank port takes and says of reaching customers."""

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import Field, model_validator

from guibin.contact.content import ContentFault, Finding, Placeholder
from guibin.contact.models import ContactDecision, ContactState
from guibin.contact.rules import Channel, ContactPurpose, Plan, Reason, Sender
from guibin.contact.service import Judgement
from guibin.core.ids import ContactId, CustomerId
from guibin.core.invalid import invalid_input
from guibin.core.text import Code, Note, OneLine
from guibin.web import Instant, OutModel, StrictModel

MOST_CHECKED = 1_000

Subject = Annotated[str, OneLine(80)]


class ContactPlanIn(StrictModel):
    """How and for what somebody is to be reached."""

    channel: Channel = Field(examples=["phone"])
    purpose: Literal["service", "care", "selling"] = Field(
        description="`selling` is what consent and caps are about; `care` sells nothing; `service` is about what the "
        "customer has, ordered or asked. Messages about log-ins are the ports' own and pass always",
        examples=["selling"],
    )
    sender: Sender = Field(default=Sender.MANAGER, description="All are held to the same policy", examples=["manager"])
    subject: Subject | None = Field(
        default=None, description="Code of the product, or id of the right, that is offered", examples=["PF101"]
    )
    at: Instant | None = Field(default=None, description="When it is planned for; without it: now")

    def plan(self) -> Plan:
        """Return it as the domain takes it."""
        return Plan(self.channel, ContactPurpose(self.purpose), self.sender, self.subject)


class ContactCheckIn(ContactPlanIn):
    """A question about one customer or many."""

    customer_ids: list[CustomerId] = Field(min_length=1, max_length=MOST_CHECKED, description="Each once")

    @model_validator(mode="after")
    def _each_once(self) -> Self:
        if len(set(self.customer_ids)) < len(self.customer_ids):
            raise invalid_input("invalid", "同一客户不能重复", "names a customer twice")
        return self


class ContactVerdictOut(OutModel):
    """Whether a customer may be reached, and all that is in the way."""

    customer_id: CustomerId
    allowed: bool
    reasons: list[Reason] = Field(description="All of them; `restricted` never says by what")
    possible_at: datetime | None = Field(
        description="First moment at which it becomes possible if nothing but time passes; null while it is, and where "
        "only somebody's word can change it"
    )

    @classmethod
    def of(cls, customer_id: UUID, judged: Judgement) -> Self:
        """Describe a judgement."""
        verdict = judged.verdict
        return cls(
            customer_id=customer_id,
            allowed=verdict.allowed,
            reasons=list(verdict.reasons),
            possible_at=verdict.possible_at,
        )


class ContactChecksOut(OutModel):
    """The verdicts in the order of the question; nothing was kept, and no place taken."""

    policy_version: int = Field(description="Version of the contact policy; 0 where the bank has none yet")
    at: datetime
    items: list[ContactVerdictOut]


class ContactReservationIn(ContactPlanIn):
    """A contact that is about to be made."""

    customer_id: CustomerId
    reference: Code | None = Field(
        default=None, description="What it belongs to in the caller's own words", examples=["SPRING-2027"]
    )


class ContactDecisionOut(OutModel):
    """What the gate said to a contact, and what became of it."""

    id: ContactId
    customer_id: CustomerId
    channel: Channel
    purpose: ContactPurpose
    sender: Sender
    subject: str | None
    reference: str | None
    state: ContactState = Field(
        description="`held`: go ahead before `held_until`; `sent`; `released`: it did not go out; `refused`: leave the "
        "customer alone"
    )
    reasons: list[Reason] = Field(description="Why it was refused; of one made all the same, what was in the way")
    possible_at: datetime | None = Field(description="See the check; null where it was allowed")
    policy_version: int
    at: datetime = Field(description="The moment asked about")
    decided_at: datetime
    held_until: datetime | None
    ended_at: datetime | None

    @classmethod
    def of(cls, row: ContactDecision) -> Self:
        """Describe a row."""
        return cls.model_validate(row.model_dump())


class SuppressionOut(OutModel):
    """How often a reason kept somebody from being reached."""

    reason: Reason
    contacts: int


class SuppressionsOut(OutModel):
    """Why customers were left alone in a range of days, every reason, 0 where there was none."""

    first: date = Field(serialization_alias="from")
    last: date = Field(serialization_alias="to")
    items: list[SuppressionOut]

    @classmethod
    def of(cls, first: date, last: date, counts: Mapping[str, int]) -> Self:
        """Describe counts."""
        items = [SuppressionOut(reason=reason, contacts=counts.get(reason, 0)) for reason in Reason]
        return cls(first=first, last=last, items=items)


class MessageCheckIn(StrictModel):
    """A text that is to leave the house, or the template of one."""

    text: Annotated[str, Note(1_000)] = Field(
        description="What is filled in stands in braces", examples=["尊敬的{surname}{title}，详情请登录：{link}"]
    )


class MessageFaultOut(OutModel):
    """One thing a text may not hold."""

    fault: ContentFault
    start: int = Field(description="Its first character, counted from 0", examples=[8])
    length: int = Field(description="Its characters", examples=[4])


class MessageCheckOut(OutModel):
    """Whether a text may leave the house."""

    allowed: bool
    faults: list[MessageFaultOut] = Field(description="All of them, in the order of the text")
    placeholders: list[Placeholder] = Field(description="All that a template may fill in")

    @classmethod
    def of(cls, found: Iterable[Finding]) -> Self:
        """Describe what was found."""
        faults = [MessageFaultOut(fault=one.fault, start=one.start, length=one.length) for one in found]
        return cls(allowed=not faults, faults=faults, placeholders=list(Placeholder))
