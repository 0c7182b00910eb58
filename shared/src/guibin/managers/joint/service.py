"""Joint contact: who gave a customer away may look at it for a while, so that the customer is not handed to a stranger.

It reads and writes a contact down, and nothing else: no credit, no load, no tasks. It ends by itself, and at once where
something stands against it (docs/adr/0040).
"""

from collections.abc import Collection, Sequence
from enum import StrEnum
from typing import Final
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.core import clock
from guibin.managers.joint import repository
from guibin.managers.joint.repository import Accompanied
from guibin.privacy.followers import RestrictionFollower
from guibin.security.row_scope import all_rows


class JointEnd(StrEnum):
    """Why somebody accompanies a customer no longer than until now."""

    HANDED_ON = "handed_on"
    STANDS_NOT = "not_permitted"


async def accompany(session: AsyncSession, wanted: Sequence[Accompanied]) -> set[UUID]:
    """Let givers accompany their customers, whom nobody else accompanies any more; returns whose givers do.

    None does who has left or is leaving, whom the customer asked to be rid of, or who must not serve the customer.
    """
    return await repository.begin(session, wanted, day=clock.today()) if wanted else set()


async def end_for(session: AsyncSession, customer_ids: Collection[UUID]) -> None:
    """Let nobody accompany customers who change hands or go to the pool."""
    await repository.end(session, customer_ids=customer_ids, day=clock.today(), reason=JointEnd.HANDED_ON)


async def uphold(
    session: AsyncSession, *, customer_ids: Collection[UUID] | None = None, manager_id: UUID | None = None
) -> int:
    """End at once what must not go on: of some customers, of a manager, or of everybody; returns how many ended."""
    async with all_rows(session):  # who restricts a customer need not be who reaches its managers
        return await repository.end_what_stands_not(
            session, day=clock.today(), reason=JointEnd.STANDS_NOT, customer_ids=customer_ids, manager_id=manager_id
        )


class JointOfRestricted(RestrictionFollower):
    """Nobody accompanies a customer whom a restriction keeps from being assigned or served."""

    name = "joint_contact"

    async def follow(self, session: AsyncSession, customer_ids: Collection[UUID]) -> None:
        """End what such a restriction stands against."""
        await uphold(session, customer_ids=customer_ids)


FOLLOWER: Final = JointOfRestricted()
