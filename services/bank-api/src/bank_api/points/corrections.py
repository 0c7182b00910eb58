"""Taking back, releasing, ending and restoring points by hand, and whether an account moves."""

from typing import Annotated

from bank_api.approvals.schemas import SubmittedOut
from guibin.core.errors import NotFound, ReasonRequired
from guibin.core.ids import CustomerId, EntryId, LotId
from guibin.core.text import Code
from guibin.customers.repository import get_customer
from guibin.points import correction_repository, service
from guibin.points.errors import (
    AccountClosed,
    AccountNotEmpty,
    AlreadyRestored,
    LimitExceeded,
    NotReversible,
    RestoreExceedsExpired,
    ReversalExceedsCredit,
    TransferSpent,
)
from guibin.points.service.correcting import CorrectionHandler
from guibin.security.actors import Domain, Verb
from guibin.web import (
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
    staff,
)

from .correction_schemas import (
    AccountStateIn,
    AccountStateOut,
    CorrectionIn,
    PartIn,
    PendingLotOut,
    RestorationIn,
)

router = PortRouter(prefix="/v1", tags=["points"])

SUBMIT = staff(Verb.SUBMIT, Domain.POINTS)
REFUSALS = (NotFound, LimitExceeded, ReasonRequired)


@router.get("/customers/{customer_id}/points/pending", operation_id="listCustomerPendingPoints")
@declare(caller=staff(Verb.READ, Domain.POINTS), rate=RateClass.READ, data=DataClass.C2)
async def list_pending(
    call: StaffCall, customer_id: CustomerId, page: Annotated[PageRequest, page_query()]
) -> Page[PendingLotOut]:
    """List what a customer was granted and cannot spend yet, oldest first, each with its day of release."""
    customer = await get_customer(call.session, call.scope, customer_id=customer_id)
    lots = await correction_repository.list_pending(
        call.session, customer_id=customer.id, after=page.after_moment, limit=page.fetch
    )
    return page.answer(lots, position=lambda lot: (lot.earned_at, lot.lot_id), shape=PendingLotOut.of)


@router.post("/points/entries/{entry_id}/reverse", status_code=202, operation_id="reversePointsEntry")
@declare(
    caller=SUBMIT,
    idempotency=Idempotency.REQUIRED,
    rate=RateClass.WRITE,
    data=DataClass.C2,
    refusals=(*REFUSALS, NotReversible, ReversalExceedsCredit, TransferSpent),
)
async def reverse_entry(call: StaffCall, entry_id: EntryId, body: Annotated[PartIn, json_body(PartIn)]) -> SubmittedOut:
    """Submit that a credit or a transfer is taken back, whole or in part. Nothing moves until another person approves.

    It comes out of the credit's own lot first, then out of others; what is missing becomes debt where the wallet lets
    an account owe. What of the credit has expired is gone already. Points that are still pending are cancelled. Of
    points that the customer passed on what the receiver has not spent comes back, with its last day; nobody owes for
    a gift, and the receiver's own entry is not reversed.
    """
    approval = await service.submit_reversal(
        call.session, actor=call.actor, grants=call.grants, correction=body.correction(entry_id=entry_id)
    )
    return SubmittedOut.of(approval)


@router.post("/points/pending/{entry_id}/activate", status_code=202, operation_id="activatePendingPoints")
@declare(
    caller=SUBMIT,
    idempotency=Idempotency.REQUIRED,
    rate=RateClass.WRITE,
    data=DataClass.C2,
    refusals=REFUSALS,
)
async def activate_pending(
    call: StaffCall, entry_id: EntryId, body: Annotated[CorrectionIn, json_body(CorrectionIn)]
) -> SubmittedOut:
    """Submit that pending points can be spent before their day. Nothing moves until another person approves."""
    return await _submit(call, service.PENDING_ACTIVATION, body.correction(entry_id=entry_id))


@router.post("/points/pending/{entry_id}/cancel", status_code=202, operation_id="cancelPendingPoints")
@declare(
    caller=SUBMIT,
    idempotency=Idempotency.REQUIRED,
    rate=RateClass.WRITE,
    data=DataClass.C2,
    refusals=(*REFUSALS, ReversalExceedsCredit),
)
async def cancel_pending(
    call: StaffCall, entry_id: EntryId, body: Annotated[PartIn, json_body(PartIn)]
) -> SubmittedOut:
    """Submit that pending points, or a part of them, never come free. Nothing moves until another person approves."""
    return await _submit(call, service.PENDING_CANCELLATION, body.correction(entry_id=entry_id))


@router.post("/points/lots/{lot_id}/expire", status_code=202, operation_id="expirePointsLot")
@declare(
    caller=SUBMIT,
    idempotency=Idempotency.REQUIRED,
    rate=RateClass.WRITE,
    data=DataClass.C2,
    refusals=REFUSALS,
)
async def expire_lot(
    call: StaffCall, lot_id: LotId, body: Annotated[CorrectionIn, json_body(CorrectionIn)]
) -> SubmittedOut:
    """Submit that a lot ends before its day: all of it that is not held when another person approves."""
    return await _submit(call, service.EARLY_EXPIRY, body.correction(lot_id=lot_id))


@router.post("/points/lots/{lot_id}/restore", status_code=202, operation_id="restorePointsLot")
@declare(
    caller=SUBMIT,
    idempotency=Idempotency.REQUIRED,
    rate=RateClass.WRITE,
    data=DataClass.C2,
    refusals=(*REFUSALS, AlreadyRestored, RestoreExceedsExpired),
)
async def restore_lot(
    call: StaffCall, lot_id: LotId, body: Annotated[RestorationIn, json_body(RestorationIn)]
) -> SubmittedOut:
    """Submit that expired points of a lot are given back as goodwill: once, and the new entry names the lot."""
    return await _submit(call, service.RESTORATION, body.correction(lot_id=lot_id))


@router.put("/customers/{customer_id}/points/{wallet}/state", operation_id="putCustomerPointsState")
@declare(
    caller=staff(Verb.WRITE, Domain.POINTS),
    rate=RateClass.WRITE,
    data=DataClass.C2,
    refusals=(NotFound, ReasonRequired, AccountClosed, AccountNotEmpty),
)
async def put_state(
    call: StaffCall, customer_id: CustomerId, wallet: Code, body: Annotated[AccountStateIn, json_body(AccountStateIn)]
) -> AccountStateOut:
    """Freeze a customer's points of one kind, let them move again, or close the account; at once.

    A frozen account earns and is refunded, and spends nothing. Only an empty account is closed, and for good.
    """
    account = await service.put_account_state(
        call.session,
        call.scope,
        actor=call.actor,
        customer_id=customer_id,
        wallet=wallet,
        state=body.state,
        reason=body.reason,
    )
    return AccountStateOut.of(account)


async def _submit(call: StaffCall, handler: CorrectionHandler, correction: service.Correction) -> SubmittedOut:
    approval = await service.submit_correction(
        call.session, handler, actor=call.actor, grants=call.grants, correction=correction
    )
    return SubmittedOut.of(approval)
