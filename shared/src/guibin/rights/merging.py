"""When two customers become one: favourites and choices of packages go along, redemptions stay with their origin.

What was taken of a package, a quota or a cap before counts on, whoever took it.
"""

from typing import Final

from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.core import clock
from guibin.customers.merging import Merge, MergeParticipant, Moved


class RightsParticipant(MergeParticipant):
    """The part of the rights. A redemption is bound to entries of its origin's ledger, and those never move."""

    name = "rights"

    async def move(self, session: AsyncSession, merge: Merge) -> Moved:
        """Mark for the surviving customer what the losing one has marked, and let what it chose of packages be chosen.

        A mark, or a choice of the same package and period, that was there already stays.
        """
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
        await session.execute(
            text(
                "INSERT INTO package_choice (customer_id, package_id, period_start, period_end, rights, taken,"
                " chosen_at, changed_at) SELECT CAST(:survivor AS uuid), package_id, period_start, period_end, rights,"
                " 0, chosen_at, changed_at FROM package_choice WHERE customer_id = :loser AND period_end >= :day"
                " ON CONFLICT DO NOTHING"
            ),
            {"survivor": merge.surviving_id, "loser": merge.losing_id, "day": merge.day},
        )
        return {"favourites": sorted(str(row[0]) for row in marked)}

    async def give_back(self, session: AsyncSession, merge: Merge, moved: Moved) -> None:
        """Take away the marks that came over. A choice that came over can be changed as long as nothing is taken."""
        await session.execute(
            text(
                "UPDATE favourite SET unmarked_at = :at WHERE customer_id = :survivor AND unmarked_at IS NULL"
                " AND right_id = ANY (CAST(:rights AS uuid[]))"
            ),
            {"survivor": merge.surviving_id, "rights": moved.get("favourites", []), "at": clock.now()},
        )


PARTICIPANT: Final = RightsParticipant()
