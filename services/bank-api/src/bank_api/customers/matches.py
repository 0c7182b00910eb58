"""Pairs that may be one customer, and merges: people decide, and what was wrong is undone."""

from typing import Annotated

from fastapi import Query

from bank_api.approvals.schemas import SubmittedOut
from guibin.approvals.errors import StateConflict
from guibin.core import clock
from guibin.core.errors import ReasonRequired
from guibin.core.ids import CustomerId, MatchId
from guibin.customers import match_repository, matching, merge_repository
from guibin.customers.errors import MergeNotPossible
from guibin.customers.match_repository import Pair
from guibin.customers.models import ReviewState
from guibin.customers.personal import identity_of
from guibin.customers.repository import get_customer
from guibin.customers.rules import ReviewReason
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

from .match_schemas import (
    MatchAcceptIn,
    MatchDeferIn,
    MatchDetailOut,
    MatchOut,
    MatchRejectIn,
    MatchSideOut,
    MergeOut,
    UnmergeIn,
)
from .views import view_of

router = PortRouter(prefix="/v1", tags=["customers"])

READ = staff(Verb.READ, Domain.CUSTOMERS)
DECIDE = staff(Verb.SUBMIT, Domain.COMPLIANCE)


@router.get("/matches", operation_id="listMatches")
@declare(caller=READ, rate=RateClass.READ, data=DataClass.C2)
async def list_matches(
    call: StaffCall,
    page: Annotated[PageRequest, page_query()],
    state: Annotated[ReviewState, Query(description="Only those in this state")] = ReviewState.OPEN,
    asked_because: Annotated[
        ReviewReason | None, Query(description="Only those that were asked for this reason")
    ] = None,
    min_probability: Annotated[
        float | None, Query(ge=0, le=1, description="Only those that are one customer with at least this probability")
    ] = None,
    deferred: Annotated[bool, Query(description="Open ones that are put off, in place of those that are not")] = False,
) -> Page[MatchOut]:
    """List the pairs about whom people decide and who are both in the caller's scope, the likeliest first.

    The worker weighs all fields of two records (name and its sound, certificate, phone, birthday, address, employer,
    gender) and asks about pairs that may be one customer; it decides nothing. What it has not weighed comes last.
    """
    filters = match_repository.Filters(state, clock.today(), deferred, asked_because, min_probability)
    pairs = await match_repository.list_matches(
        call.session, call.scope, filters=filters, after=page.after_place, limit=page.fetch
    )
    return page.answer(pairs, position=lambda pair: match_repository.place_of(pair[0]), shape=MatchOut.of)


@router.get("/matches/{match_id}", operation_id="getMatch")
@declare(caller=READ, rate=RateClass.READ, data=DataClass.C2)
async def get_match(call: StaffCall, match_id: MatchId) -> MatchDetailOut:
    """Show a pair with its evidence, masked: what both say of themselves, which fields are equal and which differ."""
    return await _in_full(call, await match_repository.get_match(call.session, call.scope, match_id=match_id))


@router.post("/matches/{match_id}/accept", status_code=202, operation_id="acceptMatch")
@declare(
    caller=DECIDE,
    idempotency=Idempotency.REQUIRED,
    rate=RateClass.WRITE,
    data=DataClass.C2,
    refusals=(ReasonRequired, StateConflict, MergeNotPossible),
)
async def accept_match(
    call: StaffCall, match_id: MatchId, body: Annotated[MatchAcceptIn, json_body(MatchAcceptIn)]
) -> SubmittedOut:
    """Ask another person, of compliance, to let the two become one customer. Nothing moves before.

    Then records, holdings, events, tags by hand, points, WeChat bindings, consents and restrictions go along; what was
    redeemed stays under the old id and is read through the new one. It can be undone by `unmerge`.
    """
    approval = await matching.submit_merge(
        call.session,
        call.scope,
        call.keys,
        actor=call.actor,
        match_id=match_id,
        surviving_id=body.surviving_id,
        reason=body.reason,
    )
    return SubmittedOut.of(approval)


@router.post("/matches/{match_id}/reject", operation_id="rejectMatch")
@declare(
    caller=DECIDE,
    idempotency=Idempotency.OPTIONAL,
    rate=RateClass.WRITE,
    data=DataClass.C2,
    refusals=(ReasonRequired, StateConflict),
)
async def reject_match(
    call: StaffCall, match_id: MatchId, body: Annotated[MatchRejectIn, json_body(MatchRejectIn)]
) -> MatchDetailOut:
    """Decide that the two are two. No feed joins them any more, whatever it says, and nobody is asked again."""
    pair = await matching.keep_apart(call.session, call.scope, actor=call.actor, match_id=match_id, reason=body.reason)
    return await _in_full(call, pair)


@router.post("/matches/{match_id}/defer", operation_id="deferMatch")
@declare(
    caller=DECIDE,
    idempotency=Idempotency.OPTIONAL,
    rate=RateClass.WRITE,
    data=DataClass.C2,
    refusals=(ReasonRequired, StateConflict),
)
async def defer_match(
    call: StaffCall, match_id: MatchId, body: Annotated[MatchDeferIn, json_body(MatchDeferIn)]
) -> MatchDetailOut:
    """Put a pair off: until that day it is listed with `deferred=true` only. It can be decided all the time."""
    pair = await matching.defer(
        call.session, call.scope, actor=call.actor, match_id=match_id, until=body.until, reason=body.reason
    )
    return await _in_full(call, pair)


@router.get("/customers/{customer_id}/merges", operation_id="listCustomerMerges")
@declare(caller=READ, rate=RateClass.READ, data=DataClass.C2)
async def list_merges(
    call: StaffCall, customer_id: CustomerId, page: Annotated[PageRequest, page_query()]
) -> Page[MergeOut]:
    """List who was merged into a customer, newest first; undone merges too."""
    customer = await get_customer(call.session, call.scope, customer_id=customer_id)
    rows = await merge_repository.list_merges(
        call.session, customer_id=customer.id, before=page.after_moment, limit=page.fetch
    )
    return page.answer(rows, position=lambda row: (row.merged_at, row.id), shape=MergeOut.of)


@router.post("/customers/{customer_id}/unmerge", status_code=202, operation_id="unmergeCustomer")
@declare(
    caller=DECIDE,
    idempotency=Idempotency.REQUIRED,
    rate=RateClass.WRITE,
    data=DataClass.C2,
    refusals=(ReasonRequired, MergeNotPossible),
)
async def unmerge_customer(
    call: StaffCall, customer_id: CustomerId, body: Annotated[UnmergeIn, json_body(UnmergeIn)]
) -> SubmittedOut:
    """Ask another person, of compliance, to undo a merge by its journal. Nothing moves before.

    Both have their ids, records, references, holdings, tags and words again, and of the points that came over what is
    left; what was spent stays spent. The two are kept apart from then on.
    """
    approval = await matching.submit_unmerge(
        call.session,
        call.scope,
        actor=call.actor,
        customer_id=customer_id,
        merge_id=body.merge_id,
        reason=body.reason,
    )
    return SubmittedOut.of(approval)


async def _in_full(call: StaffCall, pair: Pair) -> MatchDetailOut:
    _, one, other = pair
    view = view_of(call.actor.roles, is_primary=False)
    sides = [
        MatchSideOut.of(
            customer,
            identity_of(call.keys, customer),
            await match_repository.lines_of(call.session, customer_id=customer.id),
            view,
        )
        for customer in (one, other)
    ]
    return MatchDetailOut.in_full(pair, sides, matching.compare(call.keys, one, other))
