"""Tombstones: keyed hashes of what a line calls an erased customer, so that no feed brings the customer back.

Their key is never changed: what was hashed is gone and could not be hashed again.
"""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.dialects.postgresql import insert
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.customers.identifiers import is_blocked
from guibin.privacy.models import Tombstone
from guibin.security.ciphers import KeyRing


def stones_of(keys: KeyRing, line: str, record_id: str, customer_no: str | None) -> set[bytes]:
    """Return the tombstones of a line's record and of the bank's customer number that it carries, unless filler."""
    stones = {keys.blind_index("tombstone", f"record|{line}|{record_id}")}
    if customer_no is not None and not is_blocked(customer_no):
        stones.add(keys.blind_index("tombstone", f"customer_no|{customer_no}"))
    return stones


async def lay(session: AsyncSession, stones: Collection[bytes], *, at: datetime) -> None:
    """Lay the tombstones that do not lie yet."""
    if stones:
        rows = [{"ref": stone, "laid_at": at} for stone in stones]
        await session.execute(insert(Tombstone).values(rows).on_conflict_do_nothing())


async def find_buried(session: AsyncSession, stones: Collection[bytes]) -> set[bytes]:
    """Return which of some tombstones lie."""
    statement = text("SELECT ref FROM tombstone WHERE ref = ANY(CAST(:stones AS bytea[]))")
    return {row[0] for row in await session.execute(statement, {"stones": list(stones)})}
