"""By which names lines speak of customers of whom others became a part: what they tell goes back by them.

A line names a customer by a reference (of its record, of the bank's number), or by our id, which stays good after a
merge. What comes for a customer into whom somebody was merged keeps that name as `named_by`; what comes for others
keeps none, since nobody will ask. When the merge is undone, what came since by a name of the losing one goes there.
"""

from collections.abc import Collection
from uuid import UUID

from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession


def name_of(customer_id: UUID) -> bytes:
    """Return the name that an id is: its 16 bytes, as long as no reference is."""
    return customer_id.bytes


async def survivors(session: AsyncSession, ids: Collection[UUID]) -> set[UUID]:
    """Return those of some customers into whom somebody was merged and still is."""
    statement = text(
        "SELECT DISTINCT customer_id FROM customer_merge"
        " WHERE undone_at IS NULL AND customer_id = ANY(CAST(:ids AS uuid[]))"
    )
    return {row[0] for row in await session.execute(statement, {"ids": list(ids)})} if ids else set()


async def names_of(session: AsyncSession, customer_id: UUID) -> list[bytes]:
    """Return every name of a customer: its references, its id, and the ids of those who were merged into it."""
    references = text("SELECT ref FROM customer_ref WHERE customer_id = :customer")
    ids = text("SELECT id FROM customer WHERE id = :customer OR merged_into = :customer")
    bound = {"customer": customer_id}
    found = [row[0] for row in await session.execute(references, bound)]
    return [*found, *(name_of(row[0]) for row in await session.execute(ids, bound))]
