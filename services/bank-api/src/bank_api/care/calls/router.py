"""Calls by a click: the telephony connects a member of staff and a customer, and neither sees the other's number."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import Header

from guibin.care.calls import repository, service
from guibin.care.calls.errors import CallMismatch, CallSignatureInvalid, CustomerHasNoPhone, TelephonyUnavailable
from guibin.care.calls.models import CallOrder
from guibin.contact.repository import find_decision
from guibin.core import clock
from guibin.core.errors import NotFound
from guibin.core.ids import CallId, CustomerId
from guibin.customers.repository import get_customer
from guibin.outbox.rules import is_signed
from guibin.security.actors import Domain, Verb
from guibin.web import (
    DataClass,
    Idempotency,
    Page,
    PageRequest,
    PortRouter,
    RateClass,
    SignedBody,
    StaffCall,
    VisitorCall,
    declare,
    json_body,
    page_query,
    public,
    signed_body,
    staff,
)

from .schemas import CallEndIn, CallIn, CallOut, CallReceivedOut

router = PortRouter(prefix="/v1", tags=["calls"])

READ = staff(Verb.READ, Domain.CARE)


@router.post("/calls", status_code=201, operation_id="orderCall")
@declare(
    caller=staff(Verb.WRITE, Domain.CARE),
    idempotency=Idempotency.REQUIRED,
    rate=RateClass.WRITE,
    data=DataClass.C2,
    refusals=(NotFound, CustomerHasNoPhone, TelephonyUnavailable),
)
async def order_call(call: StaffCall, body: Annotated[CallIn, json_body(CallIn)]) -> CallOut:
    """Call a customer: the contact policy decides first, then the bank's telephony rings me and the customer.

    Nobody is shown the number. What came of it is written down as a touch by itself. A call that the policy does not
    let through is `suppressed`, with all reasons, and is kept as such.
    """
    if call.port.settings.telephony_url is None:
        raise TelephonyUnavailable
    ordered = await service.order_call(call.session, call.scope, actor=call.actor, wanted=body.wanted())
    return CallOut.of(ordered, await find_decision(call.session, call.scope, ordered.contact_id))


@router.get("/calls/{call_id}", operation_id="getCall")
@declare(caller=READ, rate=RateClass.READ, data=DataClass.C2)
async def get_call(call: StaffCall, call_id: CallId) -> CallOut:
    """Show a call."""
    return CallOut.of(await repository.find_call(call.session, call.scope, call_id))


@router.get("/customers/{customer_id}/calls", operation_id="listCustomerCalls")
@declare(caller=READ, rate=RateClass.READ, data=DataClass.C2)
async def list_calls(
    call: StaffCall, customer_id: CustomerId, page: Annotated[PageRequest, page_query()]
) -> Page[CallOut]:
    """List a customer's calls, the newest first."""
    customer = await get_customer(call.session, call.scope, customer_id=customer_id)
    rows = await repository.list_calls(
        call.session, customer_id=customer.id, before=page.after_moment, limit=page.fetch
    )
    return page.answer(rows, position=_place, shape=CallOut.of)


@router.post("/callbacks/telephony", operation_id="receiveCallEnd")
@declare(
    caller=public(),
    rate=RateClass.CALLBACK,
    data=DataClass.PUBLIC,
    refusals=(CallSignatureInvalid, NotFound, CallMismatch),
)
async def receive_end(
    call: VisitorCall,
    body: Annotated[SignedBody, signed_body(CallEndIn)],
    guibin_signature: Annotated[
        str | None,
        Header(description="`t=<Unix seconds>,k1=<HMAC-SHA256 in hex of t, a full stop and the body's bytes>`"),
    ] = None,
) -> CallReceivedOut:
    """Take what came of a call. Nothing is looked at before the signature holds, within 300 seconds.

    The same again changes nothing; another end of the same call is refused.
    """
    secret = call.port.settings.telephony_secret
    known = [] if secret is None else [secret.get_secret_value()]
    if not is_signed(guibin_signature, body.raw, known, now=clock.now()):
        raise CallSignatureInvalid
    told = body.read(CallEndIn)
    await service.end_call(call.session, call_id=told.call_no, end=told.end())
    return CallReceivedOut()


def _place(row: CallOrder) -> tuple[datetime, UUID]:
    return row.ordered_at, row.id
