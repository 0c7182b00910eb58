"""Households on the bank port: who belongs together, in which role, with how much, and what they have together."""

from typing import Annotated
from uuid import UUID

from guibin.core.errors import NotFound, ReasonRequired
from guibin.core.ids import CustomerId, HouseholdId
from guibin.customers.repository import get_customer
from guibin.relations.errors import (
    HouseholdNeedsHead,
    HouseholdOver,
    HouseholdTooLarge,
    MemberExists,
    SharesDoNotAddUp,
)
from guibin.relations.service import households, reading
from guibin.relations.service.households import Order
from guibin.relations.service.reading import HouseholdView
from guibin.security.actors import Domain, Scope, Verb, decide
from guibin.web import (
    DataClass,
    Idempotency,
    PortRouter,
    RateClass,
    StaffCall,
    declare,
    json_body,
    staff,
)

from .household_schemas import (
    HouseholdIn,
    HouseholdMergeIn,
    HouseholdOut,
    HouseholdReasonIn,
    HouseholdsOut,
    HouseholdSplitIn,
    MemberIn,
    PlaceChangeIn,
)
from .queries import totals_of

router = PortRouter(prefix="/v1", tags=["relations"])

READ = staff(Verb.READ, Domain.CUSTOMERS)
WRITE = staff(Verb.WRITE, Domain.CUSTOMERS)
JOINING = (NotFound, ReasonRequired, MemberExists, HouseholdTooLarge, SharesDoNotAddUp)


@router.get("/customers/{customer_id}/households", operation_id="listCustomerHouseholds")
@declare(caller=READ, rate=RateClass.READ, data=DataClass.C2)
async def list_households(call: StaffCall, customer_id: CustomerId) -> HouseholdsOut:
    """List the households of a customer with their members and totals; who is out of your scope has a masked name."""
    customer = await get_customer(call.session, call.scope, customer_id=customer_id)
    views = await reading.households_of(call.session, call.scope, customer_id=customer.id)
    return HouseholdsOut(customer_id=customer.id, items=[await shape(call, view) for view in views])


@router.get("/households/{household_id}", operation_id="getHousehold")
@declare(caller=READ, rate=RateClass.READ, data=DataClass.C2)
async def get_household(call: StaffCall, household_id: HouseholdId) -> HouseholdOut:
    """Show a household of which a member is in your scope."""
    return await _shown(call, household_id)


@router.post("/households", status_code=201, operation_id="createHousehold")
@declare(
    caller=WRITE,
    idempotency=Idempotency.OPTIONAL,
    rate=RateClass.WRITE,
    data=DataClass.C2,
    refusals=(*JOINING, HouseholdNeedsHead),
)
async def create_household(call: StaffCall, body: Annotated[HouseholdIn, json_body(HouseholdIn)]) -> HouseholdOut:
    """Put customers in your scope together, one of them as the head.

    A customer may belong to several households; the shares in all of them come to no more than the whole.
    """
    places = [one.place() for one in body.members]
    made = await households.create(call.session, _order(call, body.reason), kind=body.kind, places=places)
    return await _shown(call, made)


@router.post("/households/{household_id}/members", status_code=201, operation_id="addHouseholdMember")
@declare(
    caller=WRITE,
    idempotency=Idempotency.OPTIONAL,
    rate=RateClass.WRITE,
    data=DataClass.C2,
    refusals=(*JOINING, HouseholdOver),
)
async def add_member(
    call: StaffCall, household_id: HouseholdId, body: Annotated[MemberIn, json_body(MemberIn)]
) -> HouseholdOut:
    """Let a customer join a household whose head is in your scope."""
    place = body.member.place()
    await households.add_member(call.session, _order(call, body.reason), household_id=household_id, place=place)
    return await _shown(call, household_id)


@router.put("/households/{household_id}/members/{customer_id}", operation_id="changeHouseholdMember")
@declare(
    caller=WRITE,
    rate=RateClass.WRITE,
    data=DataClass.C2,
    refusals=(ReasonRequired, HouseholdOver, HouseholdNeedsHead, SharesDoNotAddUp),
)
async def change_member(
    call: StaffCall,
    household_id: HouseholdId,
    customer_id: CustomerId,
    body: Annotated[PlaceChangeIn, json_body(PlaceChangeIn)],
) -> HouseholdOut:
    """Give a member another role or share, from today on."""
    place = body.place_of(customer_id)
    await households.change_member(call.session, _order(call, body.reason), household_id=household_id, place=place)
    return await _shown(call, household_id)


@router.post("/households/{household_id}/members/{customer_id}/end", operation_id="endHouseholdMember")
@declare(
    caller=WRITE,
    idempotency=Idempotency.OPTIONAL,
    rate=RateClass.WRITE,
    data=DataClass.C2,
    refusals=(NotFound, ReasonRequired, HouseholdOver, HouseholdNeedsHead),
)
async def end_member(
    call: StaffCall,
    household_id: HouseholdId,
    customer_id: CustomerId,
    body: Annotated[HouseholdReasonIn, json_body(HouseholdReasonIn)],
) -> HouseholdOut:
    """Let a member go; with the last one the household ends."""
    order = _order(call, body.reason)
    await households.end_member(call.session, order, household_id=household_id, customer_id=customer_id)
    return await _shown(call, household_id)


@router.post("/households/{household_id}/end", operation_id="endHousehold")
@declare(
    caller=WRITE,
    idempotency=Idempotency.OPTIONAL,
    rate=RateClass.WRITE,
    data=DataClass.C2,
    refusals=(NotFound, ReasonRequired, HouseholdOver),
)
async def end_household(
    call: StaffCall, household_id: HouseholdId, body: Annotated[HouseholdReasonIn, json_body(HouseholdReasonIn)]
) -> HouseholdOut:
    """End a household: all its members leave. It stays on record with its days."""
    await households.end(call.session, _order(call, body.reason), household_id=household_id)
    return await _shown(call, household_id)


@router.post("/households/{household_id}/merge", operation_id="mergeHouseholds")
@declare(
    caller=WRITE,
    idempotency=Idempotency.OPTIONAL,
    rate=RateClass.WRITE,
    data=DataClass.C2,
    refusals=(NotFound, ReasonRequired, HouseholdOver, HouseholdTooLarge, MemberExists),
)
async def merge_households(
    call: StaffCall, household_id: HouseholdId, body: Annotated[HouseholdMergeIn, json_body(HouseholdMergeIn)]
) -> HouseholdOut:
    """Let the members of another household join this one; both heads are in your scope, this one's stays the head."""
    order = _order(call, body.reason)
    await households.merge(call.session, order, household_id=household_id, other_id=body.other_id)
    return await _shown(call, household_id)


@router.post("/households/{household_id}/split", status_code=201, operation_id="splitHousehold")
@declare(
    caller=WRITE,
    idempotency=Idempotency.OPTIONAL,
    rate=RateClass.WRITE,
    data=DataClass.C2,
    refusals=(NotFound, ReasonRequired, HouseholdOver, HouseholdNeedsHead, MemberExists),
)
async def split_household(
    call: StaffCall, household_id: HouseholdId, body: Annotated[HouseholdSplitIn, json_body(HouseholdSplitIn)]
) -> HouseholdOut:
    """Let members go into a household of their own, with their shares; answers the new household."""
    order = _order(call, body.reason)
    begun = await households.split(call.session, order, household_id=household_id, places=body.places())
    return await _shown(call, begun)


def _order(call: StaffCall, reason: str | None) -> Order:
    return Order(call.actor, call.scope, reason)


async def _shown(call: StaffCall, household_id: UUID) -> HouseholdOut:
    return await shape(call, await reading.get_household(call.session, call.scope, household_id=household_id))


async def shape(call: StaffCall, view: HouseholdView) -> HouseholdOut:
    """Describe a household for the caller, with totals where the caller may read holdings."""
    scope = decide(call.grants, Verb.READ, Domain.HOLDINGS, staff_id=call.actor.id) or Scope.nothing()
    totals = await totals_of(call.session, scope, view, staff_id=call.actor.id)
    return HouseholdOut.of(view, totals, call.keys, call.actor.roles)
