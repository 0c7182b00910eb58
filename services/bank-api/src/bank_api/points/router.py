"""Points on the bank port: events come in, staff read, and correct with a second person's consent."""

from typing import Annotated

from fastapi import Query
from pydantic import ValidationError

from bank_api.approvals.schemas import SubmittedOut
from guibin.core import clock
from guibin.core.errors import NotFound, ReasonRequired
from guibin.core.ids import CustomerId
from guibin.core.text import Code
from guibin.points import service
from guibin.points.earning.repository import rules_of_entries
from guibin.points.errors import InsufficientPoints, LimitExceeded, WalletClosed
from guibin.points.models import EntryKind
from guibin.points.service import IncomingEvent
from guibin.security.actors import Domain, Verb
from guibin.web import (
    BodyLimit,
    DataClass,
    Day,
    Idempotency,
    Page,
    PageRequest,
    PortRouter,
    RateClass,
    ServiceCall,
    StaffCall,
    check_range,
    declare,
    json_body,
    page_query,
    staff,
)
from guibin.web import service as service_with
from guibin.web.validation import translate

from .schemas import (
    AdjustmentIn,
    CustomerPointsOut,
    EntryOut,
    EventIn,
    EventResultOut,
    EventResultsOut,
    EventsIn,
)

router = PortRouter(prefix="/v1", tags=["points"])

READ = staff(Verb.READ, Domain.POINTS)


@router.get("/customers/{customer_id}/points", operation_id="getCustomerPoints")
@declare(caller=READ, rate=RateClass.READ, data=DataClass.C2)
async def get_customer_points(call: StaffCall, customer_id: CustomerId) -> CustomerPointsOut:
    """Show what a customer has in every wallet and what expires when."""
    found = await service.balances(call.session, call.scope, customer_id=customer_id, today=clock.today())
    return CustomerPointsOut.of(found, call.language)


@router.get("/customers/{customer_id}/points/entries", operation_id="listCustomerPointsEntries")
@declare(caller=READ, rate=RateClass.READ, data=DataClass.C2)
async def list_customer_entries(
    *,
    call: StaffCall,
    customer_id: CustomerId,
    page: Annotated[PageRequest, page_query()],
    wallet: Annotated[Code | None, Query(description="Only this wallet")] = None,
    kind: Annotated[EntryKind | None, Query(description="Only movements of this kind")] = None,
    start: Annotated[Day | None, Query(alias="from", description="First day of posting")] = None,
    end: Annotated[Day | None, Query(alias="to", description="Last day of posting")] = None,
) -> Page[EntryOut]:
    """List a customer's movements, newest first, each with its source, its lots and the rule that earned it."""
    check_range(start, end)
    wanted = service.EntryFilter(
        wallet=wallet,
        kind=kind,
        start=start,
        end=end,
        after_seq=page.after_seq if wallet else None,
        after_moment=None if wallet else page.after_moment,
    )
    rows = await service.list_entries(
        call.session, call.scope, customer_id=customer_id, wanted=wanted, limit=page.fetch
    )
    earned = [view.entry for view in rows if view.entry.kind in {EntryKind.EARN, EntryKind.PENDING_ADD}]
    rules = await rules_of_entries(call.session, entries=[(entry.customer_id, entry.id) for entry in earned])
    return page.answer(
        rows,
        position=lambda view: view.entry.seq if wallet else (view.entry.posted_at, view.entry.id),
        shape=lambda view: EntryOut.of(view, rules.get(view.entry.id)),
    )


@router.post("/points/adjustments", status_code=202, operation_id="submitPointsAdjustment")
@declare(
    caller=staff(Verb.SUBMIT, Domain.POINTS),
    idempotency=Idempotency.REQUIRED,
    rate=RateClass.WRITE,
    data=DataClass.C2,
    refusals=(NotFound, InsufficientPoints, WalletClosed, LimitExceeded, ReasonRequired),
)
async def submit_adjustment(call: StaffCall, body: Annotated[AdjustmentIn, json_body(AdjustmentIn)]) -> SubmittedOut:
    """Submit a correction by hand. Nothing moves until another person approves; the limit is CNY of cost.

    Points that are added are paid by the budget of the customer's branch for the wallet's line and the year, where
    there is one: when it is used up at the approval, the approval fails with `budget_exhausted` and nothing moves.
    """
    adjustment = service.Adjustment(
        customer_id=body.customer_id,
        wallet=body.wallet,
        points=body.points,
        reason=body.reason or "",
        reason_code=body.reason_code,
    )
    approval = await service.submit_adjustment(
        call.session, actor=call.actor, grants=call.grants, adjustment=adjustment
    )
    return SubmittedOut.of(approval)


@router.post("/points/events", operation_id="takePointsEvents")
@declare(
    caller=service_with("earn:post"),
    idempotency=Idempotency.REQUIRED,
    rate=RateClass.EARN,
    data=DataClass.C2,
    body_limit=BodyLimit.BATCH,
)
async def take_events(call: ServiceCall, body: Annotated[EventsIn, json_body(EventsIn)]) -> EventResultsOut:
    """Take 1 to 1,000 events of business lines, which earn at once; a result for each row, each reference once."""
    rows = [_read(call, index, row) for index, row in enumerate(body.events)]
    good = [row for row in rows if isinstance(row, IncomingEvent)]
    taken = iter(await service.take_events(call.session, actor_id=call.actor.id, events=good))
    return EventResultsOut(
        results=[
            row if isinstance(row, EventResultOut) else EventResultOut.of(index, next(taken), call.language)
            for index, row in enumerate(rows)
        ]
    )


def _read(call: ServiceCall, index: int, row: object) -> IncomingEvent | EventResultOut:
    try:
        return EventIn.read(row).incoming(call.keys)
    except ValidationError as error:
        failed = translate(error.errors(include_url=False), within=("body", "events", index))
        return EventResultOut.refused(index, failed, call.language)
