"""Opportunities on the bank port."""

from datetime import UTC, datetime, time
from typing import Annotated

from fastapi import Query
from starlette.responses import Response

from guibin.care import service
from guibin.care.errors import CareRecordOver, DueDayInvalid, TouchSubjectUnknown
from guibin.care.opportunities.errors import OffersWait, OpportunityIsOpen, OpportunitySleeps
from guibin.care.opportunities.models import Opportunity, OpportunityState
from guibin.care.opportunities.repository import OpportunityFilter
from guibin.core.errors import NotFound, PreconditionRequired, ReasonRequired, VersionConflict
from guibin.core.ids import CustomerId, ManagerId, OpportunityId
from guibin.security.actors import Domain, Verb
from guibin.web import (
    DataClass,
    Day,
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
from .opportunity_schemas import OpportunityEndIn, OpportunityIn, OpportunityOut

router = PortRouter(prefix="/v1", tags=["care"])

READ = staff(Verb.READ, Domain.CARE)
WRITE = staff(Verb.WRITE, Domain.CARE)


@router.get("/opportunities", operation_id="listOpportunities")
@declare(caller=READ, rate=RateClass.READ, data=DataClass.C2)
async def list_opportunities(
    call: StaffCall,
    page: Annotated[PageRequest, page_query()],
    state: Annotated[OpportunityState, Query(description="Only those in this state")] = OpportunityState.OPEN,
    manager_id: Annotated[ManagerId | None, Query(description="Only those of this manager")] = None,
    due_by: Annotated[Day | None, Query(description="Only those due on this day or before it")] = None,
) -> Page[OpportunityOut]:
    """List the opportunities with the customers in my scope, by the day on which they are due."""
    after = page.after_moment
    rows = await service.opportunities_in(
        call.session,
        call.scope,
        call.keys,
        OpportunityFilter(state, manager_id, due_by),
        after=after and (after[0].date(), after[1]),
        limit=page.fetch,
    )
    return page.answer(
        rows,
        position=lambda seen: (datetime.combine(seen.row.due_on, time.min, UTC), seen.row.id),
        shape=lambda seen: OpportunityOut.of(seen, call.actor.roles),
    )


@router.get("/customers/{customer_id}/opportunities", operation_id="listCustomerOpportunities")
@declare(caller=READ, rate=RateClass.READ, data=DataClass.C2)
async def list_of_customer(
    call: StaffCall,
    customer_id: CustomerId,
    page: Annotated[PageRequest, page_query()],
    state: Annotated[OpportunityState | None, Query(description="Only those in this state")] = None,
) -> Page[OpportunityOut]:
    """List a customer's opportunities, the newest first."""
    return await answer_page(call, page, OpportunityOut, Opportunity, customer_id=customer_id, state=state)


@router.post("/customers/{customer_id}/opportunities", status_code=201, operation_id="openOpportunity")
@declare(
    caller=WRITE,
    idempotency=Idempotency.OPTIONAL,
    rate=RateClass.WRITE,
    data=DataClass.C2,
    refusals=(NotFound, DueDayInvalid, TouchSubjectUnknown, OpportunityIsOpen, OpportunitySleeps, OffersWait),
)
async def open_opportunity(
    call: StaffCall,
    customer_id: CustomerId,
    body: Annotated[OpportunityIn, json_body(OpportunityIn)],
    response: Response,
) -> OpportunityOut:
    """Open an opportunity with a customer: one of each product or need, and none that was refused a short while ago.

    While a complaint is in progress, or a restriction forbids it, nothing is offered.
    """
    seen = await service.open_opportunity(
        call.session, call.scope, call.keys, actor=call.actor, customer_id=customer_id, chance=body.chance()
    )
    return answer_record(call, response, OpportunityOut, seen)


@router.post("/customers/{customer_id}/opportunities/{opportunity_id}/end", operation_id="endOpportunity")
@declare(
    caller=WRITE,
    idempotency=Idempotency.OPTIONAL,
    rate=RateClass.WRITE,
    data=DataClass.C2,
    refusals=(NotFound, PreconditionRequired, VersionConflict, CareRecordOver, ReasonRequired),
)
async def end_opportunity(
    call: StaffCall,
    customer_id: CustomerId,
    opportunity_id: OpportunityId,
    body: Annotated[OpportunityEndIn, json_body(OpportunityEndIn)],
    response: Response,
) -> OpportunityOut:
    """Say what became of an opportunity: won, refused by the customer, or lost.

    One that is won with a product is held against the customer's holdings at once and every night: `proof` says
    whether a holding of the product, opened since, is seen.
    """
    seen = await service.end_opportunity(
        call.session,
        call.scope,
        call.keys,
        actor=call.actor,
        customer_id=customer_id,
        opportunity_id=opportunity_id,
        outcome=body.outcome(),
        precondition=call.require_if_match,
    )
    return answer_record(call, response, OpportunityOut, seen)
