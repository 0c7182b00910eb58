"""When two customers become one: of what both have open one is let be, and what either refused sleeps for both."""

from typing import Final

from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.core import clock
from guibin.customers.merging import Merge, MergeParticipant, Moved

_LAPSE: Final = text(
    """
    UPDATE opportunity o SET state = 'lapsed', result = 'customer_merged', ended_at = :at, revision = o.revision + 1
    WHERE o.state = 'open' AND o.customer_id IN (SELECT id FROM customer WHERE id = :whose OR merged_into = :whose)
        AND EXISTS (
            SELECT FROM customer c JOIN opportunity t ON t.customer_id = c.id
            WHERE (c.id = :other OR c.merged_into = :other)
                AND (t.product_code = o.product_code OR t.need = o.need)
                AND (t.state = 'open' AND :doubles OR t.state = 'refused' AND t.sleeps_until > :today)
        )
    RETURNING o.customer_id, o.id
    """
)
# One of the same may have been opened with the customer since then: it goes on instead.
_REOPEN: Final = text(
    """
    UPDATE opportunity o SET state = 'open', result = NULL, ended_at = NULL, revision = o.revision + 1
    WHERE o.id = ANY(CAST(:ids AS uuid[])) AND o.customer_id = ANY(CAST(:customers AS uuid[]))
        AND o.state = 'lapsed' AND o.result = 'customer_merged'
        AND NOT EXISTS (
            SELECT FROM opportunity t WHERE t.customer_id = o.customer_id AND t.state = 'open'
                AND (t.product_code = o.product_code OR t.need = o.need)
        )
    """
)


class OpportunityParticipant(MergeParticipant):
    """Lets the losing customer's doubles lapse, and of both what the other refused a short while ago.

    What goes on is answered for by who serves the survivor.
    """

    name = "opportunities"

    async def move(self, session: AsyncSession, merge: Merge) -> Moved:
        """Let lapse what the merge leaves no room for."""
        moment = {"at": clock.now(), "today": clock.today()}
        of_loser = {"whose": merge.losing_id, "other": merge.surviving_id, "doubles": True}
        of_survivor = {"whose": merge.surviving_id, "other": merge.losing_id, "doubles": False}
        lapsed = [row for bound in (of_loser, of_survivor) for row in await session.execute(_LAPSE, bound | moment)]
        return {"lapsed": [[str(customer), str(row)] for customer, row in lapsed]}

    async def give_back(self, session: AsyncSession, merge: Merge, moved: Moved) -> None:
        """Let what lapsed be open again, but for what is open anew."""
        lapsed = moved.get("lapsed", [])
        bound = {"customers": [one[0] for one in lapsed], "ids": [one[1] for one in lapsed]}
        await session.execute(_REOPEN, bound)


PARTICIPANT: Final = OpportunityParticipant()
