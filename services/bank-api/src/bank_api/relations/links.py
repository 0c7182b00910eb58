"""Links between persons and companies: owner, legal representative, head of finance, employee, guarantor."""

from typing import Annotated

from fastapi import Query

from guibin.core import clock
from guibin.core.errors import NotFound, ReasonRequired
from guibin.core.ids import CustomerId, LinkId
from guibin.customers.repository import get_customer
from guibin.relations.errors import LinkEnded, LinkExists, LinkNotPossible
from guibin.relations.service import links
from guibin.security.actors import Domain, Verb
from guibin.web import (
    DataClass,
    Day,
    Idempotency,
    PortRouter,
    RateClass,
    StaffCall,
    declare,
    json_body,
    staff,
)

from .link_schemas import LinkEndIn, LinkIn, LinkOut, LinksOut

router = PortRouter(prefix="/v1/customers/{customer_id}/links", tags=["relations"])

READ = staff(Verb.READ, Domain.CUSTOMERS)
WRITE = staff(Verb.WRITE, Domain.CUSTOMERS)


@router.get("", operation_id="listCustomerLinks")
@declare(caller=READ, rate=RateClass.READ, data=DataClass.C2)
async def list_links(
    call: StaffCall,
    customer_id: CustomerId,
    as_of: Annotated[Day | None, Query(description="Those that stand on this day; today where it is left out")] = None,
) -> LinksOut:
    """List what a customer is to others and others to the customer; who is out of your scope has a masked name."""
    customer = await get_customer(call.session, call.scope, customer_id=customer_id)
    day = as_of or clock.today()
    views = await links.links_of(call.session, call.scope, customer_id=customer.id, day=day)
    return LinksOut(
        customer_id=customer.id, as_of=day, items=[LinkOut.of(view, call.keys, call.actor.roles) for view in views]
    )


@router.post("", status_code=201, operation_id="addCustomerLink")
@declare(
    caller=WRITE,
    idempotency=Idempotency.OPTIONAL,
    rate=RateClass.WRITE,
    data=DataClass.C2,
    refusals=(NotFound, ReasonRequired, LinkNotPossible, LinkExists),
)
async def add_link(call: StaffCall, customer_id: CustomerId, body: Annotated[LinkIn, json_body(LinkIn)]) -> LinkOut:
    """Say what a customer is to another, from a day on; both are in your scope."""
    view = await links.add_link(call.session, call.scope, actor=call.actor, customer_id=customer_id, new=body.new())
    return LinkOut.of(view, call.keys, call.actor.roles)


@router.post("/{link_id}/end", operation_id="endCustomerLink")
@declare(
    caller=WRITE,
    idempotency=Idempotency.OPTIONAL,
    rate=RateClass.WRITE,
    data=DataClass.C2,
    refusals=(NotFound, ReasonRequired, LinkEnded),
)
async def end_link(
    call: StaffCall, customer_id: CustomerId, link_id: LinkId, body: Annotated[LinkEndIn, json_body(LinkEndIn)]
) -> LinkOut:
    """End a link of a customer, from either side. It stays on record with its days."""
    view = await links.end_link(
        call.session,
        call.scope,
        actor=call.actor,
        customer_id=customer_id,
        link_id=link_id,
        day=body.valid_to,
        reason=body.reason,
    )
    return LinkOut.of(view, call.keys, call.actor.roles)
