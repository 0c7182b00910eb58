"""Who was put into a segment or out of it by hand stays there as the customer with whom it becomes one."""

from datetime import date
from typing import Final

from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.core import clock
from guibin.customers.merging import Merge, MergeParticipant, Moved
from guibin.tags.segments import repository
from guibin.tags.segments.models import PinSide

_GIVE: Final = text(
    "INSERT INTO segment_pin (customer_id, tag_code, since, side, set_by, reason)"
    " SELECT :survivor, p.tag_code, p.since, p.side, p.set_by, p.reason FROM segment_pin p"
    " WHERE p.customer_id = :loser AND p.until IS NULL AND NOT EXISTS (SELECT FROM segment_pin o"
    " WHERE o.customer_id = :survivor AND o.tag_code = p.tag_code AND (o.until IS NULL OR o.since = p.since))"
    " RETURNING tag_code, since, side"
)
_END: Final = text(
    "UPDATE segment_pin SET until = greatest(since, CAST(:day AS date))"
    " WHERE customer_id = :customer AND until IS NULL RETURNING tag_code, since"
)
_END_ONE: Final = text(
    "UPDATE segment_pin SET until = greatest(since, CAST(:day AS date))"
    " WHERE customer_id = :customer AND tag_code = :code AND since = :since AND until IS NULL"
)
_AGAIN: Final = text(
    "UPDATE segment_pin p SET until = NULL WHERE p.customer_id = :customer AND p.tag_code = :code AND p.since = :since"
    " AND NOT EXISTS (SELECT FROM segment_pin o WHERE o.customer_id = :customer AND o.tag_code = :code"
    " AND o.until IS NULL)"
)


class SegmentsParticipant(MergeParticipant):
    """Takes pins along when customers are merged; a pin of the surviving customer stays instead."""

    name = "segments"

    async def move(self, session: AsyncSession, merge: Merge) -> Moved:
        """Give the surviving customer the pins of the losing one, whose own end; who is kept out now leaves at once."""
        pair, today = {"survivor": merge.surviving_id, "loser": merge.losing_id}, clock.today()
        given = (await session.execute(_GIVE, pair)).all()
        kept_out = [code for code, _, side in given if side == PinSide.OUT]
        await repository.end_merged(session, customer_id=merge.surviving_id, codes=kept_out, day=today)
        ended = (await session.execute(_END, {"customer": merge.losing_id, "day": today})).all()
        return {
            name: [[code, since.isoformat()] for code, since, *_ in rows]
            for name, rows in (("given", given), ("ended", ended))
        }

    async def give_back(self, session: AsyncSession, merge: Merge, moved: Moved) -> None:
        """End the pins that were given; those of the losing customer last again."""
        for code, since in moved["given"]:
            one = {"customer": merge.surviving_id, "code": code, "since": date.fromisoformat(since)}
            await session.execute(_END_ONE, one | {"day": clock.today()})
        for code, since in moved["ended"]:
            one = {"customer": merge.losing_id, "code": code, "since": date.fromisoformat(since)}
            await session.execute(_AGAIN, one)


PARTICIPANT: Final = SegmentsParticipant()
