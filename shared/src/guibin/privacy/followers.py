"""The open list of what follows when restrictions of customers begin; `guibin.wiring` fills it from above."""

from collections.abc import Collection
from typing import ClassVar, Final
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession


class RestrictionFollower:
    """A domain that does something when restrictions begin, in the same transaction."""

    name: ClassVar[str]

    async def follow(self, session: AsyncSession, customer_ids: Collection[UUID]) -> None:
        """Do what follows for these customers; a file brings many thousands in one call."""
        raise NotImplementedError


_followers: Final[dict[str, RestrictionFollower]] = {}


def register(follower: RestrictionFollower) -> None:
    """Add a follower; again changes nothing."""
    _followers[follower.name] = follower


async def follow_all(session: AsyncSession, customer_ids: Collection[UUID]) -> None:
    """Let everybody follow who wants to know; one that begins on a day to come is found by the night before it."""
    for follower in _followers.values() if customer_ids else ():
        await follower.follow(session, customer_ids)
