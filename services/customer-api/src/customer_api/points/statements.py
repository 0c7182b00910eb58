"""The monthly statements of the customer who calls, as data and as a page."""

from typing import Annotated, Any

from fastapi import Path
from starlette.responses import Response

from guibin.core import clock
from guibin.points import service
from guibin.points.statement_page import POLICY, render
from guibin.web import CustomerCall, DataClass, PortRouter, RateClass, customer, declare
from guibin.web.formats import HTML, Wanted, page_response
from guibin.web.months import Month, first_of

from .statement_schemas import StatementMonthsOut, StatementOut

router = PortRouter(prefix="/v1/me/points/statements", tags=["points"])

READ = customer("points:read")
PAGE: dict[int | str, dict[str, Any]] = {
    200: {"description": "As JSON, or as a page to print for who accepts `text/html`", "content": {HTML: {}}}
}


@router.get("", operation_id="listMyPointsStatements")
@declare(caller=READ, rate=RateClass.HISTORY, data=DataClass.C2)
async def list_my_statements(call: CustomerCall) -> StatementMonthsOut:
    """List the months of which I have a statement, newest first; a closed one never changes."""
    found = await service.statement_months(call.session, call.scope, customer_id=call.actor.id, today=clock.today())
    return StatementMonthsOut.of(found)


@router.get("/{month}", operation_id="getMyPointsStatement", response_model=StatementOut, responses=PAGE)
@declare(caller=READ, rate=RateClass.HISTORY, data=DataClass.C2, formats=(HTML,))
async def get_my_statement(
    call: CustomerCall, month: Annotated[Month, Path()], wanted: Wanted
) -> StatementOut | Response:
    """Show a month of my points: in every wallet opening + movements = closing, and what ends when.

    For who accepts `text/html` it is a page to read and to print, in the language of `Accept-Language`.
    """
    found = await service.statement(
        call.session, call.scope, customer_id=call.actor.id, month=first_of(month), today=clock.today()
    )
    if wanted == HTML:
        return page_response(render(found, language=call.language), policy=POLICY)
    return StatementOut.of(found, call.language)
