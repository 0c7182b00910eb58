"""Handovers on the bank port: what goes with a customer from one manager to another, and who signed."""

from datetime import date, datetime
from typing import Annotated, Final, Self

from fastapi import Query
from pydantic import ConfigDict, Field
from starlette.responses import Response

from guibin.core.errors import NotFound
from guibin.core.ids import CustomerId, HandoverId, ManagerId, StaffId, to_public
from guibin.core.text import Note
from guibin.handovers import service
from guibin.handovers.errors import HandoverNotYours, HandoverOver, HandoverSigned
from guibin.handovers.models import Handover, HandoverItem, HandoverState, ItemKind
from guibin.handovers.service import HandoverView
from guibin.security.actors import Domain, Verb
from guibin.web import (
    DataClass,
    Idempotency,
    OutModel,
    Page,
    PageRequest,
    PortRouter,
    RateClass,
    StaffCall,
    StrictModel,
    declare,
    json_body,
    page_query,
    set_etag,
    staff,
)

router = PortRouter(prefix="/v1/handovers", tags=["managers"])

READ = staff(Verb.READ, Domain.MANAGERS)
SIGN = staff(Verb.WRITE, Domain.CARE)
PREFIXES: Final = {
    ItemKind.COMPLAINT: "cmp",
    ItemKind.PROMISE: "prm",
    ItemKind.NEED: "ned",
    ItemKind.TASK: "ctk",
    ItemKind.OPPORTUNITY: "opp",
    ItemKind.MATURITY: "hld",
    ItemKind.REDEMPTION: "rdm",
    ItemKind.GIFT: "gfh",
    ItemKind.LINK: "lnk",
}


class HandoverOut(OutModel):
    """A handover and who has signed."""

    id: HandoverId
    customer_id: CustomerId
    giver_id: ManagerId
    taker_id: ManagerId
    reason: str = Field(description="Why the customer changed hands, as the coverage says")
    on_day: date = Field(description="From when on the taker serves the customer")
    due_on: date = Field(description="By when both have signed")
    joint_until: date = Field(description="Until when the giver may look at the customer; `on_day`: not at all")
    state: HandoverState
    giver_signed_by: StaffId | None = Field(description="The giver, or who leads the branch of who is gone")
    giver_signed_at: datetime | None
    taker_signed_by: StaffId | None
    taker_signed_at: datetime | None
    confirmed_at: datetime | None = Field(description="When the customer confirmed it")
    escalated_on: date | None = Field(description="When the branch was told that it is overdue")
    created_at: datetime
    revision: int

    @classmethod
    def of(cls, row: Handover) -> "HandoverOut":
        """Describe a handover."""
        return HandoverOut(**{name: getattr(row, name) for name in HandoverOut.model_fields})


class HandoverItemOut(OutModel):
    """Something on the list, as it stood when the customer changed hands."""

    kind: ItemKind
    subject: str = Field(description="Public id of what it is", examples=["prm_01934f6e-7a10-7c3e-9d55-2f60a1b2c3d4"])
    due_on: date | None
    state: str = Field(description="How it stood then; of a link its kind")

    @classmethod
    def of(cls, item: HandoverItem) -> Self:
        """Describe an item."""
        kind = ItemKind(item.kind)
        return cls(kind=kind, subject=to_public(PREFIXES[kind], item.subject_id), due_on=item.due_on, state=item.state)


class HandoverDetailOut(HandoverOut):
    """A handover with its list and the giver's notes."""

    items: list[HandoverItemOut]
    counts: dict[ItemKind, int] = Field(description="How many of each kind")
    notes: str | None

    @classmethod
    def seen(cls, view: HandoverView) -> Self:
        """Describe a handover as it is signed."""
        items = [HandoverItemOut.of(item) for item in view.items]
        counts = {kind: sum(item.kind is kind for item in items) for kind in ItemKind}
        own = {name: getattr(view.row, name) for name in HandoverOut.model_fields}
        return cls(items=items, counts=counts, notes=view.notes, **own)


class HandoverSignIn(StrictModel):
    """A signature; the giver adds what no record says."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"notes": "客户习惯周三上午接电话，忌谈股票"}]})

    notes: Annotated[str, Note(1000)] | None = Field(default=None, description="Of who gives; kept encrypted")


@router.get("", operation_id="listHandovers")
@declare(caller=READ, rate=RateClass.READ, data=DataClass.C2)
async def list_handovers(
    call: StaffCall,
    page: Annotated[PageRequest, page_query()],
    state: Annotated[HandoverState | None, Query(description="Only those in this state")] = None,
) -> Page[HandoverOut]:
    """List the handovers of customers in my scope, and those in which I give or take, newest first."""
    rows = await service.list_handovers(
        call.session,
        call.scope,
        staff_id=call.actor.id,
        state=state,
        before=page.after_moment,
        limit=page.fetch,
    )
    return page.answer(rows, position=lambda row: (row.created_at, row.id), shape=HandoverOut.of)


@router.get("/{handover_id}", operation_id="getHandover")
@declare(caller=READ, rate=RateClass.READ, data=DataClass.C2, refusals=(NotFound,))
async def get_handover(call: StaffCall, handover_id: HandoverId, response: Response) -> HandoverDetailOut:
    """Show a handover with its list: what was open, due, promised and given when the customer changed hands."""
    view = await service.read_handover(
        call.session, call.scope, call.keys, staff_id=call.actor.id, handover_id=handover_id
    )
    set_etag(response, view.row.revision)
    return HandoverDetailOut.seen(view)


@router.post("/{handover_id}/sign", operation_id="signHandover")
@declare(
    caller=SIGN,
    idempotency=Idempotency.OPTIONAL,
    rate=RateClass.WRITE,
    data=DataClass.C2,
    refusals=(NotFound, HandoverNotYours, HandoverSigned, HandoverOver),
)
async def sign_handover(
    call: StaffCall,
    handover_id: HandoverId,
    body: Annotated[HandoverSignIn, json_body(HandoverSignIn)],
    response: Response,
) -> HandoverDetailOut:
    """Sign as who gives or who takes; who leads the branch signs for a giver who is gone.

    With both signatures the customer is told, and confirms on the customer port.
    """
    view = await service.sign_handover(
        call.session, call.scope, call.keys, actor=call.actor, handover_id=handover_id, notes=body.notes
    )
    set_etag(response, view.row.revision)
    return HandoverDetailOut.seen(view)
