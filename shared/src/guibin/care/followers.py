"""The open list of what follows from a touch: a due task is satisfied, a claim is given. `guibin.wiring` fills it."""

from typing import ClassVar, Final

from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.care.models import Touch


class TouchFollower:
    """Something that follows from touches, in the same transaction."""

    name: ClassVar[str]

    async def follow(self, session: AsyncSession, touch: Touch) -> None:
        """Do what follows from a touch that was just written down; a task that it named is completed by then."""
        raise NotImplementedError


_followers: Final[dict[str, TouchFollower]] = {}


def register(follower: TouchFollower) -> None:
    """Add a follower; again changes nothing."""
    _followers[follower.name] = follower


async def follow_all(session: AsyncSession, touch: Touch) -> None:
    """Let everybody follow."""
    for follower in _followers.values():
        await follower.follow(session, touch)
