"""The SQL of the rights that customers have marked."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, update
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.rights.models import Favourite


async def marked_rights(session: AsyncSession, *, customer_id: UUID) -> Sequence[UUID]:
    """Return what a customer has marked, the last first."""
    query = select(Favourite.right_id).where(Favourite.customer_id == customer_id, col(Favourite.unmarked_at).is_(None))
    return (await session.exec(query.order_by(col(Favourite.marked_at).desc(), col(Favourite.right_id)))).all()


async def count_marked(session: AsyncSession, *, customer_id: UUID) -> int:
    """Count what a customer has marked."""
    query = select(func.count()).where(Favourite.customer_id == customer_id, col(Favourite.unmarked_at).is_(None))
    return (await session.exec(query)).one()


async def mark(session: AsyncSession, *, customer_id: UUID, right_id: UUID, at: datetime) -> None:
    """Mark a right; one that is marked keeps the time at which it was."""
    marked = insert(Favourite).values(customer_id=customer_id, right_id=right_id, marked_at=at)
    again = marked.on_conflict_do_update(
        index_elements=["customer_id", "right_id"],
        set_={"marked_at": at, "unmarked_at": None},
        where=col(Favourite.unmarked_at).is_not(None),
    )
    await session.execute(again)


async def unmark(session: AsyncSession, *, customer_id: UUID, right_id: UUID, at: datetime) -> None:
    """Take the mark away; a right without one stays so."""
    await session.execute(
        update(Favourite)
        .where(
            col(Favourite.customer_id) == customer_id,
            col(Favourite.right_id) == right_id,
            col(Favourite.unmarked_at).is_(None),
        )
        .values(unmarked_at=at)
        .execution_options(synchronize_session=False)
    )


async def customers_who_marked(session: AsyncSession, *, right_id: UUID) -> Sequence[UUID]:
    """Return who has marked a right."""
    query = select(Favourite.customer_id).where(Favourite.right_id == right_id, col(Favourite.unmarked_at).is_(None))
    return (await session.exec(query.order_by(col(Favourite.customer_id)))).all()
