"""The brief before a meeting (会前简报): everything about one customer in one call."""

from collections.abc import Awaitable
from typing import Final, TypeVar
from uuid import UUID

from bank_api.points.schemas import CustomerPointsOut
from bank_api.privacy.schemas import ConsentOut
from bank_api.relations.households import shape
from bank_api.relations.link_schemas import LinkOut
from bank_api.rights.schemas import RedemptionOut
from guibin.core import clock
from guibin.core.errors import NotFound
from guibin.core.ids import CustomerId
from guibin.customers.origins import with_origins
from guibin.customers.repository import get_customer
from guibin.points.service import balances
from guibin.privacy.service.consents import list_standing
from guibin.relations.service.links import links_of
from guibin.relations.service.reading import primary_household
from guibin.rights.models import RedemptionState
from guibin.rights.service import list_redemptions
from guibin.security.actors import Domain, Scope, Verb
from guibin.web import DataClass, PortRouter, RateClass, StaffCall, declare, staff

from . import queries
from .brief_schemas import BriefOut, LastEventOut, amounts_of
from .queries import Found
from .router import all_sides, scope_in
from .views import view_of

router = PortRouter(prefix="/v1/customers", tags=["customers"])

MOST_EVENTS: Final = 10
MOST_REDEMPTIONS: Final = 10
OPEN: Final = (RedemptionState.CONFIRMED, RedemptionState.IN_FULFILMENT)

Part = TypeVar("Part")


@router.get("/{customer_id}/brief", operation_id="getCustomerBrief")
@declare(caller=staff(Verb.READ, Domain.CUSTOMERS), rate=RateClass.READ, data=DataClass.C2)
async def get_brief(call: StaffCall, customer_id: CustomerId) -> BriefOut:
    """Show all that a meeting with a customer needs, as far as the caller's grants reach, in one call.

    Who it is and what is known, tier and manager, what is owned by class, points and what expires, open redemptions,
    the last events, links and the primary household, and what the customer allows.
    """
    customer = await get_customer(call.session, call.scope, customer_id=customer_id)
    found = await queries.find_one(
        call.session, call.scope, customer_id=customer.id, staff_id=call.actor.id, day=clock.today()
    )
    if found is None:
        raise NotFound
    view = view_of(call.actor.roles, is_primary=found.is_primary)
    holdings = scope_in(call, Domain.HOLDINGS)
    facts = await queries.facts_of(call.session, holdings, customer_id=customer.id)
    events = await queries.last_events(call.session, holdings, customer_id=customer.id, limit=MOST_EVENTS)
    household = await primary_household(call.session, call.scope, customer_id=customer.id)
    links = await links_of(call.session, call.scope, customer_id=customer.id, day=clock.today())
    may_hold = holdings != Scope.nothing()
    return BriefOut(
        as_of=clock.now(),
        customer=await all_sides(call, found),
        amounts=amounts_of(facts, view) if facts else None,
        points=await _points(call, customer.id),
        open_redemptions=await _redemptions(call, found),
        last_events=[LastEventOut.of(one, view) for one in events] if may_hold else None,
        links=[LinkOut.of(one, call.keys, call.actor.roles) for one in links],
        household=await shape(call, household) if household else None,
        consents=await _consents(call, customer.id),
    )


async def _points(call: StaffCall, customer_id: UUID) -> CustomerPointsOut | None:
    scope = scope_in(call, Domain.POINTS)
    found = await _unless_hidden(balances(call.session, scope, customer_id=customer_id, today=clock.today()))
    return CustomerPointsOut.of(found, call.language) if found else None


async def _redemptions(call: StaffCall, found: Found) -> list[RedemptionOut] | None:
    rights, customer_id = scope_in(call, Domain.RIGHTS), found.customer.id
    if rights == Scope.nothing():
        return None
    async with with_origins(call.session, rights, customer_id=customer_id) as scope:
        views = [
            view
            for state in OPEN
            for view in await list_redemptions(
                call.session, scope, customer_id=customer_id, state=state, limit=MOST_REDEMPTIONS
            )
        ]
    newest = sorted(views, key=lambda view: view.redemption.created_at, reverse=True)[:MOST_REDEMPTIONS]
    return [RedemptionOut.of(view, call.language) for view in newest]


async def _consents(call: StaffCall, customer_id: UUID) -> list[ConsentOut] | None:
    scope = scope_in(call, Domain.PRIVACY)
    if scope == Scope.nothing():
        return None
    return [ConsentOut.of(one) for one in await list_standing(call.session, scope, customer_id=customer_id)]


async def _unless_hidden(part: Awaitable[Part]) -> Part | None:
    """Return a part; None when the caller's grant of its domain does not reach this customer."""
    try:
        return await part
    except NotFound:
        return None
