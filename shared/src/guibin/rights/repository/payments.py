"""The SQL of money that redemptions cost beside points."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import tuple_, update
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.customers.repository import visible
from guibin.rights.models import PaymentState, Redemption, RedemptionPayment
from guibin.security.actors import Scope

_ROW = RedemptionPayment


async def find_payment(session: AsyncSession, redemption: Redemption) -> RedemptionPayment | None:
    """Return what a redemption that is in the caller's hands costs in money; whoever changes it has locked that."""
    return (await find_payments(session, redemptions=[redemption])).get(redemption.id)


async def find_payments(session: AsyncSession, *, redemptions: Collection[Redemption]) -> dict[UUID, RedemptionPayment]:
    """Return what redemptions that are in the caller's hands cost in money; those that cost none are missing."""
    if not redemptions:
        return {}
    keys = [(row.customer_id, row.id) for row in redemptions]
    query = select(_ROW).where(tuple_(col(_ROW.customer_id), col(_ROW.redemption_id)).in_(keys))
    rows = (await session.exec(query.execution_options(populate_existing=True))).all()
    return {row.redemption_id: row for row in rows}


async def update_payment(session: AsyncSession, payment: RedemptionPayment, **values: Any) -> None:
    """Write a payment whose redemption is locked, and bring the row in hand up to it."""
    await session.execute(
        update(_ROW)
        .where(col(_ROW.customer_id) == payment.customer_id, col(_ROW.redemption_id) == payment.redemption_id)
        .values(**values)
        .execution_options(synchronize_session=False)
    )
    await session.refresh(payment)


async def overdue(session: AsyncSession, *, now: datetime, limit: int) -> Sequence[UUID]:
    """Return redemptions whose money did not come in time, the longest due first; in scheduled work."""
    query = select(_ROW.redemption_id).where(_ROW.state == PaymentState.DUE, col(_ROW.due_until) <= now)
    return (await session.exec(query.order_by(col(_ROW.due_until)).limit(limit))).all()


async def list_repayable(
    session: AsyncSession, scope: Scope, *, after: tuple[datetime, UUID] | None, limit: int
) -> Sequence[RedemptionPayment]:
    """Return payments of which something is still to be repaid, the first paid first."""
    place = tuple_(col(_ROW.closed_at), col(_ROW.redemption_id))
    query = select(_ROW).where(col(_ROW.repayable_fen) > col(_ROW.repaid_fen), visible(scope, col(_ROW.customer_id)))
    if after is not None:
        query = query.where(place > after)
    query = query.order_by(col(_ROW.closed_at), col(_ROW.redemption_id)).limit(limit)
    return (await session.exec(query.execution_options(populate_existing=True))).all()


async def owes_money(session: AsyncSession, *, customer_id: UUID) -> bool:
    """Tell whether money of a customer is still to be repaid."""
    query = select(_ROW.redemption_id).where(
        _ROW.customer_id == customer_id, col(_ROW.repayable_fen) > col(_ROW.repaid_fen)
    )
    return (await session.exec(query.limit(1))).first() is not None
