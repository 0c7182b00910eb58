"""Please call me: what I ask of my manager, on the customer port."""

from datetime import date, datetime
from enum import StrEnum
from typing import Annotated, Self

from pydantic import Field

from guibin.care.errors import ContactRequestOpen, DueDayInvalid
from guibin.care.models import CareTask, TaskState, TouchChannel
from guibin.care.service.requesting import ContactWish, list_requests, request_contact
from guibin.core.ids import CareTaskId
from guibin.core.text import Note
from guibin.web import (
    CustomerCall,
    DataClass,
    Day,
    Idempotency,
    OutModel,
    PortRouter,
    RateClass,
    StrictModel,
    customer,
    declare,
    json_body,
)

router = PortRouter(prefix="/v1/me/contact-requests", tags=["profile"])

SELF = customer("profile:read:self")


class RequestChannel(StrEnum):
    """How I would like to be contacted."""

    PHONE = "phone"
    VIDEO = "video"
    WECOM = "wecom"
    IN_PERSON = "in_person"


class ContactRequestIn(StrictModel):
    """That I would like to be contacted."""

    channel: RequestChannel = RequestChannel.PHONE
    note: Annotated[str, Note(200)] | None = Field(default=None, examples=["想了解到期存款如何安排"])
    not_before: Day | None = Field(default=None, description="First day on which it suits me; null: as soon as can be")

    def wish(self) -> ContactWish:
        """Return the wish in the command's form."""
        return ContactWish(TouchChannel(self.channel.value), self.note, self.not_before)


class ContactRequestOut(OutModel):
    """What I asked for, and what became of it."""

    id: CareTaskId
    channel: RequestChannel
    state: TaskState
    due_on: date = Field(description="By when I am to be contacted")
    created_at: datetime

    @classmethod
    def of(cls, task: CareTask) -> Self:
        """Describe a request."""
        return cls(
            id=task.id,
            channel=RequestChannel(task.channel or RequestChannel.PHONE),
            state=TaskState(task.state),
            due_on=task.due_on,
            created_at=task.created_at,
        )


class ContactRequestsOut(OutModel):
    """What I asked for last, the newest first."""

    items: list[ContactRequestOut]


@router.post("", status_code=201, operation_id="requestContact")
@declare(
    caller=SELF,
    idempotency=Idempotency.OPTIONAL,
    rate=RateClass.WRITE,
    data=DataClass.C2,
    refusals=(ContactRequestOpen, DueDayInvalid),
)
async def ask(call: CustomerCall, body: Annotated[ContactRequestIn, json_body(ContactRequestIn)]) -> ContactRequestOut:
    """Ask to be contacted: my manager, or whoever stands in, is to be in touch by the next business day."""
    task = await request_contact(call.session, call.scope, call.keys, actor=call.actor, wish=body.wish())
    return ContactRequestOut.of(task)


@router.get("", operation_id="listMyContactRequests")
@declare(caller=SELF, rate=RateClass.READ, data=DataClass.C2)
async def list_mine(call: CustomerCall) -> ContactRequestsOut:
    """Show what I asked for last."""
    found = await list_requests(call.session, call.scope, actor=call.actor)
    return ContactRequestsOut(items=[ContactRequestOut.of(one) for one in found])
