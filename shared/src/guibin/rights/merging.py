"""When two customers become one: favourites go along; a customer with redemptions waits for a person."""

from typing import Final
from uuid import UUID

from sqlalchemy import text
from sqlmodel import select
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.customers.merging import Merge, MergeParticipant, Moved
from guibin.rights.models import Redemption


class RightsParticipant(MergeParticipant):
    """The part of the rights."""

    name = "rights"

    async def objection(self, session: AsyncSession, *, losing_id: UUID, surviving_id: UUID) -> str | None:
        """Object when the losing customer has redemptions."""
        query = select(Redemption.id).where(Redemption.customer_id == losing_id).limit(1)
        return "has_redemptions" if (await session.exec(query)).first() is not None else None

    async def move(self, session: AsyncSession, merge: Merge) -> Moved:
        """Mark for the surviving customer what the losing one has marked; a mark that was there already stays."""
        marked = await session.execute(
            text(
                "INSERT INTO favourite (customer_id, right_id, marked_at)"
                " SELECT CAST(:survivor AS uuid), right_id, marked_at FROM favourite"
                " WHERE customer_id = :loser AND unmarked_at IS NULL"
                " ON CONFLICT (customer_id, right_id) DO UPDATE SET unmarked_at = NULL, marked_at = excluded.marked_at"
                " WHERE favourite.unmarked_at IS NOT NULL RETURNING right_id"
            ),
            {"survivor": merge.surviving_id, "loser": merge.losing_id},
        )
        return {"favourites": sorted(str(row[0]) for row in marked)}


PARTICIPANT: Final = RightsParticipant()
