"""The SQL of orders and call-backs: the worker's, but for what the ports read and what a person settles."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Update, tuple_, update
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.core.errors import NotFound
from guibin.customers.repository import visible
from guibin.rights.models import Redemption, RedemptionState
from guibin.security.actors import Scope
from guibin.suppliers.models import OrderState, Supplier, SupplierEvent, SupplierOrder, SupplierState

_QUIET = {"synchronize_session": False}


async def begin_fulfilment(session: AsyncSession, *, customer_id: UUID, redemption_id: UUID) -> Redemption | None:
    """Let a redemption that is still confirmed wait for its supplier; None when it is not, and then nothing happens."""
    statement = (
        update(Redemption)
        .where(
            col(Redemption.customer_id) == customer_id,
            col(Redemption.id) == redemption_id,
            col(Redemption.state) == RedemptionState.CONFIRMED,
        )
        .values(state=RedemptionState.IN_FULFILMENT)
        .returning(Redemption)
        .execution_options(**_QUIET, populate_existing=True)
    )
    return (await session.execute(statement)).scalars().first()


async def insert_order(session: AsyncSession, order: SupplierOrder) -> None:
    """Add an order."""
    session.add(order)
    await session.flush()


async def due_orders(
    session: AsyncSession, *, now: datetime, limit: int, but: Collection[UUID]
) -> Sequence[SupplierOrder]:
    """Return orders that are to be sent or asked for now, of suppliers that are on but some; the longest due first."""
    query = (
        select(SupplierOrder)
        .join(Supplier, col(Supplier.id) == col(SupplierOrder.supplier_id))
        .where(
            col(SupplierOrder.ended_at).is_(None),
            col(SupplierOrder.parked_at).is_(None),
            SupplierOrder.next_try_at <= now,
            Supplier.state == SupplierState.ACTIVE,
            col(Supplier.base_url).is_not(None),
            col(Supplier.secret_enc).is_not(None),
            col(Supplier.id).not_in(but),
        )
        .order_by(col(SupplierOrder.next_try_at), col(SupplierOrder.id))
        .limit(limit)
    )
    return (await session.exec(query)).all()


async def change_order(session: AsyncSession, seen: SupplierOrder, **values: Any) -> bool:
    """Change an order that is as it was seen, in its state and its tries; tells whether it was."""
    statement = (
        update(SupplierOrder)
        .where(
            col(SupplierOrder.customer_id) == seen.customer_id,
            col(SupplierOrder.id) == seen.id,
            col(SupplierOrder.state) == seen.state,
            col(SupplierOrder.tries) == seen.tries,
            col(SupplierOrder.ended_at).is_(None),
        )
        .values(**values)
        .returning(col(SupplierOrder.id))
        .execution_options(**_QUIET)
    )
    return (await session.execute(statement)).first() is not None


async def lock_order(session: AsyncSession, *, customer_id: UUID, order_id: UUID) -> SupplierOrder:
    """Lock an order and return it as it stands now.

    Raises:
        NotFound: there is none.
    """
    query = (
        select(SupplierOrder)
        .where(SupplierOrder.customer_id == customer_id, SupplierOrder.id == order_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    found = (await session.exec(query)).first()
    if found is None:
        raise NotFound
    return found


async def update_order(session: AsyncSession, order: SupplierOrder, **values: Any) -> None:
    """Write a locked order."""
    await session.execute(
        update(SupplierOrder)
        .where(col(SupplierOrder.customer_id) == order.customer_id, col(SupplierOrder.id) == order.id)
        .values(**values)
        .execution_options(**_QUIET)
    )


async def find_order(session: AsyncSession, order_id: UUID) -> SupplierOrder | None:
    """Return an order by its number."""
    query = select(SupplierOrder).where(SupplierOrder.id == order_id).execution_options(populate_existing=True)
    return (await session.exec(query)).first()


async def find_order_of(session: AsyncSession, scope: Scope, *, redemption: Redemption) -> SupplierOrder | None:
    """Return the order of a redemption in scope."""
    query = select(SupplierOrder).where(
        SupplierOrder.customer_id == redemption.customer_id,
        visible(scope, col(SupplierOrder.customer_id)),
        SupplierOrder.redemption_id == redemption.id,
    )
    return (await session.exec(query.execution_options(populate_existing=True))).first()


async def list_orders(
    session: AsyncSession,
    scope: Scope,
    *,
    supplier_id: UUID,
    limit: int,
    before: tuple[datetime, UUID] | None,
    state: OrderState | None = None,
    parked: bool | None = None,
) -> Sequence[SupplierOrder]:
    """Return a supplier's orders of customers in scope, newest first."""
    query = select(SupplierOrder).where(
        SupplierOrder.supplier_id == supplier_id, visible(scope, col(SupplierOrder.customer_id))
    )
    if state is not None:
        query = query.where(SupplierOrder.state == state)
    if parked is not None:
        waits = col(SupplierOrder.parked_at)
        query = query.where(waits.is_not(None) & col(SupplierOrder.ended_at).is_(None) if parked else waits.is_(None))
    if before is not None:
        query = query.where(tuple_(col(SupplierOrder.created_at), col(SupplierOrder.id)) < before)
    query = query.order_by(col(SupplierOrder.created_at).desc(), col(SupplierOrder.id).desc()).limit(limit)
    return (await session.exec(query)).all()


async def insert_event(session: AsyncSession, event: SupplierEvent) -> bool:
    """Keep a call-back; False when this supplier has sent one of this id before."""
    statement = insert(SupplierEvent).values(**event.model_dump()).on_conflict_do_nothing()
    return (await session.execute(statement.returning(col(SupplierEvent.event_id)))).first() is not None


async def find_event(session: AsyncSession, *, supplier_id: UUID, event_id: str) -> SupplierEvent | None:
    """Return a call-back that came before."""
    query = select(SupplierEvent).where(SupplierEvent.supplier_id == supplier_id, SupplierEvent.event_id == event_id)
    return (await session.exec(query.execution_options(populate_existing=True))).first()


async def waiting_events(session: AsyncSession, *, limit: int) -> Sequence[SupplierEvent]:
    """Return call-backs that were not applied, the oldest first."""
    query = (
        select(SupplierEvent)
        .where(col(SupplierEvent.applied_at).is_(None))
        .order_by(col(SupplierEvent.received_at))
        .limit(limit)
    )
    return (await session.exec(query)).all()


async def end_event(session: AsyncSession, event: SupplierEvent, *, at: datetime) -> bool:
    """Note that a call-back is applied now and forget what it told; False when another worker did it."""
    statement = (
        _update_event(event)
        .where(col(SupplierEvent.applied_at).is_(None))
        .values(applied_at=at, content_enc=None)
        .returning(col(SupplierEvent.event_id))
    )
    return (await session.execute(statement.execution_options(**_QUIET))).first() is not None


async def note_changed(session: AsyncSession, event: SupplierEvent, *, changed: bool) -> None:
    """Note whether a call-back brought its order forward."""
    await session.execute(_update_event(event).values(changed=changed).execution_options(**_QUIET))


def _update_event(event: SupplierEvent) -> Update:
    return update(SupplierEvent).where(
        col(SupplierEvent.supplier_id) == event.supplier_id, col(SupplierEvent.event_id) == event.event_id
    )
