"""Who looked at my data."""

from typing import Annotated

from guibin.audit import repository
from guibin.web import (
    CustomerCall,
    DataClass,
    Page,
    PageRequest,
    PortRouter,
    RateClass,
    customer,
    declare,
    page_query,
)

from .schemas import AccessOut

router = PortRouter(prefix="/v1/me", tags=["privacy"])


@router.get("/access-log", operation_id="listMyAccess")
@declare(caller=customer("profile:read:self"), rate=RateClass.HISTORY, data=DataClass.C2)
async def list_my_access(call: CustomerCall, page: Annotated[PageRequest, page_query()]) -> Page[AccessOut]:
    """List who of the bank looked at my data or worked on it, newest first: which role, which branch, what for.

    People are not named. What the law lets the bank look into without telling is not listed.
    """
    rows = await repository.list_access(
        call.session, customer_id=call.actor.id, limit=page.fetch, before=page.after_moment
    )
    return page.answer(rows, position=lambda row: (row.at, row.id), shape=lambda row: AccessOut.of(row, call.language))
