"""Needs and promises on the bank port."""

from typing import Annotated

from fastapi import Query
from starlette.responses import Response

from guibin.care import service
from guibin.care.errors import CareRecordOver, DueDayInvalid, NeedNotServed
from guibin.care.models import Need, NeedState, Promise, PromiseState
from guibin.core.errors import NotFound, PreconditionRequired, ReasonRequired, VersionConflict
from guibin.core.ids import CustomerId, NeedId, PromiseId
from guibin.rights.proposal_errors import ProposalWaiting, RightNotOffered, TooManyProposals
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
from .schemas import NeedEndIn, NeedIn, NeedProposalIn, PromiseEndIn, PromiseIn
from .views import NeedOut, PromiseOut

router = PortRouter(prefix="/v1/customers/{customer_id}", tags=["care"])

READ = staff(Verb.READ, Domain.CARE)
WRITE = staff(Verb.WRITE, Domain.CARE)
EDITED = (NotFound, PreconditionRequired, VersionConflict, CareRecordOver)


@router.get("/needs", operation_id="listCustomerNeeds")
@declare(caller=READ, rate=RateClass.READ, data=DataClass.C2)
async def list_needs(
    call: StaffCall,
    customer_id: CustomerId,
    page: Annotated[PageRequest, page_query()],
    state: Annotated[NeedState | None, Query(description="Only those in this state")] = None,
) -> Page[NeedOut]:
    """List what a customer wishes for, the newest first."""
    return await answer_page(call, page, NeedOut, Need, customer_id=customer_id, state=state)


@router.post("/needs", status_code=201, operation_id="recordNeed")
@declare(
    caller=WRITE,
    idempotency=Idempotency.OPTIONAL,
    rate=RateClass.WRITE,
    data=DataClass.C2,
    refusals=(NotFound, DueDayInvalid),
)
async def record_need(
    call: StaffCall, customer_id: CustomerId, body: Annotated[NeedIn, json_body(NeedIn)], response: Response
) -> NeedOut:
    """Write down what a customer wishes for, financial or not."""
    seen = await service.record_need(
        call.session, call.scope, call.keys, actor=call.actor, customer_id=customer_id, wish=body.wish()
    )
    return answer_record(call, response, NeedOut, seen)


@router.post("/needs/{need_id}/propose", operation_id="proposeForNeed")
@declare(
    caller=WRITE,
    idempotency=Idempotency.OPTIONAL,
    rate=RateClass.WRITE,
    data=DataClass.C2,
    refusals=(*EDITED, RightNotOffered, ProposalWaiting, TooManyProposals),
)
async def propose_for_need(
    call: StaffCall,
    customer_id: CustomerId,
    need_id: NeedId,
    body: Annotated[NeedProposalIn, json_body(NeedProposalIn)],
    response: Response,
) -> NeedOut:
    """Propose a right to the customer that serves the need; it is served once what came of it is delivered."""
    seen = await service.propose_right(
        call.session,
        call.scope,
        call.keys,
        actor=call.actor,
        customer_id=customer_id,
        need_id=need_id,
        precondition=call.require_if_match,
        wanted=body.proposed(),
    )
    return answer_record(call, response, NeedOut, seen)


@router.post("/needs/{need_id}/end", operation_id="endNeed")
@declare(
    caller=WRITE,
    idempotency=Idempotency.OPTIONAL,
    rate=RateClass.WRITE,
    data=DataClass.C2,
    refusals=(*EDITED, ReasonRequired, NeedNotServed),
)
async def end_need(
    call: StaffCall,
    customer_id: CustomerId,
    need_id: NeedId,
    body: Annotated[NeedEndIn, json_body(NeedEndIn)],
    response: Response,
) -> NeedOut:
    """Say how a need ended: served by a delivered redemption or otherwise, declined, or not wished for any more."""
    seen = await service.end_need(
        call.session,
        call.scope,
        call.keys,
        actor=call.actor,
        customer_id=customer_id,
        need_id=need_id,
        precondition=call.require_if_match,
        state=NeedState(body.state),
        reason=body.reason,
        redemption_id=body.redemption_id,
    )
    return answer_record(call, response, NeedOut, seen)


@router.get("/promises", operation_id="listCustomerPromises")
@declare(caller=READ, rate=RateClass.READ, data=DataClass.C2)
async def list_promises(
    call: StaffCall,
    customer_id: CustomerId,
    page: Annotated[PageRequest, page_query()],
    state: Annotated[PromiseState | None, Query(description="Only those in this state")] = None,
) -> Page[PromiseOut]:
    """List what the bank's people promised a customer, the newest first."""
    return await answer_page(call, page, PromiseOut, Promise, customer_id=customer_id, state=state)


@router.post("/promises", status_code=201, operation_id="recordPromise")
@declare(
    caller=WRITE,
    idempotency=Idempotency.OPTIONAL,
    rate=RateClass.WRITE,
    data=DataClass.C2,
    refusals=(NotFound, DueDayInvalid),
)
async def record_promise(
    call: StaffCall, customer_id: CustomerId, body: Annotated[PromiseIn, json_body(PromiseIn)], response: Response
) -> PromiseOut:
    """Write down what was promised to a customer, and by when; whoever serves the customer owes it."""
    seen = await service.record_promise(
        call.session, call.scope, call.keys, actor=call.actor, customer_id=customer_id, word=body.word()
    )
    return answer_record(call, response, PromiseOut, seen)


@router.post("/promises/{promise_id}/end", operation_id="endPromise")
@declare(
    caller=WRITE,
    idempotency=Idempotency.OPTIONAL,
    rate=RateClass.WRITE,
    data=DataClass.C2,
    refusals=(*EDITED, ReasonRequired),
)
async def end_promise(
    call: StaffCall,
    customer_id: CustomerId,
    promise_id: PromiseId,
    body: Annotated[PromiseEndIn, json_body(PromiseEndIn)],
    response: Response,
) -> PromiseOut:
    """Say that a promise was kept, was broken, or that the customer released the bank of it."""
    seen = await service.end_promise(
        call.session,
        call.scope,
        call.keys,
        actor=call.actor,
        customer_id=customer_id,
        promise_id=promise_id,
        precondition=call.require_if_match,
        state=PromiseState(body.state),
        reason=body.reason,
    )
    return answer_record(call, response, PromiseOut, seen)
