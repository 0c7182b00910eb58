"""What my manager proposes to me."""

from datetime import datetime
from typing import Annotated

from pydantic import Field

from guibin.core import clock
from guibin.core.errors import NotFound
from guibin.core.ids import ProposalId, RedemptionId, RightId, SlotId
from guibin.core.text import Code, OneLine
from guibin.points.step_up import read_step_up
from guibin.rights import service
from guibin.rights.models import ProposalState
from guibin.rights.proposal_errors import ProposalOver
from guibin.rights.service import Acceptance, ProposalView
from guibin.security.ciphers import KeyRing
from guibin.web import (
    CustomerCall,
    DataClass,
    Idempotency,
    OutModel,
    Page,
    PageRequest,
    PortRouter,
    RateClass,
    StrictModel,
    customer,
    declare,
    json_body,
    page_query,
)

from .delivery_schemas import DeliveryIn
from .router import REFUSALS
from .schemas import MOST_EXPECTED_POINTS, RedemptionOut

router = PortRouter(prefix="/v1/me/proposals", tags=["proposals"])


class ProposalOut(OutModel):
    """A right that is proposed to me."""

    id: ProposalId
    right_id: RightId
    right_name: str
    quantity: int
    words: str | None = Field(description="What my manager says", examples=["您本年度的体检名额尚未使用，建议预约。"])
    state: ProposalState
    created_at: datetime
    lapses_at: datetime = Field(description="Before this instant I may answer")
    ended_at: datetime | None
    redemption_id: RedemptionId | None = Field(description="What I redeemed by accepting it")

    @classmethod
    def of(cls, view: ProposalView, language: str) -> "ProposalOut":
        """Describe a proposal."""
        made = {"right_name", "words", "state"}
        values = {field: getattr(view.row, field) for field in cls.model_fields.keys() - made}
        name = view.right.name_en if language == "en" else view.right.name_zh
        return cls(right_name=name, words=view.words, state=view.state_at(clock.now()), **values)


class AcceptIn(StrictModel):
    """How I want what is proposed."""

    expected_points: Annotated[int, Field(ge=0, le=MOST_EXPECTED_POINTS)] | None = Field(
        default=None, description="The points that I was shown for all units; another price is refused"
    )
    class_of_service: Code | None = Field(default=None, description="Where prices differ by class")
    wallet: Code | None = Field(default=None, description="The kind of points that pays; the right's own otherwise")
    slot_id: SlotId | None = Field(default=None, description="Of `GET /v1/rights/{id}/slots`, where it is booked")
    delivery: DeliveryIn | None = Field(default=None, description="Where it goes: for rights by `top_up` or `parcel`")
    step_up_token: Annotated[str, OneLine(200)] | None = Field(default=None, description="Where the points need it")

    def wish(self, keys: KeyRing) -> Acceptance:
        """Return the command's wish.

        Raises:
            StepUpInvalid: the token is not ours, or altered.
        """
        return Acceptance(
            expected_points=self.expected_points,
            class_of_service=self.class_of_service,
            wallet=self.wallet,
            slot_id=self.slot_id,
            delivery=None if self.delivery is None else self.delivery.delivery(),
            step_up=None if self.step_up_token is None else read_step_up(keys, self.step_up_token),
        )


@router.get("", operation_id="listMyProposals")
@declare(caller=customer("redemptions:read"), rate=RateClass.READ, data=DataClass.C2)
async def list_proposals(call: CustomerCall, page: Annotated[PageRequest, page_query()]) -> Page[ProposalOut]:
    """List what is and was proposed to me, newest first."""
    views = await service.list_proposals(
        call.session, call.scope, call.keys, customer_id=call.actor.id, before=page.after_moment, limit=page.fetch
    )
    return page.answer(
        views,
        position=lambda view: (view.row.created_at, view.row.id),
        shape=lambda view: ProposalOut.of(view, call.language),
    )


@router.post("/{proposal_id}/accept", status_code=201, operation_id="acceptMyProposal")
@declare(
    caller=customer("points:redeem"),
    idempotency=Idempotency.REQUIRED,
    rate=RateClass.REDEEM,
    data=DataClass.C2,
    refusals=(*REFUSALS, ProposalOver),
)
async def accept_proposal(
    call: CustomerCall, proposal_id: ProposalId, body: Annotated[AcceptIn, json_body(AcceptIn)]
) -> RedemptionOut:
    """Redeem what is proposed to me, as `POST /v1/redemptions` does; what refuses it leaves the proposal waiting."""
    wish = body.wish(call.keys)
    done = await service.accept(
        call.session, call.scope, call.keys, actor=call.actor, proposal_id=proposal_id, wish=wish
    )
    return RedemptionOut.of(done)


@router.post("/{proposal_id}/decline", operation_id="declineMyProposal")
@declare(
    caller=customer("points:redeem"),
    idempotency=Idempotency.OPTIONAL,
    rate=RateClass.WRITE,
    data=DataClass.C2,
    refusals=(NotFound, ProposalOver),
)
async def decline_proposal(call: CustomerCall, proposal_id: ProposalId) -> ProposalOut:
    """Say no to what is proposed to me."""
    view = await service.decline(call.session, call.scope, call.keys, actor=call.actor, proposal_id=proposal_id)
    return ProposalOut.of(view, call.language)
