"""Customers' monthly statements on the bank port."""

from typing import Annotated, Any

from fastapi import Path
from starlette.responses import Response

from guibin.core import clock
from guibin.core.ids import CustomerId
from guibin.points import service
from guibin.points.statement_page import POLICY, render
from guibin.security.actors import Domain, Verb
from guibin.web import DataClass, PortRouter, RateClass, StaffCall, declare, staff
from guibin.web.formats import HTML, Wanted, page_response
from guibin.web.months import Month, first_of

from .statement_schemas import StatementMonthsOut, StatementOut

router = PortRouter(prefix="/v1/customers/{customer_id}/points/statements", tags=["points"])

READ = staff(Verb.READ, Domain.POINTS)
PAGE: dict[int | str, dict[str, Any]] = {
    200: {"description": "As JSON, or as a page to print for who accepts `text/html`", "content": {HTML: {}}}
}


@router.get("", operation_id="listCustomerPointsStatements")
@declare(caller=READ, rate=RateClass.READ, data=DataClass.C2)
async def list_customer_statements(call: StaffCall, customer_id: CustomerId) -> StatementMonthsOut:
    """List the months of which a customer has a statement, newest first; a closed one never changes."""
    found = await service.statement_months(call.session, call.scope, customer_id=customer_id, today=clock.today())
    return StatementMonthsOut.of(found)


@router.get("/{month}", operation_id="getCustomerPointsStatement", response_model=StatementOut, responses=PAGE)
@declare(caller=READ, rate=RateClass.READ, data=DataClass.C2, formats=(HTML,))
async def get_customer_statement(
    call: StaffCall, customer_id: CustomerId, month: Annotated[Month, Path()], wanted: Wanted
) -> StatementOut | Response:
    """Show a month of a customer's points as the customer sees it: opening + movements = closing, and what ends when.

    For who accepts `text/html` it is a page to read and to print, in the language of `Accept-Language`.
    """
    found = await service.statement(
        call.session, call.scope, customer_id=customer_id, month=first_of(month), today=clock.today()
    )
    if wanted == HTML:
        return page_response(render(found, language=call.language), policy=POLICY)
    return StatementOut.of(found, call.language)
