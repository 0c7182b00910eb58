"""The open list of what follows at once when customers come to have a tag; `guibin.wiring` fills it."""

from collections.abc import Collection
from typing import Final, Protocol
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession


class EntryFollower(Protocol):
    """Acts when customers have come to have tags, in the transaction that gave them."""

    async def entered(self, session: AsyncSession, *, codes: Collection[str], customers: Collection[UUID]) -> None:
        """Do what is to be done for those of some customers who have some of these tags since today; twice is once."""


FOLLOWERS: Final[list[EntryFollower]] = []


def register(follower: EntryFollower) -> None:
    """Put a follower into the list; the same again changes nothing."""
    if follower not in FOLLOWERS:
        FOLLOWERS.append(follower)
