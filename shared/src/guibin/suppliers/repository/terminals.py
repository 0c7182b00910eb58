"""The SQL of terminals that belong to suppliers."""

from collections.abc import Sequence
from datetime import date
from uuid import UUID

from sqlalchemy import or_, union
from sqlalchemy import select as sql_select
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.organisation.models import ServiceClient
from guibin.suppliers.models import RightSupplier, SupplierPrice, SupplierTerminal


async def keep_terminal(session: AsyncSession, row: SupplierTerminal) -> None:
    """Write whose terminal a service is."""
    values = row.model_dump()
    changed = {name: value for name, value in values.items() if name != "service_id"}
    statement = insert(SupplierTerminal).values(**values)
    await session.execute(statement.on_conflict_do_update(index_elements=["service_id"], set_=changed))


async def find_terminal(session: AsyncSession, service_id: UUID) -> SupplierTerminal | None:
    """Return whose terminal a service is, where that was ever said."""
    query = select(SupplierTerminal).where(SupplierTerminal.service_id == service_id)
    return (await session.exec(query.execution_options(populate_existing=True))).first()


async def list_terminals(
    session: AsyncSession, *, supplier_id: UUID
) -> Sequence[tuple[SupplierTerminal, ServiceClient]]:
    """Return the terminals of a supplier, each with its service, by name."""
    query = (
        select(SupplierTerminal, ServiceClient)
        .join(ServiceClient, col(ServiceClient.id) == col(SupplierTerminal.service_id))
        .where(SupplierTerminal.supplier_id == supplier_id)
        .order_by(col(ServiceClient.name))
    )
    return (await session.exec(query)).all()


async def rights_on(session: AsyncSession, *, supplier_id: UUID, day: date) -> frozenset[UUID]:
    """Return the rights that a supplier delivers now, or for which it is paid on a day."""
    price = SupplierPrice
    paid = sql_select(col(price.right_id)).where(
        col(price.supplier_id) == supplier_id,
        col(price.valid_from) <= day,
        or_(col(price.valid_to).is_(None), col(price.valid_to) > day),
    )
    delivered = sql_select(col(RightSupplier.right_id)).where(col(RightSupplier.supplier_id) == supplier_id)
    return frozenset((await session.execute(union(paid, delivered))).scalars())
