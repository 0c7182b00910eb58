"""Orders begin where a redemption is committed: a consumer of its event writes the order, the worker sends it later.

The event and the order are two transactions, so that nothing is ever ordered for a redemption that came to nothing; the
order and the step of the redemption are one.
"""

from typing import Final
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.core import clock
from guibin.core.ids import from_public, new_id
from guibin.outbox.consumers import Event
from guibin.outbox.events import EventName
from guibin.rights.models import RedemptionState
from guibin.rights.repository import redemptions
from guibin.security.actors import Actor, ActorKind
from guibin.suppliers.models import OrderState, SupplierOrder
from guibin.suppliers.repository import orders
from guibin.suppliers.repository.suppliers import find_right_supplier
from guibin.suppliers.rules import ORDERED

SUPPLIERS_JOB: Final = Actor(ActorKind.JOB, UUID("00000000-0000-7000-8000-000000000f07"), "job:suppliers")
"""On whose behalf what suppliers tell moves redemptions; the same in every deployment, so that a trail tells it."""


class OrderPlacing:
    """Writes an order for each redemption of a right that a connected supplier delivers."""

    name = "supplier_orders"
    types = frozenset({EventName.REDEMPTION_CONFIRMED})

    async def apply(self, session: AsyncSession, event: Event) -> None:
        """Let the redemption wait for its supplier; one that was cancelled meanwhile is left alone."""
        redemption_id = from_public("rdm", event.subject)
        right_id = from_public("rgt", str(event.data["right_id"]))
        if event.data["fulfilment"] not in ORDERED or not (redemption_id and right_id and event.customer_id):
            return
        found = await find_right_supplier(session, right_id=right_id)
        if found is None or found[1].base_url is None:
            return
        delivered, supplier = found
        redemption = await orders.begin_fulfilment(session, customer_id=event.customer_id, redemption_id=redemption_id)
        if redemption is None:
            return
        now = clock.now()
        order = SupplierOrder(
            customer_id=redemption.customer_id,
            id=new_id(),
            redemption_id=redemption.id,
            right_id=right_id,
            supplier_id=supplier.id,
            product_code=delivered.product_code,
            quantity=redemption.quantity - redemption.quantity_refunded,
            state=OrderState.WAITING,
            next_try_at=now,
            created_at=now,
        )
        await orders.insert_order(session, order)
        waits = RedemptionState.IN_FULFILMENT
        await redemptions.insert_step(session, redemption, state=waits, at=now, actor_id=SUPPLIERS_JOB.id)


ORDER_PLACING: Final = OrderPlacing()
