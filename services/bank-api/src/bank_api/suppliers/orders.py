"""Orders at suppliers: what is on its way, and what a person settles when no supplier tells."""

from typing import Annotated

from fastapi import Query

from guibin.approvals.errors import StateConflict
from guibin.core.errors import NotFound, ReasonRequired
from guibin.core.ids import RedemptionId, SupplierId
from guibin.points.errors import AccountClosed
from guibin.rights.delivery_errors import OrderOpen
from guibin.rights.errors import AlreadyUsed
from guibin.security.actors import Domain, Verb
from guibin.suppliers.errors import CodesDiffer, NoOpenOrder
from guibin.suppliers.models import OrderState
from guibin.suppliers.repository.orders import list_orders
from guibin.suppliers.repository.suppliers import get_supplier
from guibin.suppliers.service.settling import settle
from guibin.web import (
    DataClass,
    Idempotency,
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

from .order_schemas import SettleIn, SupplierOrderOut

router = PortRouter(prefix="/v1", tags=["suppliers"])


@router.get("/suppliers/{supplier_id}/orders", operation_id="listSupplierOrders")
@declare(caller=staff(Verb.READ, Domain.RIGHTS), rate=RateClass.READ, data=DataClass.C2)
async def list_supplier_orders(
    call: StaffCall,
    supplier_id: SupplierId,
    page: Annotated[PageRequest, page_query()],
    state: Annotated[OrderState | None, Query(description="Only those in this state")] = None,
    parked: Annotated[bool | None, Query(description="Only those that wait for a person, or only the others")] = None,
) -> Page[SupplierOrderOut]:
    """List a supplier's orders of the customers whom I may see, newest first."""
    await get_supplier(call.session, supplier_id)
    rows = await list_orders(
        call.session,
        call.scope,
        supplier_id=supplier_id,
        limit=page.fetch,
        before=page.after_moment,
        state=state,
        parked=parked,
    )
    return page.answer(rows, position=lambda row: (row.created_at, row.id), shape=SupplierOrderOut.of)


@router.post("/redemptions/{redemption_id}/settle", operation_id="settleRedemption")
@declare(
    caller=staff(Verb.WRITE, Domain.RIGHTS),
    idempotency=Idempotency.REQUIRED,
    rate=RateClass.WRITE,
    data=DataClass.C2,
    refusals=(NotFound, ReasonRequired, NoOpenOrder, OrderOpen, CodesDiffer, StateConflict, AlreadyUsed, AccountClosed),
)
async def settle_redemption(
    call: StaffCall, redemption_id: RedemptionId, body: Annotated[SettleIn, json_body(SettleIn)]
) -> SupplierOrderOut:
    """End an order whose outcome its supplier does not tell, after asking it by other means; or have it asked now.

    `refused` gives points, quota and stock back at once. Nothing is ordered a second time by this. An order that went
    out less than a minute ago is left alone: its answer may be on its way.
    """
    order = await settle(
        call.session, call.scope, call.keys, actor=call.actor, redemption_id=redemption_id, said=body.settlement()
    )
    return SupplierOrderOut.of(order)
