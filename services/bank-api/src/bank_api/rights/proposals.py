"""What managers propose to their customers."""

from datetime import datetime
from typing import Annotated, Any

from pydantic import ConfigDict, Field

from guibin.core import clock
from guibin.core.errors import NotFound
from guibin.core.ids import CustomerId, ProposalId, RedemptionId, RightId, StaffId
from guibin.core.text import Note
from guibin.customers.repository import get_customer
from guibin.rights import service
from guibin.rights.models import ProposalState
from guibin.rights.offer import MOST_UNITS
from guibin.rights.proposal_errors import ProposalOver, ProposalWaiting, RightNotOffered, TooManyProposals
from guibin.rights.service import Proposal, ProposalView
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
    staff,
)

router = PortRouter(prefix="/v1/customers/{customer_id}/redemption-proposals", tags=["proposals"])

PROPOSE = staff(Verb.WRITE, Domain.RIGHTS)
EXAMPLE: dict[str, Any] = {
    "right_id": "rgt_01934f6e-7a10-7c3e-9d55-2f60a1b2c3d4",
    "quantity": 1,
    "words": "李女士，您本年度的体检名额尚未使用，建议预约。",
}


class ProposalIn(StrictModel):
    """A right that the customer may have, and why."""

    model_config = ConfigDict(json_schema_extra={"examples": [EXAMPLE]})

    right_id: RightId
    quantity: Annotated[int, Field(ge=1, le=MOST_UNITS)] = 1
    words: Annotated[str, Note(200)] | None = Field(default=None, description="What the customer reads")


class ProposalOut(OutModel):
    """A proposal and what came of it."""

    id: ProposalId
    customer_id: CustomerId
    right_id: RightId
    right_code: str
    right_name: str
    quantity: int
    words: str | None
    state: ProposalState = Field(description="`lapsed`: there was no answer within seven days")
    proposed_by: StaffId
    created_at: datetime
    lapses_at: datetime
    ended_at: datetime | None = Field(description="When it was accepted, declined or withdrawn")
    redemption_id: RedemptionId | None = Field(description="What the customer redeemed by accepting it")

    @classmethod
    def of(cls, view: ProposalView, language: str) -> "ProposalOut":
        """Describe a proposal."""
        made = {"right_code", "right_name", "words", "state"}
        values = {field: getattr(view.row, field) for field in cls.model_fields.keys() - made}
        name = view.right.name_en if language == "en" else view.right.name_zh
        state = view.state_at(clock.now())
        return cls(right_code=view.right.code, right_name=name, words=view.words, state=state, **values)


@router.get("", operation_id="listProposals")
@declare(caller=staff(Verb.READ, Domain.RIGHTS), rate=RateClass.READ, data=DataClass.C2)
async def list_proposals(
    call: StaffCall, customer_id: CustomerId, page: Annotated[PageRequest, page_query()]
) -> Page[ProposalOut]:
    """List what was proposed to a customer and what came of it, newest first."""
    found = await get_customer(call.session, call.scope, customer_id=customer_id)
    views = await service.list_proposals(
        call.session, call.scope, call.keys, customer_id=found.id, before=page.after_moment, limit=page.fetch
    )
    return page.answer(
        views,
        position=lambda view: (view.row.created_at, view.row.id),
        shape=lambda view: ProposalOut.of(view, call.language),
    )


@router.post("", status_code=201, operation_id="makeProposal")
@declare(
    caller=PROPOSE,
    idempotency=Idempotency.REQUIRED,
    rate=RateClass.WRITE,
    data=DataClass.C2,
    refusals=(NotFound, RightNotOffered, ProposalWaiting, TooManyProposals),
)
async def make_proposal(
    call: StaffCall, customer_id: CustomerId, body: Annotated[ProposalIn, json_body(ProposalIn)]
) -> ProposalOut:
    """Prepare a redemption for a customer, who is told and accepts or declines it within seven days.

    Nothing moves before. At most five wait for one customer, one for each right.
    """
    new = Proposal(body.right_id, body.quantity, body.words)
    view = await service.propose(
        call.session, call.scope, call.keys, actor=call.actor, customer_id=customer_id, new=new
    )
    return ProposalOut.of(view, call.language)


@router.post("/{proposal_id}/withdraw", operation_id="withdrawProposal")
@declare(
    caller=PROPOSE,
    idempotency=Idempotency.OPTIONAL,
    rate=RateClass.WRITE,
    data=DataClass.C2,
    refusals=(NotFound, ProposalOver),
)
async def withdraw_proposal(call: StaffCall, customer_id: CustomerId, proposal_id: ProposalId) -> ProposalOut:
    """Take back a proposal that waits for the customer's answer."""
    view = await service.withdraw(
        call.session, call.scope, call.keys, actor=call.actor, customer_id=customer_id, proposal_id=proposal_id
    )
    return ProposalOut.of(view, call.language)
