"""Touches on the bank port: one call writes a contact down with all that came of it."""

from typing import Annotated

from guibin.care.errors import (
    CareRecordOver,
    DueDayInvalid,
    NextContactNotPossible,
    OnlyAccompanied,
    TaskNotServed,
    TouchCorrected,
    TouchSubjectUnknown,
    TouchTimeInvalid,
)
from guibin.care.models import Touch
from guibin.care.opportunities.errors import OffersWait, OpportunityIsOpen, OpportunitySleeps
from guibin.care.service import list_of, log_touch
from guibin.core.errors import NotFound, ReasonRequired
from guibin.core.ids import CustomerId
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

from .schemas import TouchIn
from .views import TouchLoggedOut, TouchOut

router = PortRouter(prefix="/v1", tags=["care"])


@router.post("/touches", status_code=201, operation_id="logTouch")
@declare(
    caller=staff(Verb.WRITE, Domain.CARE),
    idempotency=Idempotency.REQUIRED,
    rate=RateClass.WRITE,
    data=DataClass.C2,
    accompanied=True,
    refusals=(
        *(NotFound, TouchTimeInvalid, TouchSubjectUnknown, TouchCorrected),
        *(CareRecordOver, TaskNotServed, DueDayInvalid, ReasonRequired, NextContactNotPossible),
        *(OpportunityIsOpen, OpportunitySleeps, OffersWait, OnlyAccompanied),
    ),
)
async def post_touch(call: StaffCall, body: Annotated[TouchIn, json_body(TouchIn)]) -> TouchLoggedOut:
    """Write down a contact that happened with all that came of it.

    The task it completes, needs, promises, opportunities opened and ended, a complaint, the next contact.

    All of it is written or nothing. A touch is never changed: one that corrects another is sent with `corrects_id`,
    and the other does not count any more. Who gave the customer away and still accompanies it writes down the contact,
    needs and a complaint.
    """
    logged = await log_touch(call.session, call.scope, call.keys, actor=call.actor, wanted=body.everything())
    return TouchLoggedOut.of(logged)


@router.get("/customers/{customer_id}/touches", operation_id="listCustomerTouches")
@declare(caller=staff(Verb.READ, Domain.CARE), rate=RateClass.READ, data=DataClass.C2)
async def list_touches(
    call: StaffCall, customer_id: CustomerId, page: Annotated[PageRequest, page_query()]
) -> Page[TouchOut]:
    """List the contacts with a customer, the newest first, corrected ones beside what corrects them."""
    rows = await list_of(
        call.session,
        call.scope,
        call.keys,
        Touch,
        customer_id=customer_id,
        before=page.after_moment,
        limit=page.fetch,
    )
    return page.answer(
        rows, position=lambda seen: (seen.row.at, seen.row.id), shape=lambda seen: TouchOut.of(seen, call.actor.roles)
    )
