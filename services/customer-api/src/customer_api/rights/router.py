"""The catalogue and the redemptions of the customer who calls."""

from functools import partial
from typing import Annotated

from fastapi import Query
from starlette.responses import Response

from customer_api.parts import Parts
from guibin.approvals.errors import StateConflict
from guibin.core.errors import NotFound, Refusal
from guibin.core.ids import RedemptionId, RightId
from guibin.core.text import OneLine
from guibin.customers.origins import with_origins
from guibin.idempotency.service import Replay
from guibin.points.assets.errors import DepositRewardForbidden
from guibin.points.errors import (
    AccountClosed,
    ReceiverUnavailable,
    StepUpInvalid,
    StepUpRequired,
    TransferCodeInvalid,
    TransferToSelf,
)
from guibin.points.household.errors import (
    HouseholdLimitReached,
    HouseholdPaysPointsOnly,
    HouseholdPointsUnavailable,
    WalletNotPooled,
)
from guibin.rights import service
from guibin.rights.donations import DonorNotAsked
from guibin.rights.errors import REFUSED, AlreadyUsed, NotCancellable
from guibin.rights.models import Category, Fulfilment, RedemptionState
from guibin.rights.points_given import PointsNotPaid, ReceivingCodeNotAsked, ReceivingCodeRequired
from guibin.rights.repository.catalogue import place_of
from guibin.suppliers.service.showing import show_order
from guibin.web import (
    CustomerCall,
    DataClass,
    DirectCall,
    Idempotency,
    Page,
    PageRequest,
    PortRouter,
    RateClass,
    customer,
    declare,
    json_body,
    page_query,
)
from guibin.web.once import replayed
from guibin.web.port import port_of
from guibin.web.problems import MEDIA_TYPE as PROBLEM
from guibin.web.problems import problem_body

from .catalogue_schemas import RightOut
from .code_schemas import CodesOut
from .schemas import (
    RedemptionDetailOut,
    RedemptionIn,
    RedemptionOut,
    RedemptionPreviewOut,
    RedemptionRowOut,
)

router = PortRouter(prefix="/v1", tags=["rights"])

Words = Annotated[str, OneLine(40)]
REFUSALS: tuple[type[Refusal], ...] = (
    NotFound,
    *REFUSED.values(),
    StepUpRequired,
    StepUpInvalid,
    ReceivingCodeRequired,
    ReceivingCodeNotAsked,
    TransferCodeInvalid,
    TransferToSelf,
    ReceiverUnavailable,
    PointsNotPaid,
    DepositRewardForbidden,
    DonorNotAsked,
    HouseholdPointsUnavailable,
    HouseholdLimitReached,
    HouseholdPaysPointsOnly,
    WalletNotPooled,
)


@router.get("/rights", operation_id="listRights")
@declare(caller=customer("points:read"), rate=RateClass.READ, data=DataClass.C2)
async def list_rights(
    call: CustomerCall,
    page: Annotated[PageRequest, page_query()],
    category: Annotated[Category | None, Query(description="Only this category")] = None,
    kind: Annotated[Fulfilment | None, Query(description="Only rights that reach me in this way")] = None,
    q: Annotated[Words | None, Query(description="Words of the name or description")] = None,
    affordable: Annotated[bool, Query(description="Only those for which my quota or my points are enough")] = False,
    brand: Annotated[Words | None, Query(description="Only of this brand")] = None,
    label: Annotated[Words | None, Query(description="Only those with this label")] = None,
    featured: Annotated[
        bool | None, Query(description="Only those that the bank puts in front, or all but those")
    ] = None,
) -> Page[RightOut]:
    """List the rights that I may have or nearly may have: the price for me, the quota left, and all reasons why not.

    What the bank puts in front comes first, then the others, each by its place and then by its age.
    """
    entries = await service.list_catalogue(
        call.session,
        call.scope,
        customer_id=call.actor.id,
        wanted=service.CatalogueFilter(category, kind, q, brand, label, featured),
        affordable=affordable,
        after=page.after_place,
        limit=page.fetch,
    )
    return page.answer(
        entries,
        position=lambda entry: place_of(entry.right),
        shape=lambda entry: RightOut.of(entry, call.language),
    )


@router.get("/rights/{right_id}", operation_id="getRight")
@declare(caller=customer("points:read"), rate=RateClass.READ, data=DataClass.C2)
async def get_right(call: CustomerCall, right_id: RightId) -> RightOut:
    """Show one right as I may have it."""
    entry = await service.get_catalogue_entry(call.session, call.scope, customer_id=call.actor.id, right_id=right_id)
    return RightOut.of(entry, call.language)


async def create_redemption_directly(call: DirectCall) -> Response:
    """Answer as `create_redemption` does: two statements, neither of them through a session."""
    port = port_of(call.request)
    if not isinstance(call.body, RedemptionIn) or call.key is None or not isinstance(port.parts, Parts):
        raise TypeError("a direct call is in order, with its body and its key")
    answered = await service.redeem_directly(
        call,
        call.scope,
        service.Wanted(call.actor.id, call.actor, call.body.request(port.keys), port.keys),
        service.Once(
            call.key,
            call.meaning,
            frame=RedemptionOut.frame,
            problem=partial(problem_body, request_id=call.request_id, language=call.language),
            problem_type=PROBLEM,
        ),
        known=port.parts.rights,
        together=port.parts.redemptions,
        sessions=port.sessions,
    )
    if isinstance(answered, Replay):
        return replayed(answered)
    return Response(answered, 201, media_type="application/json")


@router.post(
    "/redemptions",
    status_code=201,
    response_model=RedemptionOut,
    responses={200: {"model": RedemptionPreviewOut, "description": "Dry run: nothing was stored"}},
    operation_id="createRedemption",
)
@declare(
    caller=customer("points:redeem"),
    idempotency=Idempotency.REQUIRED,
    rate=RateClass.REDEEM,
    data=DataClass.C2,
    refusals=REFUSALS,
    dry_run=True,
    direct=create_redemption_directly,
)
async def create_redemption(
    call: CustomerCall, body: Annotated[RedemptionIn, json_body(RedemptionIn)]
) -> RedemptionOut | Response:
    """Redeem a right: my quota first, then points, at once and for good; guests by their own quota, then points.

    After a broken connection send the same call with the same key: there is one redemption, and the same answer. The
    answer never contains a voucher code; `GET /v1/redemptions/{id}/code` does.
    """
    customer_id, request = call.actor.id, body.request(call.keys)
    if call.dry_run:
        seen = await service.preview(call.session, call.scope, customer_id=customer_id, request=request, keys=call.keys)
        answer = RedemptionPreviewOut.of(seen, request.quantity, call.language)
        return Response(answer.model_dump_json(), media_type="application/json")
    done = await service.redeem(
        call.session, call.scope, actor=call.actor, customer_id=customer_id, request=request, keys=call.keys
    )
    return RedemptionOut.of(done)


@router.get("/redemptions", operation_id="listMyRedemptions")
@declare(caller=customer("redemptions:read"), rate=RateClass.HISTORY, data=DataClass.C2)
async def list_redemptions(
    call: CustomerCall,
    page: Annotated[PageRequest, page_query()],
    state: Annotated[RedemptionState | None, Query(description="Only those in this state")] = None,
) -> Page[RedemptionRowOut]:
    """List my redemptions, newest first."""
    async with with_origins(call.session, call.scope, customer_id=call.actor.id) as scope:
        views = await service.list_redemptions(
            call.session,
            scope,
            customer_id=call.actor.id,
            state=state,
            before=page.after_moment,
            limit=page.fetch,
        )
    return page.answer(
        views,
        position=lambda view: (view.redemption.created_at, view.redemption.id),
        shape=lambda view: RedemptionRowOut.of(view, call.language),
    )


@router.get("/redemptions/{redemption_id}", operation_id="getMyRedemption")
@declare(caller=customer("redemptions:read"), rate=RateClass.READ, data=DataClass.C2)
async def get_redemption(call: CustomerCall, redemption_id: RedemptionId) -> RedemptionDetailOut:
    """Show one redemption of mine in full."""
    async with with_origins(call.session, call.scope, customer_id=call.actor.id) as scope:
        view = await service.get_redemption(call.session, scope, redemption_id=redemption_id)
        person = await service.show_beneficiary(call.session, scope, call.keys, redemption=view.redemption)
        order = await show_order(call.session, scope, call.keys, redemption=view.redemption)
        replacing = await service.look_at_replacing(call.session, scope, redemption=view.redemption)
    return RedemptionDetailOut.in_full(view, person, call.language, order=order, replacing=replacing)


@router.post("/redemptions/{redemption_id}/cancel", operation_id="cancelMyRedemption")
@declare(
    caller=customer("points:redeem"),
    idempotency=Idempotency.REQUIRED,
    rate=RateClass.WRITE,
    data=DataClass.C2,
    refusals=(NotFound, StateConflict, NotCancellable, AlreadyUsed, AccountClosed),
)
async def cancel_redemption(call: CustomerCall, redemption_id: RedemptionId) -> RedemptionDetailOut:
    """Cancel a redemption of mine while its right allows it: points, quota and stock come back at once.

    The points go back to the lots that paid, with their own last day; what has expired meanwhile can be spent for the
    wallet's days of grace. The code of a cancelled redemption is void.
    """
    async with with_origins(call.session, call.scope, customer_id=call.actor.id) as scope:
        view = await service.cancel(call.session, scope, actor=call.actor, redemption_id=redemption_id)
        person = await service.show_beneficiary(call.session, scope, call.keys, redemption=view.redemption)
        replacing = await service.look_at_replacing(call.session, scope, redemption=view.redemption)
    return RedemptionDetailOut.in_full(view, person, call.language, replacing=replacing)


@router.get("/redemptions/{redemption_id}/code", operation_id="getMyRedemptionCode")
@declare(caller=customer("redemptions:read"), rate=RateClass.READ, data=DataClass.C3)
async def get_code(call: CustomerCall, redemption_id: RedemptionId) -> CodesOut:
    """Show the voucher codes of a redemption, each with the payload of a QR picture that is taken for 60 seconds."""
    async with with_origins(call.session, call.scope, customer_id=call.actor.id) as scope:
        codes = await service.show_codes(call.session, scope, keys=call.keys, redemption_id=redemption_id)
    return CodesOut.of(codes)
