"""Customers whom nobody looked after, on the bank port: who goes back to the pool, and who is in it."""

from datetime import date
from typing import Annotated, Self

from fastapi import Query
from pydantic import Field

from guibin.core.ids import CustomerId, ManagerId
from guibin.managers.pool.models import PoolPlace
from guibin.managers.pool.repository import PoolState, list_places
from guibin.security.actors import Domain, Verb
from guibin.web import (
    DataClass,
    OutModel,
    Page,
    PageRequest,
    PortRouter,
    RateClass,
    StaffCall,
    declare,
    page_query,
    staff,
)

router = PortRouter(prefix="/v1/pool", tags=["managers"])


class PoolPlaceOut(OutModel):
    """A customer whom nobody looked after for months."""

    customer_id: CustomerId
    manager_id: ManagerId = Field(description="Whose book the customer leaves or has left")
    state: PoolState = Field(description="noticed: still in the book; pooled: in nobody's")
    noticed_on: date
    returns_on: date = Field(description="From which the customer is in the pool, unless somebody looks after them")
    returned_on: date | None

    @classmethod
    def of(cls, row: PoolPlace) -> Self:
        """Describe a place in the pool, or on the way to it."""
        return cls(
            customer_id=row.customer_id,
            manager_id=row.manager_id,
            state="noticed" if row.returned_on is None else "pooled",
            noticed_on=row.noticed_on,
            returns_on=row.returns_on,
            returned_on=row.returned_on,
        )


@router.get("", operation_id="listPool")
@declare(caller=staff(Verb.READ, Domain.MANAGERS), rate=RateClass.READ, data=DataClass.C2)
async def list_pool(
    call: StaffCall,
    page: Annotated[PageRequest, page_query()],
    state: Annotated[PoolState | None, Query(description="Only those in this state")] = None,
    manager_id: Annotated[ManagerId | None, Query(description="Only those of this manager's book")] = None,
) -> Page[PoolPlaceOut]:
    """List who goes back to the pool unless somebody looks after them, and who is in it, by customer id.

    A manager sees the notices of the own book; whoever assigns in the branch gives those in the pool to somebody.
    """
    rows = await list_places(
        call.session, call.scope, state=state, manager_id=manager_id, limit=page.fetch, after=page.after_id
    )
    return page.answer(rows, position=lambda row: str(row.customer_id), shape=PoolPlaceOut.of)
