"""SQL of changes: noting them where somebody watches, and taking them in a transaction that acts on them."""

from collections.abc import Collection
from typing import Final
from uuid import UUID

from sqlalchemy import Uuid, text
from sqlmodel.ext.asyncio.session import AsyncSession

_NOTE: Final = text(
    "INSERT INTO customer_change (customer_id) SELECT DISTINCT t.id FROM unnest(CAST(:customers AS uuid[])) AS t(id)"
    " WHERE EXISTS (SELECT FROM customer_watch)"
)
# Two who take at once take different ones; what is not committed comes again.
_TAKE: Final = text(
    "WITH found AS (SELECT customer_id, id FROM customer_change LIMIT :limit FOR UPDATE SKIP LOCKED), taken AS ("
    "DELETE FROM customer_change t USING found f WHERE t.customer_id = f.customer_id AND t.id = f.id"
    " RETURNING t.customer_id) SELECT customer_id FROM taken"
).columns(customer_id=Uuid)


async def note_change(session: AsyncSession, customer_ids: Collection[UUID]) -> None:
    """Note that something happened to customers that who watches wants to know at once."""
    if customer_ids:
        await session.execute(_NOTE, {"customers": list(customer_ids)})


async def take_changed(session: AsyncSession, *, limit: int) -> list[UUID]:
    """Take at most so many changes away, and return the customer of each; undone with the transaction."""
    return list((await session.execute(_TAKE, {"limit": limit})).scalars())
