"""The points of the customer who calls."""

from typing import Annotated

from fastapi import Query
from starlette.responses import Response

from guibin.core import clock
from guibin.core.errors import NotFound
from guibin.core.text import Code
from guibin.points import service
from guibin.points.balances import balances_of
from guibin.points.models import EntryKind
from guibin.points.repository import BALANCES
from guibin.web import (
    CustomerCall,
    DataClass,
    Day,
    DirectCall,
    Page,
    PageRequest,
    PortRouter,
    RateClass,
    check_range,
    customer,
    declare,
    page_query,
)

from .schemas import EntryOut, PointsOut

router = PortRouter(prefix="/v1/me/points", tags=["points"])

READ = customer("points:read")


async def get_my_points_directly(call: DirectCall) -> Response:
    """Answer as `get_my_points` does."""
    row = await call.reading.row(BALANCES, call.actor.id)
    if row is None:
        raise NotFound
    found = balances_of(row["found"], today=clock.today(), now=clock.now())
    return Response(PointsOut.of(found, call.language).model_dump_json(), media_type="application/json")


@router.get("", operation_id="getMyPoints")
@declare(caller=READ, rate=RateClass.BALANCE, data=DataClass.C2, direct=get_my_points_directly)
async def get_my_points(call: CustomerCall) -> PointsOut:
    """Show what I have in every wallet, what of it I can spend, what expires, comes free or is set aside until when."""
    found = await service.balances(call.session, call.scope, customer_id=call.actor.id, today=clock.today())
    return PointsOut.of(found, call.language)


@router.get("/entries", operation_id="listMyPointsEntries")
@declare(caller=READ, rate=RateClass.HISTORY, data=DataClass.C2)
async def list_my_entries(
    *,
    call: CustomerCall,
    page: Annotated[PageRequest, page_query()],
    wallet: Annotated[Code | None, Query(description="Only this wallet")] = None,
    kind: Annotated[EntryKind | None, Query(description="Only movements of this kind")] = None,
    start: Annotated[Day | None, Query(alias="from", description="First day of posting")] = None,
    end: Annotated[Day | None, Query(alias="to", description="Last day of posting")] = None,
) -> Page[EntryOut]:
    """List my movements, newest first, each with the lots that it drew on or made."""
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
        call.session, call.scope, customer_id=call.actor.id, wanted=wanted, limit=page.fetch
    )
    return page.answer(
        rows,
        position=lambda view: view.entry.seq if wallet else (view.entry.posted_at, view.entry.id),
        shape=lambda view: EntryOut.of(view, call.language),
    )
