"""The SQL of suppliers and of which rights they deliver."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import tuple_, update
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.core.errors import NotFound
from guibin.suppliers.models import RightSupplier, Supplier


async def insert_supplier(session: AsyncSession, supplier: Supplier) -> bool:
    """Add a supplier; False when its code is taken."""
    row = insert(Supplier).values(**supplier.model_dump()).on_conflict_do_nothing().returning(col(Supplier.id))
    return (await session.execute(row)).first() is not None


async def find_supplier(session: AsyncSession, supplier_id: UUID) -> Supplier | None:
    """Return a supplier as it stands."""
    query = select(Supplier).where(Supplier.id == supplier_id).execution_options(populate_existing=True)
    return (await session.exec(query)).first()


async def get_supplier(session: AsyncSession, supplier_id: UUID) -> Supplier:
    """Return a supplier as it stands.

    Raises:
        NotFound: there is none.
    """
    found = await find_supplier(session, supplier_id)
    if found is None:
        raise NotFound
    return found


async def list_suppliers(
    session: AsyncSession, *, limit: int, before: tuple[datetime, UUID] | None
) -> Sequence[Supplier]:
    """Return suppliers, newest first."""
    query = select(Supplier)
    if before is not None:
        query = query.where(tuple_(col(Supplier.created_at), col(Supplier.id)) < before)
    query = query.order_by(col(Supplier.created_at).desc(), col(Supplier.id).desc()).limit(limit)
    return (await session.exec(query)).all()


async def update_supplier(session: AsyncSession, supplier_id: UUID, *, revision: int, **values: Any) -> bool:
    """Change a supplier that is as it was read; tells whether it was."""
    statement = (
        update(Supplier)
        .where(col(Supplier.id) == supplier_id, col(Supplier.revision) == revision)
        .values(**values, revision=revision + 1)
        .execution_options(synchronize_session=False)
    )
    return bool((await session.execute(statement.returning(col(Supplier.id)))).first())


async def find_right_supplier(session: AsyncSession, *, right_id: UUID) -> tuple[RightSupplier, Supplier] | None:
    """Return who delivers a right now."""
    query = (
        select(RightSupplier, Supplier)
        .join(Supplier, col(Supplier.id) == col(RightSupplier.supplier_id))
        .where(RightSupplier.right_id == right_id)
        .execution_options(populate_existing=True)
    )
    return (await session.exec(query)).first()


async def list_rights_of(session: AsyncSession, *, supplier_id: UUID) -> Sequence[RightSupplier]:
    """Return what a supplier delivers now."""
    query = select(RightSupplier).where(RightSupplier.supplier_id == supplier_id).order_by(col(RightSupplier.right_id))
    return (await session.exec(query)).all()


async def put_right_supplier(session: AsyncSession, row: RightSupplier) -> None:
    """Say who delivers a right from now on."""
    values = row.model_dump()
    changed = {name: value for name, value in values.items() if name != "right_id"}
    statement = insert(RightSupplier).values(**values)
    await session.execute(statement.on_conflict_do_update(index_elements=["right_id"], set_=changed))
