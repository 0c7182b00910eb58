"""Customers with points and rights to redeem, committed into a house for tests over HTTP."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from guibin.core import clock
from guibin.core.ids import from_public, to_public
from guibin.points.models import EntryKind
from guibin.rights.models import Redemption
from support.house import EAST, House
from support.points import commit_points, post_points, sessions_of
from support.rights import add_pool, add_right, free_stock, give_tier, redemptions_of


@dataclass(frozen=True)
class Shop:
    """Arranges by the owner's sessions; acting is done over HTTP."""

    house: House

    async def customers(self, count: int, points: int) -> list[UUID]:
        """Commit customers with points each."""
        ids = [await self.house.add_customer() for _ in range(count)]
        async with sessions_of(self.house.database.bank_url, pool_size=1) as factory, factory() as session:
            for customer_id in ids:
                await post_points(session, customer_id, EntryKind.EARN, points, at=clock.now())
            await session.commit()
        return ids

    async def customer(self, points: int = 1_000, *, tier: str | None = None, branch: str = EAST) -> UUID:
        """Commit a customer, with points that the bank's role posted, in a tier since today."""
        customer_id = await self.house.add_customer(branch=branch)
        if points:
            await commit_points(self.house.database, customer_id, points, at=clock.now())
        if tier is not None:
            async with self.house.sessions() as session:
                await give_tier(session, customer_id, tier, since=clock.today())
                await session.commit()
        return customer_id

    async def right(self, **options: Any) -> str:
        """Commit a right, as `add_right` makes it, and return its public id."""
        async with self.house.sessions() as session:
            right_id = await add_right(session, created_at=clock.now(), **options)
            await session.commit()
        return to_public("rgt", right_id)

    async def pool(self, codes: Sequence[str], **options: Any) -> str:
        """Commit a right with a pool of codes and return its public id."""
        async with self.house.sessions() as session:
            right_id = await add_pool(session, self.house.keys, codes, created_at=clock.now(), **options)
            await session.commit()
        return to_public("rgt", right_id)

    async def left_of(self, right: str) -> int:
        """Return the free units of a counted right."""
        async with self.house.sessions() as session:
            return await free_stock(session, _right_id(right))

    async def redemptions_of(self, right: str) -> Sequence[Redemption]:
        """Return all redemptions of a right."""
        async with self.house.sessions() as session:
            return await redemptions_of(session, _right_id(right))


def _right_id(right: str) -> UUID:
    found = from_public("rgt", right)
    assert found is not None
    return found
