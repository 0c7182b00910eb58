"""The contact policy's gate on the bank port: asked without a trace, passed, and what became of each contact."""

from datetime import datetime, timedelta
from typing import Annotated
from uuid import UUID

from fastapi import Query

from guibin.contact import repository, service
from guibin.contact.content import findings
from guibin.contact.errors import ContactOver
from guibin.contact.models import ContactDecision, ContactState
from guibin.contact.service import ContactRequest
from guibin.core.clock import start_of_day
from guibin.core.errors import NotFound
from guibin.core.ids import ContactId, CustomerId
from guibin.customers.repository import get_customer
from guibin.security.actors import Domain, Verb
from guibin.security.row_scope import all_rows
from guibin.web import (
    AnyCall,
    DataClass,
    Day,
    Idempotency,
    Page,
    PageRequest,
    PortRouter,
    RateClass,
    StaffCall,
    anyone_of,
    check_range,
    declare,
    json_body,
    page_query,
    staff,
)
from guibin.web import service as service_with

from .schemas import (
    ContactCheckIn,
    ContactChecksOut,
    ContactDecisionOut,
    ContactReservationIn,
    ContactVerdictOut,
    MessageCheckIn,
    MessageCheckOut,
    SuppressionsOut,
)

router = PortRouter(prefix="/v1", tags=["contact"])

READ = staff(Verb.READ, Domain.CARE)
SENDING = anyone_of(staff(Verb.WRITE, Domain.CARE), service_with("contacts:post"))


@router.post("/contact-checks", operation_id="checkContacts")
@declare(
    caller=anyone_of(READ, service_with("contacts:post")),
    idempotency=Idempotency.NONE,
    rate=RateClass.READ,
    data=DataClass.C2,
    refusals=(NotFound,),
)
async def check_contacts(call: AnyCall, body: Annotated[ContactCheckIn, json_body(ContactCheckIn)]) -> ContactChecksOut:
    """Ask whether customers may be reached so, and if not, why and from when; up to 1,000 at once.

    Nothing is kept and no place is taken: whoever then reaches out passes the gate (`POST /v1/contacts`). A customer
    out of scope makes the whole question 404.
    """
    found = await repository.customers_named(call.session, call.scope, body.customer_ids)
    judged = await service.judge_all(call.session, set(found.values()), body.plan(), at=body.at)
    verdicts = [ContactVerdictOut.of(found[one], judged[found[one]]) for one in body.customer_ids]
    first = next(iter(judged.values()))
    return ContactChecksOut(policy_version=first.policy_version, at=first.at, items=verdicts)


@router.post("/message-checks", operation_id="checkMessage")
@declare(
    caller=anyone_of(READ, service_with("contacts:post")),
    idempotency=Idempotency.NONE,
    rate=RateClass.READ,
    data=DataClass.C1,
)
async def check_message(_call: AnyCall, body: Annotated[MessageCheckIn, json_body(MessageCheckIn)]) -> MessageCheckOut:
    """Ask whether a text, or a template with `{places}`, may leave the house: each fault and where it stands.

    Holdings, gaps and amounts are read after the log-in alone; what a template may fill in is a closed list. Whoever
    keeps templates asks when one is saved. The text is not kept.
    """
    return MessageCheckOut.of(findings(body.text))


@router.post("/contacts", status_code=201, operation_id="reserveContact")
@declare(
    caller=SENDING,
    idempotency=Idempotency.REQUIRED,
    rate=RateClass.WRITE,
    data=DataClass.C2,
    refusals=(NotFound,),
)
async def reserve_contact(
    call: AnyCall, body: Annotated[ContactReservationIn, json_body(ContactReservationIn)]
) -> ContactDecisionOut:
    """Pass the gate before a customer is reached: a place of the customer's month is taken, or the refusal is kept.

    `held`: reach out before `held_until` and say `sent`, or give the place back. `refused`: leave the customer alone;
    the row stays with its reasons. Of two who ask at once for the last place one is refused.
    """
    customer = await get_customer(call.session, call.scope, customer_id=body.customer_id)
    row = await service.reserve(
        call.session,
        ContactRequest(customer.id, body.plan(), body.at),
        actor=call.actor,
        reference=body.reference,
    )
    return ContactDecisionOut.of(row)


@router.post("/contacts/{contact_id}/sent", operation_id="markContactSent")
@declare(
    caller=SENDING,
    idempotency=Idempotency.OPTIONAL,
    rate=RateClass.WRITE,
    data=DataClass.C2,
    refusals=(NotFound, ContactOver),
)
async def mark_sent(call: AnyCall, contact_id: ContactId) -> ContactDecisionOut:
    """Say that it went out: the place is taken for good. After `held_until` it is too late to reach out."""
    row = await repository.find_decision(call.session, call.scope, contact_id)
    await service.mark_sent(call.session, row)
    return ContactDecisionOut.of(row)


@router.post("/contacts/{contact_id}/release", operation_id="releaseContact")
@declare(
    caller=SENDING,
    idempotency=Idempotency.OPTIONAL,
    rate=RateClass.WRITE,
    data=DataClass.C2,
    refusals=(NotFound, ContactOver),
)
async def release_contact(call: AnyCall, contact_id: ContactId) -> ContactDecisionOut:
    """Say that it did not go out: the place is free again. What nobody tells of is released when its time is over."""
    row = await repository.find_decision(call.session, call.scope, contact_id)
    await service.release(call.session, row)
    return ContactDecisionOut.of(row)


@router.get("/customers/{customer_id}/contacts", operation_id="listCustomerContacts")
@declare(caller=READ, rate=RateClass.READ, data=DataClass.C2)
async def list_contacts(
    call: StaffCall,
    customer_id: CustomerId,
    page: Annotated[PageRequest, page_query()],
    state: Annotated[ContactState | None, Query(description="Only those in this state")] = None,
) -> Page[ContactDecisionOut]:
    """List what the gate said of a customer and what became of it, the newest first: who was left alone, and why."""
    customer = await get_customer(call.session, call.scope, customer_id=customer_id)
    async with all_rows(call.session):  # of those who were merged into this one too
        rows = await repository.list_decisions(
            call.session,
            customer_ids=await repository.family_of(call.session, customer.id),
            states=list(ContactState) if state is None else [state],
            before=page.after_moment,
            limit=page.fetch,
        )
    return page.answer(rows, position=_place, shape=ContactDecisionOut.of)


@router.get("/reports/contact-suppressions", operation_id="reportContactSuppressions")
@declare(caller=READ, rate=RateClass.READ, data=DataClass.C1)
async def report_suppressions(
    call: StaffCall,
    first: Annotated[Day, Query(alias="from", description="First day")],
    last: Annotated[Day, Query(alias="to", description="Last day, included")],
) -> SuppressionsOut:
    """Count why customers in scope were left alone in a range of days; one contact may have several reasons."""
    check_range(first, last)
    until = start_of_day(last + timedelta(days=1))
    counts = await repository.count_suppressed(call.session, call.scope, since=start_of_day(first), until=until)
    return SuppressionsOut.of(first, last, counts)


def _place(row: ContactDecision) -> tuple[datetime, UUID]:
    return row.decided_at, row.id
