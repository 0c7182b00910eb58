"""The SQL of identity events: each once, and the references that they date."""

from datetime import date
from uuid import UUID

from sqlalchemy import text
from sqlmodel import select
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.customers.models import CustomerMerge, IdentityEventRow


async def find_event(session: AsyncSession, *, reference: str) -> IdentityEventRow | None:
    """Return an event that was taken before."""
    query = select(IdentityEventRow).where(IdentityEventRow.reference == reference)
    return (await session.exec(query)).one_or_none()


async def end_ref(session: AsyncSession, *, ref: bytes, customer_id: UUID, day: date) -> None:
    """Say that a number or certificate of a customer counts until a day; it still finds the customer afterwards."""
    await session.execute(
        text("UPDATE customer_ref SET valid_to = :day WHERE ref = :ref AND customer_id = :customer_id"),
        {"ref": ref, "customer_id": customer_id, "day": day},
    )


async def merge_that_joined(
    session: AsyncSession, *, customer_id: UUID, one: bytes, other: bytes
) -> CustomerMerge | None:
    """Return the newest standing merge into a customer that brought one of two references, and not the other."""
    found = await session.execute(
        text(
            "SELECT id FROM customer_merge WHERE customer_id = :customer_id AND undone_at IS NULL"
            " AND (moved -> 'refs' ? :one) <> (moved -> 'refs' ? :other) ORDER BY merged_at DESC, id DESC LIMIT 1"
        ),
        {"customer_id": customer_id, "one": one.hex(), "other": other.hex()},
    )
    merge_id = found.scalar_one_or_none()
    if merge_id is None:
        return None
    query = select(CustomerMerge).where(CustomerMerge.customer_id == customer_id, CustomerMerge.id == merge_id)
    return (await session.exec(query)).one()
