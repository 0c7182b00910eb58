"""Claims of heirs on the points of a customer who has died, on the bank port."""

from datetime import datetime
from typing import Annotated, Self

from pydantic import ConfigDict, Field, model_validator

from bank_api.approvals.schemas import SubmittedOut
from guibin.core.errors import NotFound, ReasonRequired
from guibin.core.ids import ApprovalId, CustomerId, EntryId, InheritanceId, TransferId
from guibin.core.invalid import invalid_input
from guibin.core.text import Note, OneLine
from guibin.points.errors import AccountFrozen
from guibin.points.inheritance.errors import HeirUnavailable, NotDeceased, NothingToInherit, PointsSetAside
from guibin.points.inheritance.service import Claim, Heir, InheritanceView, list_claims, submit_claim
from guibin.points.transfer_models import PointsTransfer
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

router = PortRouter(prefix="/v1/customers/{customer_id}", tags=["points"])

MOST_HEIRS = 20
MOST_PARTS = 1_000_000
CHILD = "cus_01934f6e-7a10-7c3e-9d55-2f60a1b2c3d5"
SPOUSE = "cus_01934f6e-7a10-7c3e-9d55-2f60a1b2c3d6"


class HeirIn(StrictModel):
    """Who inherits, and how many parts of the whole: 1 and 1 are a half each, 2 and 1 two thirds and one."""

    customer_id: CustomerId
    share: Annotated[int, Field(ge=1, le=MOST_PARTS)] = Field(default=1, examples=[1])


class InheritanceIn(StrictModel):
    """Who inherits the customer's points, and by which deed."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "heirs": [{"customer_id": SPOUSE, "share": 2}, {"customer_id": CHILD, "share": 1}],
                    "document_no": "(2026)沪东证字第1234号",
                    "reason": "继承人持继承权公证书到网点办理",
                }
            ]
        }
    )

    heirs: list[HeirIn] = Field(min_length=1, max_length=MOST_HEIRS)
    document_no: Annotated[str, OneLine(64)] = Field(
        description="Number of the notarial deed or the judgment that says who inherits"
    )
    reason: Annotated[str, Note(200)] | None = Field(
        default=None, description="Required, 10 to 200 characters", examples=["继承人持继承权公证书到网点办理"]
    )

    @model_validator(mode="after")
    def _each_once(self) -> Self:
        if len({heir.customer_id for heir in self.heirs}) != len(self.heirs):
            raise invalid_input("duplicate_item", "同一继承人不能重复", "must not name an heir twice")
        return self

    def claim(self, customer_id: CustomerId) -> Claim:
        """Say what is asked for."""
        return Claim(
            customer_id=customer_id,
            heirs=tuple(Heir(customer_id=heir.customer_id, share=heir.share) for heir in self.heirs),
            document_no=self.document_no,
            reason=self.reason or "",
        )


class InheritedPartOut(OutModel):
    """What one heir had of one kind of points."""

    transfer_id: TransferId
    heir_id: CustomerId
    wallet: str
    points: int
    entry_id: EntryId = Field(
        description="The deceased's entry: what `POST /v1/points/entries/{id}/reverse` takes back"
    )

    @classmethod
    def of(cls, part: PointsTransfer) -> Self:
        """Describe the deceased's side of a transfer."""
        return cls.model_validate({**part.model_dump(), "transfer_id": part.id, "heir_id": part.other_id})


class InheritanceOut(OutModel):
    """A claim of heirs that was carried out."""

    id: InheritanceId
    approval_id: ApprovalId = Field(description="Who asked and who agreed")
    document_no: str
    reason: str
    posted_at: datetime
    parts: list[InheritedPartOut] = Field(description="By kind of points, in the order of the heirs")

    @classmethod
    def of(cls, view: InheritanceView) -> Self:
        """Describe a claim with what each heir had."""
        return cls.model_validate(
            {**view.claim.model_dump(), "parts": [InheritedPartOut.of(part) for part in view.parts]}
        )


@router.post("/inheritance", status_code=202, operation_id="claimInheritance")
@declare(
    caller=staff(Verb.SUBMIT, Domain.COMPLIANCE),
    idempotency=Idempotency.REQUIRED,
    rate=RateClass.WRITE,
    data=DataClass.C2,
    refusals=(
        NotFound,
        ReasonRequired,
        NotDeceased,
        AccountFrozen,
        PointsSetAside,
        NothingToInherit,
        HeirUnavailable,
    ),
)
async def claim_inheritance(
    call: StaffCall, customer_id: CustomerId, body: Annotated[InheritanceIn, json_body(InheritanceIn)]
) -> SubmittedOut:
    """Submit that heirs have the points of a customer who has died. Nothing moves until compliance approves.

    All that can be spent when it is approved passes on, shared lot by lot to the point; lots keep their last day. What
    the deceased owes is kept back, what is set aside is freed first, pending points are claimed when they are free.
    Limits of what customers pass on do not apply. It is taken back by reversing the deceased's entries.
    """
    approval = await submit_claim(call.session, call.scope, actor=call.actor, claim=body.claim(customer_id))
    return SubmittedOut.of(approval)


@router.get("/inheritances", operation_id="listInheritances")
@declare(caller=staff(Verb.READ, Domain.POINTS), rate=RateClass.READ, data=DataClass.C2)
async def list_inheritances(
    call: StaffCall, customer_id: CustomerId, page: Annotated[PageRequest, page_query()]
) -> Page[InheritanceOut]:
    """List the claims on a customer's points that were carried out, newest first, with what each heir had."""
    views = await list_claims(
        call.session, call.scope, customer_id=customer_id, before=page.after_moment, limit=page.fetch
    )
    return page.answer(views, position=lambda view: (view.claim.posted_at, view.claim.id), shape=InheritanceOut.of)
