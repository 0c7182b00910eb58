"""The open list of what follows when customers change hands; `guibin.wiring` fills it from the domains above.

A handover is opened, the new manager gets a first task, the customer is told: none of it is the managers' own.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import ClassVar, Final
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession


@dataclass(frozen=True, slots=True)
class Change:
    """A customer whose primary manager changed on a day.

    `giver_id` is None for one who had nobody, `taker_id` for one who is in the pool and has nobody any more.
    `reason` is that of the coverage that began, `source` says whether a run or a person moved the customer.
    """

    customer_id: UUID
    giver_id: UUID | None
    taker_id: UUID | None
    on_day: date
    reason: str
    source: str


class CoverageFollower:
    """A domain that does something when customers change hands, in the same transaction."""

    name: ClassVar[str]

    async def follow(self, session: AsyncSession, changes: Sequence[Change]) -> None:
        """Do what follows from all of these changes; a night brings many thousands in one call."""
        raise NotImplementedError


_followers: Final[dict[str, CoverageFollower]] = {}


def register(follower: CoverageFollower) -> None:
    """Add a follower; again changes nothing."""
    _followers[follower.name] = follower


async def follow_all(session: AsyncSession, changes: Sequence[Change]) -> None:
    """Let everybody follow who wants to know."""
    for follower in _followers.values() if changes else ():
        await follower.follow(session, changes)
