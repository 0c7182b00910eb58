"""Rights on the bank port: the catalogue, its stock and codes, and redemptions."""

from typing import Annotated

from fastapi import Query
from starlette.responses import Response

from bank_api.approvals.schemas import SubmittedOut
from bank_api.tags.naming import require_nameable
from guibin.approvals.errors import StateConflict
from guibin.approvals.models import Approval
from guibin.core.errors import NotFound, PreconditionRequired, ReasonRequired, VersionConflict
from guibin.core.ids import CustomerId, RedemptionId, RightId, SlotId
from guibin.customers.origins import with_origins
from guibin.customers.repository import get_customer
from guibin.points.errors import AccountClosed, LimitExceeded, RefundExceedsPaid
from guibin.rights import service
from guibin.rights.donations import DonationHandedOver
from guibin.rights.errors import (
    AlreadyUsed,
    FulfilledByCode,
    NotRefundable,
    RightCodeTaken,
    WrongStockMode,
)
from guibin.rights.models import Category, RedemptionState, RightState
from guibin.rights.points_given import GivenPointsSpent
from guibin.rights.repository import catalogue
from guibin.rights.terms import tags_named
from guibin.security.actors import Domain, Verb
from guibin.tags.errors import TagSensitive
from guibin.web import (
    BodyLimit,
    DataClass,
    Idempotency,
    Page,
    PageRequest,
    PortRouter,
    RateClass,
    StaffCall,
    declare,
    json_body,
    page_query,
    set_etag,
    staff,
)

from .queries import describe, read_pool
from .schemas import (
    CodesAddedOut,
    CodesIn,
    FailureIn,
    RedemptionOut,
    RefundIn,
    RightContentIn,
    RightDetailOut,
    RightIn,
    RightOut,
    StockIn,
)

router = PortRouter(prefix="/v1", tags=["rights"])

READ = staff(Verb.READ, Domain.RIGHTS)
OPERATE = staff(Verb.SUBMIT, Domain.RIGHTS)


@router.get("/rights", operation_id="listRights")
@declare(caller=READ, rate=RateClass.READ, data=DataClass.C1)
async def list_rights(
    call: StaffCall,
    page: Annotated[PageRequest, page_query()],
    state: Annotated[RightState | None, Query(description="Only those in this state")] = None,
    category: Annotated[Category | None, Query(description="Only this category")] = None,
) -> Page[RightOut]:
    """List the catalogue in all states, oldest first."""
    rights = await catalogue.list_rights(
        call.session, state=state, category=category, after=page.after_moment, limit=page.fetch
    )
    return page.answer(rights, position=lambda right: (right.item.created_at, right.item.id), shape=RightOut.of)


@router.get("/rights/{right_id}", operation_id="getRight")
@declare(caller=READ, rate=RateClass.READ, data=DataClass.C1)
async def get_right(call: StaffCall, right_id: RightId, response: Response) -> RightDetailOut:
    """Show one right with its pictures and its stock; its revision is the ETag."""
    right = await catalogue.get_right(call.session, right_id=right_id)
    set_etag(response, right.item.revision)
    return await describe(call.session, right)


@router.post("/rights", status_code=201, operation_id="createRight")
@declare(
    caller=OPERATE,
    idempotency=Idempotency.OPTIONAL,
    rate=RateClass.WRITE,
    data=DataClass.C1,
    refusals=(RightCodeTaken, TagSensitive),
)
async def create_right(call: StaffCall, body: Annotated[RightIn, json_body(RightIn)], response: Response) -> RightOut:
    """Draft a right. Customers see it once its terms are submitted and another person has approved them."""
    await require_nameable(call, tags_named(body.content().terms))
    right = await service.create_right(call.session, actor=call.actor, new=body.new(), content=body.content())
    set_etag(response, right.item.revision)
    return RightOut.of(right)


@router.put("/rights/{right_id}", operation_id="changeRight")
@declare(
    caller=OPERATE,
    rate=RateClass.WRITE,
    data=DataClass.C1,
    refusals=(PreconditionRequired, VersionConflict, TagSensitive),
)
async def change_right(
    call: StaffCall,
    right_id: RightId,
    body: Annotated[RightContentIn, json_body(RightContentIn)],
    response: Response,
) -> RightOut:
    """Change the texts at once and draft new terms, which come into force when they are submitted and approved."""
    right = await catalogue.get_right(call.session, right_id=right_id)
    call.require_if_match(right.item.revision)
    await require_nameable(call, tags_named(body.content().terms))
    changed = await service.change_right(call.session, actor=call.actor, right=right, content=body.content())
    set_etag(response, changed.item.revision)
    return RightOut.of(changed)


@router.post("/rights/{right_id}/submit", status_code=202, operation_id="submitRight")
@declare(
    caller=OPERATE,
    idempotency=Idempotency.OPTIONAL,
    rate=RateClass.WRITE,
    data=DataClass.C1,
    refusals=(StateConflict, VersionConflict),
)
async def submit_right(call: StaffCall, right_id: RightId) -> SubmittedOut:
    """Submit the drafted terms: prices, quotas, minimum tier, limit and time of sale as one. Approval publishes."""
    return SubmittedOut.of(await service.submit_terms(call.session, actor=call.actor, right_id=right_id))


@router.post("/rights/{right_id}/suspend", operation_id="suspendRight")
@declare(
    caller=OPERATE,
    idempotency=Idempotency.OPTIONAL,
    rate=RateClass.WRITE,
    data=DataClass.C1,
    refusals=(StateConflict, VersionConflict),
)
async def suspend_right(call: StaffCall, right_id: RightId) -> RightOut:
    """Take a right off sale at once; what was redeemed stays good. Submitting it again brings it back."""
    right = await service.suspend_right(call.session, actor=call.actor, right_id=right_id)
    return RightOut.of(right)


@router.post("/rights/{right_id}/stock", operation_id="addStock")
@declare(
    caller=OPERATE,
    idempotency=Idempotency.REQUIRED,
    rate=RateClass.WRITE,
    data=DataClass.C1,
    refusals=(WrongStockMode,),
)
async def add_stock(call: StaffCall, right_id: RightId, body: Annotated[StockIn, json_body(StockIn)]) -> RightDetailOut:
    """Add units to a right with counted stock."""
    await service.add_stock(call.session, actor=call.actor, right_id=right_id, quantity=body.add)
    right = await catalogue.get_right(call.session, right_id=right_id)
    return await describe(call.session, right)


@router.post("/rights/{right_id}/codes", operation_id="addCodes")
@declare(
    caller=OPERATE,
    idempotency=Idempotency.REQUIRED,
    rate=RateClass.WRITE,
    data=DataClass.C1,
    body_limit=BodyLimit.BATCH,
    refusals=(WrongStockMode,),
)
async def add_codes(call: StaffCall, right_id: RightId, body: Annotated[CodesIn, json_body(CodesIn)]) -> CodesAddedOut:
    """Add a supplier's codes to the pool, or let codes be made, of a pattern of the bank's own where one is given.

    Codes that are made have 80 random bits at least. No code is ever shown to staff.
    """
    sent = len(body.codes or []) or body.generate or 0
    if body.codes is not None:
        added = await service.add_codes(
            call.session,
            actor=call.actor,
            keys=call.keys,
            right_id=right_id,
            codes=body.codes,
        )
    else:
        added = await service.generate_codes(
            call.session,
            actor=call.actor,
            keys=call.keys,
            right_id=right_id,
            count=sent,
            pattern=body.pattern.pattern() if body.pattern else None,
        )
    return CodesAddedOut.of(sent=sent, added=added, size=await read_pool(call.session, right_id))


@router.get("/redemptions", operation_id="listRedemptions")
@declare(caller=READ, rate=RateClass.READ, data=DataClass.C2)
async def list_redemptions(
    call: StaffCall,
    page: Annotated[PageRequest, page_query()],
    right_id: Annotated[RightId | None, Query(description="Only of this right")] = None,
    state: Annotated[RedemptionState | None, Query(description="Only those in this state")] = None,
    slot_id: Annotated[SlotId | None, Query(description="Only those that hold places in this slot")] = None,
) -> Page[RedemptionOut]:
    """List the redemptions of the customers in my scope, newest first."""
    views = await service.list_redemptions(
        call.session,
        call.scope,
        right_id=right_id,
        state=state,
        slot_id=slot_id,
        before=page.after_moment,
        limit=page.fetch,
    )
    return page.answer(
        views,
        position=lambda view: (view.redemption.created_at, view.redemption.id),
        shape=lambda view: RedemptionOut.of(view, call.language),
    )


@router.post("/redemptions/{redemption_id}/fulfil", operation_id="fulfilRedemption")
@declare(
    caller=staff(Verb.WRITE, Domain.RIGHTS),
    idempotency=Idempotency.REQUIRED,
    rate=RateClass.WRITE,
    data=DataClass.C2,
    refusals=(NotFound, StateConflict, FulfilledByCode),
)
async def fulfil_redemption(call: StaffCall, redemption_id: RedemptionId) -> RedemptionOut:
    """Note that a right was handed out or carried out; a right by code is fulfilled by the use of its codes."""
    view = await service.fulfil(call.session, call.scope, actor=call.actor, redemption_id=redemption_id)
    return RedemptionOut.of(view, call.language)


@router.post("/redemptions/{redemption_id}/fail", operation_id="failRedemption")
@declare(
    caller=staff(Verb.WRITE, Domain.RIGHTS),
    idempotency=Idempotency.REQUIRED,
    rate=RateClass.WRITE,
    data=DataClass.C2,
    refusals=(NotFound, StateConflict, AlreadyUsed, ReasonRequired, AccountClosed),
)
async def fail_redemption(
    call: StaffCall, redemption_id: RedemptionId, body: Annotated[FailureIn, json_body(FailureIn)]
) -> RedemptionOut:
    """Note that a right cannot be delivered: the customer has points, quota and stock back at once."""
    view = await service.fail(
        call.session, call.scope, actor=call.actor, redemption_id=redemption_id, reason=body.reason
    )
    return RedemptionOut.of(view, call.language)


@router.post(
    "/redemptions/{redemption_id}/refund",
    operation_id="refundRedemption",
    response_model=RedemptionOut | SubmittedOut,
    responses={200: {"model": RedemptionOut}, 202: {"model": SubmittedOut}},
)
@declare(
    caller=staff(Verb.SUBMIT, Domain.POINTS),
    idempotency=Idempotency.REQUIRED,
    rate=RateClass.WRITE,
    data=DataClass.C2,
    refusals=(
        NotFound,
        StateConflict,
        AlreadyUsed,
        GivenPointsSpent,
        DonationHandedOver,
        ReasonRequired,
        AccountClosed,
        LimitExceeded,
        NotRefundable,
        RefundExceedsPaid,
    ),
)
async def refund_redemption(
    call: StaffCall, redemption_id: RedemptionId, body: Annotated[RefundIn, json_body(RefundIn)], response: Response
) -> RedemptionOut | SubmittedOut:
    """Give back units, or all that still stands: points to the lots that paid, quota, limit and stock.

    What costs the bank more than 500 CNY, with what went back of it before, waits for another person (202). Never more
    goes back than was taken. With each unit of a right by codes the last of its codes that nobody used goes back and is
    void; used ones stay (`already_used` says how many units are `refundable`), and with the last unused one gone the
    redemption is fulfilled. What came with guests or gave points goes back as a whole only.
    """
    done = await service.request_refund(
        call.session, call.scope, actor=call.actor, grants=call.grants, refund=body.refund(redemption_id)
    )
    if isinstance(done, Approval):
        response.status_code = 202
        return SubmittedOut.of(done)
    return RedemptionOut.of(done, call.language)


@router.get("/customers/{customer_id}/redemptions", operation_id="listCustomerRedemptions")
@declare(caller=READ, rate=RateClass.READ, data=DataClass.C2)
async def list_customer_redemptions(
    call: StaffCall,
    customer_id: CustomerId,
    page: Annotated[PageRequest, page_query()],
    state: Annotated[RedemptionState | None, Query(description="Only those in this state")] = None,
) -> Page[RedemptionOut]:
    """List one customer's redemptions, newest first."""
    found = await get_customer(call.session, call.scope, customer_id=customer_id)
    async with with_origins(call.session, call.scope, customer_id=found.id) as scope:
        views = await service.list_redemptions(
            call.session, scope, customer_id=found.id, state=state, before=page.after_moment, limit=page.fetch
        )
    return page.answer(
        views,
        position=lambda view: (view.redemption.created_at, view.redemption.id),
        shape=lambda view: RedemptionOut.of(view, call.language),
    )
