"""The SQL of erasures: their state and the deletion of rows."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import text
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.customers.models import Customer, SourceRecord
from guibin.privacy.models import Erasure, ErasureState


async def forget(session: AsyncSession, *, customer_id: UUID, table: str) -> int:
    """Delete a customer's rows of a table; the database lets it happen only while the erasure stands as verified."""
    statement = text("SELECT privacy_forget(:customer_id, :name)")
    return int((await session.execute(statement, {"customer_id": customer_id, "name": table})).scalar_one())


async def lock_customer(session: AsyncSession, *, customer_id: UUID) -> Customer:
    """Lock a customer: what is being written under its id is waited for, what comes later waits."""
    query = (
        select(Customer).where(Customer.id == customer_id).with_for_update().execution_options(populate_existing=True)
    )
    return (await session.exec(query)).one()


async def merged_into(session: AsyncSession, *, customer_id: UUID) -> Sequence[UUID]:
    """Return the customers who were merged into this one."""
    return (await session.exec(select(Customer.id).where(Customer.merged_into == customer_id))).all()


async def standing_erasure(session: AsyncSession, *, customer_id: UUID) -> Erasure | None:
    """Return the erasure of a customer that was not given up; there is one at most."""
    query = select(Erasure).where(Erasure.customer_id == customer_id, Erasure.state != ErasureState.WITHDRAWN)
    return (await session.exec(query.execution_options(populate_existing=True))).one_or_none()


async def records_of(session: AsyncSession, *, customer_id: UUID) -> Sequence[SourceRecord]:
    """Return what the lines say of a customer, in the order of the ids."""
    query = select(SourceRecord).where(SourceRecord.customer_id == customer_id).order_by(col(SourceRecord.id))
    return (await session.exec(query)).all()
