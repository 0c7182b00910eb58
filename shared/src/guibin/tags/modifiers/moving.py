"""What staff added to a customer's score counts for the customer with whom it becomes one."""

from datetime import date
from typing import Final

from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.core import clock
from guibin.customers.merging import Merge, MergeParticipant, Moved

_GIVE: Final = text(
    "INSERT INTO score_modifier (customer_id, tag_code, since, points, set_by, set_at, reason)"
    " SELECT :survivor, p.tag_code, p.since, p.points, p.set_by, p.set_at, p.reason FROM score_modifier p"
    " WHERE p.customer_id = :loser AND p.until IS NULL AND NOT EXISTS (SELECT FROM score_modifier o"
    " WHERE o.customer_id = :survivor AND o.tag_code = p.tag_code AND (o.until IS NULL OR o.since = p.since))"
    " RETURNING tag_code, since"
)
_END: Final = text(
    "UPDATE score_modifier SET until = greatest(since, CAST(:day AS date))"
    " WHERE customer_id = :customer AND until IS NULL RETURNING tag_code, since"
)
_END_ONE: Final = text(
    "UPDATE score_modifier SET until = greatest(since, CAST(:day AS date))"
    " WHERE customer_id = :customer AND tag_code = :code AND since = :since AND until IS NULL"
)
_AGAIN: Final = text(
    "UPDATE score_modifier p SET until = NULL WHERE p.customer_id = :customer AND p.tag_code = :code"
    " AND p.since = :since AND NOT EXISTS (SELECT FROM score_modifier o WHERE o.customer_id = :customer"
    " AND o.tag_code = :code AND o.until IS NULL)"
)


class ModifiersParticipant(MergeParticipant):
    """Takes additions without an end along when customers are merged; one of the surviving customer stays instead."""

    name = "score_modifiers"

    async def move(self, session: AsyncSession, merge: Merge) -> Moved:
        """Give the surviving customer what the losing one had, whose own ends."""
        pair = {"survivor": merge.surviving_id, "loser": merge.losing_id}
        given = (await session.execute(_GIVE, pair)).all()
        ended = (await session.execute(_END, {"customer": merge.losing_id, "day": clock.today()})).all()
        return {
            name: [[code, since.isoformat()] for code, since in rows]
            for name, rows in (("given", given), ("ended", ended))
        }

    async def give_back(self, session: AsyncSession, merge: Merge, moved: Moved) -> None:
        """End what was given; what the losing customer had lasts again."""
        for code, since in moved["given"]:
            one = {"customer": merge.surviving_id, "code": code, "since": date.fromisoformat(since)}
            await session.execute(_END_ONE, one | {"day": clock.today()})
        for code, since in moved["ended"]:
            one = {"customer": merge.losing_id, "code": code, "since": date.fromisoformat(since)}
            await session.execute(_AGAIN, one)


PARTICIPANT: Final = ModifiersParticipant()
