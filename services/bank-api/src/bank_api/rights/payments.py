"""What the bank's payment service tells of the money that redemptions cost beside points, and what it has to repay."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from guibin.core.errors import NotFound
from guibin.core.ids import RedemptionId
from guibin.points.errors import AccountClosed, AccountFrozen
from guibin.rights import service
from guibin.rights.models import RedemptionPayment
from guibin.rights.payment_errors import AlreadyPaid, AmountDiffers, NothingToRepay, PaymentOver
from guibin.web import (
    DataClass,
    Idempotency,
    Page,
    PageRequest,
    PortRouter,
    RateClass,
    ServiceCall,
    declare,
    json_body,
    page_query,
)
from guibin.web import service as service_with

from .payment_schemas import RedemptionPaymentOut, TransferIn

router = PortRouter(prefix="/v1", tags=["rights"])

PAYMENTS = service_with("payments:post")


@router.post("/redemptions/{redemption_id}/paid", operation_id="noteRedemptionPaid")
@declare(
    caller=PAYMENTS,
    idempotency=Idempotency.REQUIRED,
    rate=RateClass.WRITE,
    data=DataClass.C2,
    refusals=(NotFound, AlreadyPaid, PaymentOver, AmountDiffers, AccountFrozen, AccountClosed),
)
async def note_paid(
    call: ServiceCall, redemption_id: RedemptionId, body: Annotated[TransferIn, json_body(TransferIn)]
) -> RedemptionPaymentOut:
    """Tell that the money of a redemption was paid: it is confirmed, and its points are spent.

    The same payment told again changes nothing. Whatever is refused here is money that the service itself gives back.
    """
    payment = await service.note_paid(
        call.session, call.scope, actor=call.actor, redemption_id=redemption_id, paid=body.transfer()
    )
    return RedemptionPaymentOut.whole(payment)


@router.post("/redemptions/{redemption_id}/payment-failed", operation_id="noteRedemptionNotPaid")
@declare(
    caller=PAYMENTS,
    idempotency=Idempotency.REQUIRED,
    rate=RateClass.WRITE,
    data=DataClass.C2,
    refusals=(NotFound, AlreadyPaid),
)
async def note_not_paid(call: ServiceCall, redemption_id: RedemptionId) -> RedemptionPaymentOut:
    """Tell that a payment failed: the customer has points, quota and stock back at once, as when the time is over."""
    payment = await service.note_not_paid(call.session, call.scope, actor=call.actor, redemption_id=redemption_id)
    return RedemptionPaymentOut.whole(payment)


@router.post("/redemptions/{redemption_id}/repaid", operation_id="noteRedemptionRepaid")
@declare(
    caller=PAYMENTS,
    idempotency=Idempotency.REQUIRED,
    rate=RateClass.WRITE,
    data=DataClass.C2,
    refusals=(NotFound, NothingToRepay, AmountDiffers),
)
async def note_repaid(
    call: ServiceCall, redemption_id: RedemptionId, body: Annotated[TransferIn, json_body(TransferIn)]
) -> RedemptionPaymentOut:
    """Tell that what was to be repaid of a redemption's money was repaid; told again it changes nothing.

    It is what the service read from the list: what has become due since then stays on the list, for another repayment.
    """
    payment = await service.note_repaid(
        call.session, call.scope, actor=call.actor, redemption_id=redemption_id, repaid=body.transfer()
    )
    return RedemptionPaymentOut.whole(payment)


@router.get("/redemption-repayments", operation_id="listRedemptionRepayments")
@declare(caller=PAYMENTS, rate=RateClass.READ, data=DataClass.C2)
async def list_repayable(call: ServiceCall, page: Annotated[PageRequest, page_query()]) -> Page[RedemptionPaymentOut]:
    """List the payments of which something is still to be repaid, the first paid first."""
    rows = await service.list_repayable(call.session, call.scope, after=page.after_moment, limit=page.fetch)
    return page.answer(rows, position=_place, shape=RedemptionPaymentOut.whole)


def _place(row: RedemptionPayment) -> tuple[datetime, UUID]:
    return row.closed_at or row.due_until, row.redemption_id
