"""Points set aside for a booking or for use elsewhere: held, then spent in whole or in part, or free again."""

from typing import Annotated
from uuid import UUID

from guibin.core.errors import NotFound, ReasonRequired, ValidationFailed
from guibin.core.ids import CustomerId, HoldId
from guibin.customers.identifiers import normalise_number
from guibin.customers.references import customer_no_ref
from guibin.customers.repository import customers_of_refs
from guibin.points import service
from guibin.points.errors import (
    AccountClosed,
    AccountFrozen,
    CaptureExceedsHold,
    CustomerUnknown,
    HoldClosed,
    HoldExpired,
    HoldTimeOutOfRange,
    InsufficientPoints,
    PointsNotSpendable,
    ReferenceConflict,
    SpendCapReached,
    WalletClosed,
)
from guibin.programme.errors import Stopped
from guibin.security.actors import ActorKind, Domain, Verb
from guibin.web import (
    AnyCall,
    DataClass,
    Idempotency,
    PortRouter,
    RateClass,
    ServiceCall,
    anyone_of,
    declare,
    json_body,
    staff,
)
from guibin.web import service as service_with

from .correction_schemas import HoldCaptureIn, HoldIn, HoldOut, HoldReleaseIn

router = PortRouter(prefix="/v1", tags=["points"])

TERMINAL = service_with("points:hold")
SERVE = anyone_of(staff(Verb.WRITE, Domain.POINTS), TERMINAL)


@router.post("/points/holds", status_code=201, operation_id="createPointsHold")
@declare(
    caller=SERVE,
    idempotency=Idempotency.REQUIRED,
    rate=RateClass.WRITE,
    data=DataClass.C2,
    refusals=(
        NotFound,
        CustomerUnknown,
        ReasonRequired,
        HoldTimeOutOfRange,
        InsufficientPoints,
        AccountFrozen,
        AccountClosed,
        WalletClosed,
        PointsNotSpendable,
        SpendCapReached,
        Stopped,
        ReferenceConflict,
    ),
)
async def create_hold(call: AnyCall, body: Annotated[HoldIn, json_body(HoldIn)]) -> HoldOut:
    """Set points aside until an instant. They are neither spent nor expire until the hold is captured or ends.

    The same reference of the same caller makes one hold, and is answered with it.
    """
    wanted = service.HoldRequest(
        customer_id=await _customer(call, body),
        wallet=body.wallet,
        points=body.points,
        expires_at=body.expires_at,
        reference=body.reference,
        reason=body.reason or "",
    )
    return HoldOut.of(await service.set_aside(call.session, call.scope, actor=call.actor, wanted=wanted))


@router.get("/customers/{customer_id}/points/holds/{hold_id}", operation_id="getPointsHold")
@declare(caller=SERVE, rate=RateClass.READ, data=DataClass.C2)
async def get_hold(call: AnyCall, customer_id: CustomerId, hold_id: HoldId) -> HoldOut:
    """Show a hold; a service sees those that it made."""
    return HoldOut.of(
        await service.find_hold(call.session, call.scope, actor=call.actor, customer_id=customer_id, hold_id=hold_id)
    )


@router.post("/points/holds/{hold_id}/capture", operation_id="capturePointsHold")
@declare(
    caller=TERMINAL,
    idempotency=Idempotency.REQUIRED,
    rate=RateClass.WRITE,
    data=DataClass.C2,
    refusals=(NotFound, CaptureExceedsHold, HoldExpired, HoldClosed, AccountFrozen, AccountClosed),
)
async def capture_hold(
    call: ServiceCall, hold_id: HoldId, body: Annotated[HoldCaptureIn, json_body(HoldCaptureIn)]
) -> HoldOut:
    """Spend what the hold set aside, or a part of it; the rest is free again.

    Capturing it a second time answers what the first time did. Staff do not capture: what they take away needs a second
    person.
    """
    held = await service.spend_hold(
        call.session,
        call.scope,
        actor=call.actor,
        customer_id=body.customer_id,
        hold_id=hold_id,
        points=body.points,
    )
    return HoldOut.of(held)


@router.post("/points/holds/{hold_id}/release", operation_id="releasePointsHold")
@declare(
    caller=SERVE,
    idempotency=Idempotency.REQUIRED,
    rate=RateClass.WRITE,
    data=DataClass.C2,
    refusals=(NotFound, HoldExpired, HoldClosed),
)
async def release_hold(
    call: AnyCall, hold_id: HoldId, body: Annotated[HoldReleaseIn, json_body(HoldReleaseIn)]
) -> HoldOut:
    """Give what was set aside free. A hold whose time has ended is free by itself."""
    held = await service.free_hold(
        call.session, call.scope, actor=call.actor, customer_id=body.customer_id, hold_id=hold_id
    )
    return HoldOut.of(held)


async def _customer(call: AnyCall, body: HoldIn) -> UUID:
    """Return whom the body names; staff name a customer by our id, so that nobody deals with the own account."""
    if body.customer_id is not None:
        return body.customer_id
    if call.actor.kind is not ActorKind.SERVICE:
        raise ValidationFailed.of(["body", "customer_no"], "forbidden_field", "仅供系统调用方使用", "services only")
    number = normalise_number(body.customer_no or "")
    ref = None if number is None else customer_no_ref(call.keys, number)
    found = {} if ref is None else await customers_of_refs(call.session, [ref])
    if ref is None or ref not in found:
        raise CustomerUnknown
    return found[ref]
