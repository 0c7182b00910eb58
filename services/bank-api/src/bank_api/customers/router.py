"""Customers on the bank port: lists, search by whole values, the 360 and the holdings."""

from datetime import timedelta
from typing import Annotated

from fastapi import Query

from bank_api.care.summary import care_of
from bank_api.tags.using import used
from guibin.audit.service import record
from guibin.core import clock
from guibin.core.errors import NotFound, ReasonRequired
from guibin.core.ids import BranchId, CustomerId, ManagerId, to_public
from guibin.core.lines import Line
from guibin.core.logging import logger
from guibin.core.reasons import require_reason
from guibin.core.text import Code
from guibin.customers.errors import NothingToReveal, SearchTooBroad
from guibin.customers.locks.repository import held_fields
from guibin.customers.models import CertificateType, Customer, Gender, PartyStatus, PartyType
from guibin.customers.personal import identity_of
from guibin.customers.policy.service import sources_of
from guibin.customers.repository import get_customer
from guibin.customers.revealing import Looks, count_look
from guibin.customers.revealing import reveal as reveal_value
from guibin.managers.models import CoverageRole
from guibin.managers.repository import is_primary_manager, team_on
from guibin.security.actors import Domain, Scope, Verb, daily_limit_of, decide
from guibin.security.errors import ReauthRequired
from guibin.tags.freshness import stale_among
from guibin.tags.lineage.models import UseWay
from guibin.tags.repository import list_held
from guibin.tiers.repository import current_tier
from guibin.web import (
    DataClass,
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
from guibin.web.errors import DailyLimit

from . import queries
from .queries import Filters, Found
from .schemas import (
    AccompaniedByOut,
    CustomerOut,
    CustomerRowOut,
    CustomersOut,
    FactsOut,
    FieldSourceOut,
    HoldingOut,
    HoldingsSummaryOut,
    RevealIn,
    RevealOut,
    SearchIn,
    ServedByOut,
    TierSummaryOut,
    identity_part,
    summary_of,
)
from .search import keys_of
from .views import View, view_of

router = PortRouter(prefix="/v1/customers", tags=["customers"])

READ = staff(Verb.READ, Domain.CUSTOMERS)
READ_HOLDINGS = staff(Verb.READ, Domain.HOLDINGS)
MOST_FOUND = 50


@router.get("", operation_id="listCustomers")
@declare(caller=READ, rate=RateClass.READ, data=DataClass.C2)
async def list_customers(
    call: StaffCall,
    page: Annotated[PageRequest, page_query()],
    tag: Annotated[Code | None, Query(description="Only those who have this tag today")] = None,
    tier: Annotated[Code | None, Query(description="Only those of this tier today")] = None,
    manager: Annotated[ManagerId | None, Query(description="Only those whom this manager serves today")] = None,
    branch: Annotated[BranchId | None, Query(description="Only those of this branch and all below it")] = None,
) -> Page[CustomerRowOut]:
    """List the customers in the caller's scope, newest first."""
    rows = await queries.list_customers(
        call.session,
        call.scope,
        staff_id=call.actor.id,
        day=clock.today(),
        filters=Filters(tag, tier, manager, branch, _sensitive_in(call)),
        limit=page.fetch,
        before=page.after_moment,
    )
    await used(call, UseWay.FILTERED, [tag])
    return page.answer(
        rows,
        position=lambda row: (row.customer.created_at, row.customer.id),
        shape=lambda row: _row(call, row),
    )


@router.post("/search", operation_id="searchCustomers")
@declare(caller=READ, rate=RateClass.SEARCH, data=DataClass.C2, refusals=(SearchTooBroad,))
async def search_customers(call: StaffCall, body: Annotated[SearchIn, json_body(SearchIn)]) -> CustomersOut:
    """Find customers in the caller's scope by whole values: name, phone, certificate, customer number.

    Values are compared by keyed hash after normalising: no parts, no wildcards. Whoever is out of scope is not found.
    """
    found = await queries.search_customers(
        call.session,
        call.scope,
        staff_id=call.actor.id,
        day=clock.today(),
        keys=keys_of(call.keys, body),
        limit=MOST_FOUND,
    )
    fields = sorted(body.model_fields_set - {"certificate_type"})
    await record(
        call.session,
        actor=call.actor,
        action="customer.search",
        object_type="customer",
        object_id="-",
        facts={"fields": fields, "found": len(found)},
    )
    return CustomersOut(items=[_row(call, row) for row in found])


@router.get("/{customer_id}", operation_id="getCustomer")
@declare(caller=READ, rate=RateClass.READ, data=DataClass.C2)
async def get_one(call: StaffCall, customer_id: CustomerId) -> CustomerOut:
    """Show a customer from all sides, as far as the caller's grants reach. Every look is kept in the audit trail."""
    customer = await get_customer(call.session, call.scope, customer_id=customer_id)
    found = await queries.find_one(
        call.session, call.scope, customer_id=customer.id, staff_id=call.actor.id, day=clock.today()
    )
    if found is None:
        raise NotFound
    return await all_sides(call, found)


@router.get("/{customer_id}/holdings", operation_id="listCustomerHoldings")
@declare(caller=READ_HOLDINGS, rate=RateClass.READ, data=DataClass.C2)
async def list_holdings(
    call: StaffCall, customer_id: CustomerId, page: Annotated[PageRequest, page_query()]
) -> Page[HoldingOut]:
    """List a customer's holdings with the last balance known; amounts for the primary manager alone."""
    customer = await get_customer(call.session, call.scope, customer_id=customer_id)
    is_primary = await is_primary_manager(call.session, call.scope, customer_id=customer.id, staff_id=call.actor.id)
    view = view_of(call.actor.roles, is_primary=is_primary)
    rows = await queries.holdings_of(
        call.session,
        call.scope,
        customer_id=customer.id,
        day=clock.today(),
        closed=clock.last_closed_day(),
        limit=page.fetch,
        after=page.after_id,
    )
    return page.answer(rows, position=lambda row: str(row.holding.id), shape=lambda row: HoldingOut.of(row, view))


@router.post("/{customer_id}/reveal", operation_id="revealCustomerField")
@declare(
    caller=staff(Verb.REVEAL, Domain.CUSTOMERS),
    rate=RateClass.REVEAL,
    data=DataClass.C2,
    refusals=(ReasonRequired, NothingToReveal, ReauthRequired, DailyLimit),
    fresh_login=True,
)
async def reveal(call: StaffCall, customer_id: CustomerId, body: Annotated[RevealIn, json_body(RevealIn)]) -> RevealOut:
    """Show one personal value of one customer in clear: with a reason, so many a day, and always in the trail."""
    reason = require_reason(body.reason)
    customer = await get_customer(call.session, call.scope, customer_id=customer_id)
    looks = await _count_look(call)
    value = reveal_value(call.keys, customer, body.field)
    await record(
        call.session,
        actor=call.actor,
        action="customer.reveal",
        object_type="customer",
        object_id=to_public("cus", customer.id),
        owner_id=customer.id,
        reason=reason,
        ticket=body.ticket,
        facts={"field": body.field, "today": looks.today, "unusual": looks.is_unusual},
    )
    return RevealOut(field=body.field, value=value, looks_today=looks.today)


async def _count_look(call: StaffCall) -> Looks:
    """Count one look; operators hear of a day that is used up and of one that is unlike this person's others."""
    now, today = clock.now(), clock.today()
    most = daily_limit_of(call.grants, Verb.REVEAL, Domain.CUSTOMERS)
    looks = await count_look(call.session, staff_id=call.actor.id, day=today, most=most)
    if looks is None:
        logger().warning("reveals_used_up", staff=call.actor.name, request_id=call.request_id)
        midnight = clock.start_of_day(today + timedelta(days=1))
        raise DailyLimit(limit="reveal_per_day", retry_after=int((midnight - now).total_seconds()) + 1)
    if looks.is_unusual:
        logger().warning("reveals_unusual", staff=call.actor.name, today=looks.today, request_id=call.request_id)
    return looks


def _row(call: StaffCall, found: Found) -> CustomerRowOut:
    return CustomerRowOut.of(found, identity_of(call.keys, found.customer), call.actor.roles)


def scope_in(call: StaffCall, domain: Domain) -> Scope:
    """Return whose data of another domain the caller may read; nobody's without a grant."""
    return decide(call.grants, Verb.READ, domain, staff_id=call.actor.id) or Scope.nothing()


def _sensitive_in(call: StaffCall) -> Scope:
    """Return whose sensitive tags the caller may see."""
    return decide(call.grants, Verb.REVEAL, Domain.TAGS, staff_id=call.actor.id) or Scope.nothing()


async def all_sides(call: StaffCall, found: Found) -> CustomerOut:
    """Describe a customer as far as the caller's grants reach."""
    session, customer, day = call.session, found.customer, clock.today()
    view = view_of(call.actor.roles, is_primary=found.is_primary)
    tier = await current_tier(session, scope_in(call, Domain.TIERS), customer_id=customer.id, day=day)
    managers = scope_in(call, Domain.MANAGERS)
    team = await team_on(session, managers, customer_id=customer.id, day=day)
    served = next((one for one in team if one.coverage.role == CoverageRole.PRIMARY), None)
    beside = [one for one in team if one.coverage.role == CoverageRole.JOINT]
    tags, stale = await _tags(call, customer)
    lines = await queries.lines_of(session, call.scope, customer_id=customer.id)
    held = await held_fields(session, [customer.id])
    return CustomerOut(
        id=customer.id,
        party_type=PartyType(customer.party_type),
        status=PartyStatus(customer.status),
        certificate_type=CertificateType(customer.certificate_type) if customer.certificate_type else None,
        gender=Gender(customer.gender),
        city_code=customer.city_code,
        branch_id=customer.branch_id,
        branch_code=found.branch_code,
        opened_on=customer.opened_on,
        lines=[Line(line) for line in lines],
        sources=[FieldSourceOut.of(one) for one in await sources_of(session, customer_id=customer.id)],
        held_fields=sorted(held.get(customer.id, ())),
        created_at=customer.created_at,
        tier=TierSummaryOut.of(tier) if tier else None,
        coverage=ServedByOut.of(served) if served else None,
        accompanied_by=None if managers == Scope.nothing() else [AccompaniedByOut.of(one) for one in beside],
        tags=tags,
        stale_tags=stale,
        facts=await _facts(call, found, view),
        holdings=await _holdings(call, customer),
        care=await care_of(call, scope_in(call, Domain.CARE), customer.id),
        **identity_part(identity_of(call.keys, customer), view),
    )


async def _tags(call: StaffCall, customer: Customer) -> tuple[list[str] | None, list[str] | None]:
    """Return the codes of a customer's tags, and of those that are stale."""
    scope = scope_in(call, Domain.TAGS)
    if scope == Scope.nothing():
        return None, None
    day, sensitive_in = clock.today(), _sensitive_in(call)
    found = await list_held(call.session, scope, customer_id=customer.id, day=day, sensitive_in=sensitive_in)
    stale = await stale_among(call.session, (one.tag for one in found), day=clock.last_closed_day())
    codes = sorted({one.tag.code for one in found})
    await used(call, UseWay.SHOWN, codes)
    return codes, sorted(stale)


async def _facts(call: StaffCall, found: Found, view: View) -> FactsOut | None:
    facts = await queries.facts_of(call.session, scope_in(call, Domain.HOLDINGS), customer_id=found.customer.id)
    return FactsOut.of(facts, found.figure_day, view) if facts and found.figure_day else None


async def _holdings(call: StaffCall, customer: Customer) -> list[HoldingsSummaryOut] | None:
    scope = scope_in(call, Domain.HOLDINGS)
    if scope == Scope.nothing():
        return None
    return summary_of(await queries.count_holdings(call.session, scope, customer_id=customer.id))
