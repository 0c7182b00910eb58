"""Complaints on the bank port."""

from datetime import UTC, datetime, time
from typing import Annotated

from fastapi import Query
from starlette.responses import Response

from guibin.care import service
from guibin.care.errors import CareRecordOver
from guibin.care.models import Complaint, ComplaintState
from guibin.core.errors import NotFound, PreconditionRequired, VersionConflict
from guibin.core.ids import ComplaintId, CustomerId
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

from .answers import answer_page, answer_record
from .schemas import ComplaintCloseIn, ComplaintIn, ComplaintResolveIn
from .views import ComplaintOut

router = PortRouter(prefix="/v1", tags=["care"])

READ = staff(Verb.READ, Domain.CARE)
WRITE = staff(Verb.WRITE, Domain.CARE)
STEPPED = (NotFound, PreconditionRequired, VersionConflict, CareRecordOver)
NOT_CLOSED = (ComplaintState.OPEN, ComplaintState.ANSWERED, ComplaintState.RESOLVED)


@router.get("/complaints", operation_id="listComplaints")
@declare(caller=READ, rate=RateClass.READ, data=DataClass.C2)
async def list_complaints(
    call: StaffCall,
    page: Annotated[PageRequest, page_query()],
    state: Annotated[ComplaintState | None, Query(description="Only those in this state; else all not closed")] = None,
) -> Page[ComplaintOut]:
    """List the complaints of the customers in my scope, by the day on which a resolution is due."""
    after = page.after_moment
    rows = await service.complaints_in(
        call.session,
        call.scope,
        call.keys,
        states=NOT_CLOSED if state is None else (state,),
        after=after and (after[0].date(), after[1]),
        limit=page.fetch,
    )
    return page.answer(
        rows,
        position=lambda seen: (datetime.combine(seen.row.resolve_due_on, time.min, UTC), seen.row.id),
        shape=lambda seen: ComplaintOut.of(seen, call.actor.roles),
    )


@router.get("/customers/{customer_id}/complaints", operation_id="listCustomerComplaints")
@declare(caller=READ, rate=RateClass.READ, data=DataClass.C2)
async def list_of_customer(
    call: StaffCall, customer_id: CustomerId, page: Annotated[PageRequest, page_query()]
) -> Page[ComplaintOut]:
    """List a customer's complaints, the newest first."""
    return await answer_page(call, page, ComplaintOut, Complaint, customer_id=customer_id)


@router.post("/customers/{customer_id}/complaints", status_code=201, operation_id="openComplaint")
@declare(caller=WRITE, idempotency=Idempotency.OPTIONAL, rate=RateClass.WRITE, data=DataClass.C2, refusals=(NotFound,))
async def open_complaint(
    call: StaffCall, customer_id: CustomerId, body: Annotated[ComplaintIn, json_body(ComplaintIn)], response: Response
) -> ComplaintOut:
    """Receive a complaint: a minor one is answered in 2 and resolved in 10 business days, a grave one in 1 and 3."""
    seen = await service.open_complaint(
        call.session, call.scope, call.keys, actor=call.actor, customer_id=customer_id, grievance=body.grievance()
    )
    return answer_record(call, response, ComplaintOut, seen)


@router.post("/customers/{customer_id}/complaints/{complaint_id}/answer", operation_id="answerComplaint")
@declare(caller=WRITE, idempotency=Idempotency.OPTIONAL, rate=RateClass.WRITE, data=DataClass.C2, refusals=STEPPED)
async def answer_complaint(
    call: StaffCall, customer_id: CustomerId, complaint_id: ComplaintId, response: Response
) -> ComplaintOut:
    """Note that somebody answered the customer; also that a resolution did not content, and somebody goes on."""
    seen = await service.answer_complaint(
        call.session,
        call.scope,
        call.keys,
        actor=call.actor,
        customer_id=customer_id,
        row_id=complaint_id,
        precondition=call.require_if_match,
    )
    return answer_record(call, response, ComplaintOut, seen)


@router.post("/customers/{customer_id}/complaints/{complaint_id}/resolve", operation_id="resolveComplaint")
@declare(caller=WRITE, idempotency=Idempotency.OPTIONAL, rate=RateClass.WRITE, data=DataClass.C2, refusals=STEPPED)
async def resolve_complaint(
    call: StaffCall,
    customer_id: CustomerId,
    complaint_id: ComplaintId,
    body: Annotated[ComplaintResolveIn, json_body(ComplaintResolveIn)],
    response: Response,
) -> ComplaintOut:
    """Write down how a complaint is resolved, and what made up for it."""
    seen = await service.resolve_complaint(
        call.session,
        call.scope,
        call.keys,
        actor=call.actor,
        customer_id=customer_id,
        row_id=complaint_id,
        precondition=call.require_if_match,
        ending=body.ending(),
    )
    return answer_record(call, response, ComplaintOut, seen)


@router.post("/customers/{customer_id}/complaints/{complaint_id}/close", operation_id="closeComplaint")
@declare(caller=WRITE, idempotency=Idempotency.OPTIONAL, rate=RateClass.WRITE, data=DataClass.C2, refusals=STEPPED)
async def close_complaint(
    call: StaffCall,
    customer_id: CustomerId,
    complaint_id: ComplaintId,
    body: Annotated[ComplaintCloseIn, json_body(ComplaintCloseIn)],
    response: Response,
) -> ComplaintOut:
    """Close a complaint that is resolved, with the customer's word on it."""
    seen = await service.close_complaint(
        call.session,
        call.scope,
        call.keys,
        actor=call.actor,
        customer_id=customer_id,
        row_id=complaint_id,
        precondition=call.require_if_match,
        satisfied=body.satisfied,
    )
    return answer_record(call, response, ComplaintOut, seen)
