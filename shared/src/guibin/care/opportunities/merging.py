"""When two customers become one: of what both have open, and of what the surviving one refused, one is let be."""

from typing import Final

from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.core import clock
from guibin.customers.merging import Merge, MergeParticipant, Moved

_LAPSE: Final = text(
    """
    UPDATE opportunity o SET state = 'lapsed', result = 'customer_merged', ended_at = :at, revision = o.revision + 1
    WHERE o.state = 'open' AND o.customer_id IN (SELECT id FROM customer WHERE id = :loser OR merged_into = :loser)
        AND EXISTS (
            SELECT FROM customer c JOIN opportunity t ON t.customer_id = c.id
            WHERE (c.id = :survivor OR c.merged_into = :survivor)
                AND (t.product_code = o.product_code OR t.need = o.need)
                AND (t.state = 'open' OR t.state = 'refused' AND t.sleeps_until > :today)
        )
    RETURNING o.customer_id, o.id
    """
)
_REOPEN: Final = text(
    "UPDATE opportunity SET state = 'open', result = NULL, ended_at = NULL, revision = revision + 1"
    " WHERE id = ANY(CAST(:ids AS uuid[])) AND customer_id = ANY(CAST(:customers AS uuid[]))"
    " AND state = 'lapsed' AND result = 'customer_merged'"
)


class OpportunityParticipant(MergeParticipant):
    """Lets the losing customer's doubles lapse; others go on, and who serves the survivor answers for them."""

    name = "opportunities"

    async def move(self, session: AsyncSession, merge: Merge) -> Moved:
        """Let doubles lapse."""
        bound = {"loser": merge.losing_id, "survivor": merge.surviving_id}
        lapsed = (await session.execute(_LAPSE, bound | {"at": clock.now(), "today": clock.today()})).all()
        return {"lapsed": [[str(customer), str(row)] for customer, row in lapsed]}

    async def give_back(self, session: AsyncSession, merge: Merge, moved: Moved) -> None:
        """Let what lapsed be open again."""
        lapsed = moved.get("lapsed", [])
        bound = {"customers": [one[0] for one in lapsed], "ids": [one[1] for one in lapsed]}
        await session.execute(_REOPEN, bound)


PARTICIPANT: Final = OpportunityParticipant()
