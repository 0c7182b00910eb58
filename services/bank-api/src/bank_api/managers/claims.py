"""Claims on customers whom nobody serves, on the bank port: who has one, who says that it is theirs, who decides."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Annotated, Literal, Self

from fastapi import Query
from pydantic import Field

from guibin.core import clock
from guibin.core.errors import NotFound, VersionConflict
from guibin.core.ids import ClaimId, CustomerId, DisputeId, ManagerId, StaffId
from guibin.core.text import Note
from guibin.managers import repository as managers
from guibin.managers.claims import disputing, repository, service
from guibin.managers.claims.errors import ClaimNotPossible, DisputeNotPossible, NoOpenDispute, PartyDecides
from guibin.managers.claims.models import Claim, ClaimDispute, ClaimDisputeState, ClaimEnd, ClaimOrigin
from guibin.managers.claims.repository import Wanted
from guibin.managers.errors import AssigneeInvalid
from guibin.managers.models import Manager
from guibin.security.actors import Domain, Verb
from guibin.security.row_scope import all_rows
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

router = PortRouter(prefix="/v1", tags=["managers"])

READ = staff(Verb.READ, Domain.MANAGERS)
ASSIGN = staff(Verb.WRITE, Domain.MANAGERS)
CARE = staff(Verb.WRITE, Domain.CARE)

Reason = Annotated[str, Note(200)]


class ClaimDisputeOut(OutModel):
    """Somebody says that a claim is theirs."""

    id: DisputeId
    manager_id: ManagerId = Field(description="Whose claim it shall be")
    reason: str
    state: ClaimDisputeState
    opened_at: datetime
    ruling: str | None = Field(description="Why it was decided so")
    decided_by: StaffId | None
    decided_at: datetime | None
    blocked_until: date | None = Field(
        description="Of who lost it: first day on which the customer may be claimed again"
    )

    @classmethod
    def of(cls, row: ClaimDispute) -> Self:
        """Describe a dispute."""
        return cls.model_validate({name: getattr(row, name) for name in cls.model_fields})


class ClaimOut(OutModel):
    """A manager is the first choice for a customer whom nobody serves."""

    id: ClaimId
    customer_id: CustomerId
    manager_id: ManagerId
    origin: ClaimOrigin
    valid_from: date
    valid_to: date = Field(description="First day on which it does not count")
    end_reason: ClaimEnd | None = Field(description="Why it was over before its last day; null: it was not")
    blocked_until: date | None = Field(
        description="First day on which the same manager may claim the customer again; null: any day"
    )
    disputes: list[ClaimDisputeOut]

    @classmethod
    def of(cls, row: Claim, disputes: Sequence[ClaimDispute]) -> Self:
        """Describe a claim with all that was said about it."""
        own = {name: getattr(row, name) for name in cls.model_fields if name != "disputes"}
        return cls.model_validate(own | {"disputes": [ClaimDisputeOut.of(one) for one in disputes]})


class ClaimIn(StrictModel):
    """Which manager brought the customer."""

    manager_id: ManagerId
    reason: Reason = Field(examples=["陪同客户到网点开户"])


class ClaimDisputeIn(StrictModel):
    """Why the claim is the caller's own."""

    reason: Reason = Field(examples=["该客户由我先行拜访，见九月走访记录"])


class ClaimDecisionIn(StrictModel):
    """Whether the claim stays, or goes to who disputes it."""

    outcome: Literal["stays", "moves"]
    reason: Reason = Field(examples=["走访记录在先"])


class ReferralCodeOut(OutModel):
    """The code that customers type to name me as their manager."""

    manager_id: ManagerId
    code: str = Field(examples=["7KQ2M9XWPD"])


@router.get("/claims", operation_id="listClaims")
@declare(caller=READ, rate=RateClass.READ, data=DataClass.C2)
async def list_claims(
    call: StaffCall,
    page: Annotated[PageRequest, page_query()],
    state: Annotated[Literal["standing"] | None, Query(description="Only those that count today")] = None,
    customer_id: Annotated[CustomerId | None, Query(description="Only those on this customer")] = None,
    manager_id: Annotated[ManagerId | None, Query(description="Only those of this manager")] = None,
) -> Page[ClaimOut]:
    """List the claims on customers in my scope and those of my branch's managers, the newest first."""
    wanted = Wanted(clock.today() if state else None, customer_id, manager_id)
    async with all_rows(call.session):  # nobody serves these customers, so that no manager reaches their rows
        rows = await repository.list_claims(
            call.session,
            call.scope,
            colleague_id=call.actor.id,
            wanted=wanted,
            limit=page.fetch,
            before=page.after_id,
        )
        disputes = await repository.disputes_of(call.session, rows)
    return page.answer(rows, position=lambda row: str(row.id), shape=lambda row: ClaimOut.of(row, disputes[row.id]))


@router.post("/customers/{customer_id}/claims", status_code=201, operation_id="enterClaim")
@declare(
    caller=ASSIGN,
    idempotency=Idempotency.OPTIONAL,
    rate=RateClass.WRITE,
    data=DataClass.C2,
    refusals=(NotFound, ClaimNotPossible),
)
async def enter_claim(
    call: StaffCall, customer_id: CustomerId, body: Annotated[ClaimIn, json_body(ClaimIn)]
) -> ClaimOut:
    """Give a manager the claim on a customer whom that manager brought and nobody serves.

    Touches that reach such a customer, and the manager's code typed by the customer, give it by themselves.
    """
    claim = await service.enter_claim(
        call.session,
        call.scope,
        actor=call.actor,
        customer_id=customer_id,
        manager_id=body.manager_id,
        reason=body.reason,
    )
    return ClaimOut.of(claim, [])


@router.post("/claims/{claim_id}/dispute", status_code=201, operation_id="disputeClaim")
@declare(
    caller=CARE,
    idempotency=Idempotency.OPTIONAL,
    rate=RateClass.WRITE,
    data=DataClass.C2,
    refusals=(NotFound, DisputeNotPossible),
)
async def dispute_claim(
    call: StaffCall, claim_id: ClaimId, body: Annotated[ClaimDisputeIn, json_body(ClaimDisputeIn)]
) -> ClaimDisputeOut:
    """Say, as a manager, that a colleague's claim is mine; the claim stands until somebody decides.

    It can be said for the days of the terms, also once the colleague serves the customer by it.
    """
    row = await disputing.dispute(call.session, call.scope, actor=call.actor, claim_id=claim_id, reason=body.reason)
    return ClaimDisputeOut.of(row)


@router.post("/claims/{claim_id}/decide", operation_id="decideClaim")
@declare(
    caller=ASSIGN,
    idempotency=Idempotency.OPTIONAL,
    rate=RateClass.WRITE,
    data=DataClass.C2,
    refusals=(NotFound, NoOpenDispute, PartyDecides, AssigneeInvalid, VersionConflict),
)
async def decide_claim(
    call: StaffCall, claim_id: ClaimId, body: Annotated[ClaimDecisionIn, json_body(ClaimDecisionIn)]
) -> ClaimOut:
    """Decide a dispute, as somebody who reaches the customer and both managers and is no party to it.

    The claim stays, or goes to who disputes it, together with the customer where the claimant serves the customer by
    now. Who loses cannot claim the customer again for the days of the terms.
    """
    ruling = disputing.Ruling(body.outcome == "moves", body.reason)
    claim = await disputing.decide(call.session, call.scope, actor=call.actor, claim_id=claim_id, ruling=ruling)
    return ClaimOut.of(claim, (await repository.disputes_of(call.session, [claim]))[claim.id])


@router.get("/me/referral-code", operation_id="getMyReferralCode")
@declare(caller=READ, rate=RateClass.READ, data=DataClass.C1)
async def get_referral_code(call: StaffCall) -> ReferralCodeOut:
    """Show the code by which customers name me as their manager; who is no manager has none."""
    manager_id = await managers.manager_of_staff(call.session, staff_id=call.actor.id)
    if manager_id is None:
        raise NotFound
    manager = await call.session.get_one(Manager, manager_id)
    return ReferralCodeOut(manager_id=manager.id, code=manager.referral_code)
