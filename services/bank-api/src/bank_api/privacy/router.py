"""Consents, restrictions, data requests and erasure on the bank port."""

from typing import Annotated

from fastapi import Query
from starlette.responses import Response

from guibin.audit.service import record
from guibin.core import clock
from guibin.core.ids import CustomerId, DataRequestId, to_public
from guibin.customers.repository import get_customer
from guibin.privacy.errors import (
    ConsentNotNeeded,
    ConsentTextChanged,
    EraseBlocked,
    RequestClosed,
    RestrictionUnknown,
)
from guibin.privacy.models import GivenAt, RequestKind, RequestState
from guibin.privacy.repository import consents as words
from guibin.privacy.repository import requests as requests_repository
from guibin.privacy.repository import restrictions as restrictions_repository
from guibin.privacy.service import consents, erasing, requests, restrictions
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

from .schemas import (
    ConsentOut,
    ConsentWordOut,
    CustomerConsentsOut,
    CustomerRestrictionsOut,
    DataRequestOut,
    DataRequestRowOut,
    DecisionOnRequestIn,
    EraseIn,
    ErasurePendingOut,
    ErasureReceiptOut,
    PaperConsentsIn,
    RestrictionKindOut,
    RestrictionKindsOut,
    RestrictionOut,
    RestrictionsIn,
)

router = PortRouter(prefix="/v1", tags=["privacy"])

READ = staff(Verb.READ, Domain.PRIVACY)
WRITE = staff(Verb.WRITE, Domain.PRIVACY)
ERASE = staff(Verb.SUBMIT, Domain.PRIVACY)
MOST_WORDS = 100


@router.get("/customers/{customer_id}/consents", operation_id="listCustomerConsents")
@declare(caller=READ, rate=RateClass.READ, data=DataClass.C2)
async def list_consents(call: StaffCall, customer_id: CustomerId) -> CustomerConsentsOut:
    """Show what a customer allows, and the last hundred words that led there."""
    return await _consents(call, customer_id)


@router.put("/customers/{customer_id}/consents", operation_id="recordPaperConsents")
@declare(caller=WRITE, rate=RateClass.WRITE, data=DataClass.C2, refusals=(ConsentTextChanged, ConsentNotNeeded))
async def record_consents(
    call: StaffCall, customer_id: CustomerId, body: Annotated[PaperConsentsIn, json_body(PaperConsentsIn)]
) -> CustomerConsentsOut:
    """Record what a customer signed on paper, with where the form lies. What was said before stays on record."""
    customer = await get_customer(call.session, call.scope, customer_id=customer_id)
    await consents.take_words(
        call.session,
        call.scope,
        actor=call.actor,
        customer_id=customer.id,
        words=[decision.word() for decision in body.decisions],
        proof=consents.Proof(GivenAt.PAPER, body.evidence),
    )
    return await _consents(call, customer.id)


async def _consents(call: StaffCall, customer_id: CustomerId) -> CustomerConsentsOut:
    customer = await get_customer(call.session, call.scope, customer_id=customer_id)
    standing = await consents.list_standing(call.session, call.scope, customer_id=customer.id)
    history = await words.list_history(call.session, call.scope, customer_id=customer.id, limit=MOST_WORDS)
    return CustomerConsentsOut(
        customer_id=customer.id,
        items=[ConsentOut.of(one) for one in standing],
        history=[ConsentWordOut.of(row) for row in history],
    )


@router.get("/restriction-kinds", operation_id="listRestrictionKinds")
@declare(caller=READ, rate=RateClass.READ, data=DataClass.C1)
async def list_kinds(call: StaffCall) -> RestrictionKindsOut:
    """List the kinds of restrictions and what each blocks."""
    kinds = await restrictions_repository.list_kinds(call.session)
    return RestrictionKindsOut(items=[RestrictionKindOut.of(kind) for kind in kinds])


@router.get("/customers/{customer_id}/restrictions", operation_id="listCustomerRestrictions")
@declare(caller=READ, rate=RateClass.READ, data=DataClass.C2)
async def list_restrictions(call: StaffCall, customer_id: CustomerId) -> CustomerRestrictionsOut:
    """Show a customer's restrictions that have not ended. The customer is never told which of them blocks."""
    return await _restrictions(call, customer_id)


@router.put("/customers/{customer_id}/restrictions", operation_id="putCustomerRestrictions")
@declare(caller=WRITE, rate=RateClass.WRITE, data=DataClass.C2, refusals=(RestrictionUnknown,))
async def put_restrictions(
    call: StaffCall, customer_id: CustomerId, body: Annotated[RestrictionsIn, json_body(RestrictionsIn)]
) -> CustomerRestrictionsOut:
    """Say which restrictions stand: those not named end today, those that stand already stay as they are."""
    await restrictions.put_restrictions(
        call.session,
        call.scope,
        actor=call.actor,
        customer_id=customer_id,
        wanted=[item.wanted() for item in body.items],
    )
    return await _restrictions(call, customer_id)


async def _restrictions(call: StaffCall, customer_id: CustomerId) -> CustomerRestrictionsOut:
    customer = await get_customer(call.session, call.scope, customer_id=customer_id)
    found = await restrictions_repository.list_open(
        call.session, call.scope, customer_id=customer.id, day=clock.today()
    )
    return CustomerRestrictionsOut(customer_id=customer.id, items=[RestrictionOut.of(row, kind) for row, kind in found])


@router.get("/data-requests", operation_id="listDataRequests")
@declare(caller=READ, rate=RateClass.READ, data=DataClass.C2)
async def list_data_requests(
    call: StaffCall,
    page: Annotated[PageRequest, page_query()],
    state: Annotated[RequestState | None, Query(description="Only those in this state")] = None,
    kind: Annotated[RequestKind | None, Query(description="Only those of this kind")] = None,
) -> Page[DataRequestRowOut]:
    """List the requests of the customers in scope in the order in which they fall due; the words stand in each."""
    found = await requests_repository.list_requests(
        call.session,
        call.scope,
        limit=page.fetch,
        state=state,
        kind=kind,
        after=page.after_moment,
    )
    rows = [row for row, _, _ in found]
    return page.answer(rows, position=lambda row: (row.created_at, row.id), shape=DataRequestRowOut.of_row)


@router.get("/data-requests/{data_request_id}", operation_id="getDataRequest")
@declare(caller=READ, rate=RateClass.READ, data=DataClass.C2)
async def get_data_request(call: StaffCall, data_request_id: DataRequestId) -> DataRequestOut:
    """Show one request with the customer's words. The look is kept in the audit trail."""
    opened = await requests.get_request(call.session, call.keys, call.scope, request_id=data_request_id)
    await record(
        call.session,
        actor=call.actor,
        action="data_request.view",
        object_type="data_request",
        object_id=to_public("dsr", opened.row.id),
        owner_id=opened.row.customer_id,
        scope=call.scope,
    )
    return DataRequestOut.of(opened)


@router.post("/data-requests/{data_request_id}/take", operation_id="takeDataRequest")
@declare(
    caller=WRITE,
    idempotency=Idempotency.OPTIONAL,
    rate=RateClass.WRITE,
    data=DataClass.C2,
    refusals=(RequestClosed,),
)
async def take_data_request(call: StaffCall, data_request_id: DataRequestId) -> DataRequestOut:
    """Say that I work on a request."""
    return DataRequestOut.of(
        await requests.begin(call.session, call.keys, call.scope, actor=call.actor, request_id=data_request_id)
    )


@router.post("/data-requests/{data_request_id}/decide", operation_id="decideDataRequest")
@declare(
    caller=WRITE,
    idempotency=Idempotency.OPTIONAL,
    rate=RateClass.WRITE,
    data=DataClass.C2,
    refusals=(RequestClosed,),
)
async def decide_data_request(
    call: StaffCall,
    data_request_id: DataRequestId,
    body: Annotated[DecisionOnRequestIn, json_body(DecisionOnRequestIn)],
) -> DataRequestOut:
    """Answer a request, done or refused, in words that the customer reads."""
    decided = await requests.decide(
        call.session,
        call.keys,
        call.scope,
        actor=call.actor,
        request_id=data_request_id,
        fulfilled=body.outcome == "fulfilled",
        answer=body.answer,
    )
    return DataRequestOut.of(decided)


@router.post(
    "/customers/{customer_id}/erase",
    status_code=202,
    response_model=ErasurePendingOut,
    responses={200: {"model": ErasureReceiptOut, "description": "It is done: the receipt"}},
    operation_id="eraseCustomer",
)
@declare(
    caller=ERASE,
    idempotency=Idempotency.OPTIONAL,
    rate=RateClass.WRITE,
    data=DataClass.C2,
    refusals=(EraseBlocked,),
)
async def erase(
    call: StaffCall, customer_id: CustomerId, body: Annotated[EraseIn, json_body(EraseIn)]
) -> ErasurePendingOut | Response:
    """Ask compliance to erase a customer's personal data; once that is done, the same call answers the receipt."""
    erasure = await erasing.request_erasure(
        call.session, call.keys, call.scope, actor=call.actor, customer_id=customer_id, evidence=body.evidence
    )
    receipt = erasing.receipt_of(erasure)
    if receipt is None:
        return ErasurePendingOut.of(erasure)
    return Response(ErasureReceiptOut.of(receipt).model_dump_json(), media_type="application/json")
