"""Why a customer has a tag, or has it not, on the bank port."""

from typing import Annotated

from fastapi import Query

from guibin.core import clock
from guibin.core.ids import CustomerId
from guibin.core.text import Code
from guibin.holdings.freshness import figure_day
from guibin.managers.repository import is_primary_manager
from guibin.tags import service
from guibin.tags.errors import TagRuleMissing
from guibin.tags.freshness import stale_among
from guibin.tags.lineage.models import UseWay
from guibin.web import DataClass, Day, PortRouter, RateClass, StaffCall, declare

from .router import READ, sensitive_in
from .using import used
from .why_schemas import WhyOut

router = PortRouter(prefix="/v1", tags=["tags"])


@router.get("/customers/{customer_id}/tags/{code}/why", operation_id="explainCustomerTag")
@declare(caller=READ, rate=RateClass.READ, data=DataClass.C2, refusals=(TagRuleMissing,))
async def explain_customer_tag(
    call: StaffCall,
    customer_id: CustomerId,
    code: Code,
    as_of: Annotated[
        Day | None, Query(description="A past day of business: why the customer had it then, or not")
    ] = None,
    draft: Annotated[bool, Query(description="Judge the draft, as if it were in force; nothing is stored")] = False,
) -> WhyOut:
    """Say why a customer has a tag or has it not: each condition with the actual value, on the data of the last run.

    Amounts are shown to the customer's primary manager; others see whether a condition is met.
    """
    found = await service.explain(
        call.session,
        call.scope,
        customer_id=customer_id,
        code=code,
        sensitive_in=sensitive_in(call),
        as_of=as_of,
        draft=draft,
    )
    await used(call, UseWay.EXPLAINED, [code])
    exact = await is_primary_manager(call.session, call.scope, customer_id=found.customer_id, staff_id=call.actor.id)
    closed = as_of or clock.last_closed_day()
    stale = await stale_among(call.session, [found.tag], day=closed)
    values = found.values
    figures = await figure_day(call.session, values.as_of, values.stale_lines) if values else None
    return WhyOut.of(found, figures, exact=exact, stale=bool(stale))
