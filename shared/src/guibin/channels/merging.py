"""A customer who is merged into another takes the WeChat identities along."""

from typing import Final
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.channels.repository import move_identities
from guibin.customers.merging import Merge, MergeParticipant, Moved


class IdentitiesParticipant(MergeParticipant):
    """The part of the channels. Both customers may have had an identity of one account: both stay theirs."""

    name = "channels"

    async def move(self, session: AsyncSession, merge: Merge) -> Moved:
        """Bind what the losing customer has to the surviving one."""
        moved = await move_identities(session, from_id=merge.losing_id, to_id=merge.surviving_id)
        return {"identities": [str(one) for one in moved]}

    async def give_back(self, session: AsyncSession, merge: Merge, moved: Moved) -> None:
        """Bind them to the one who had them, unless they were bound anew since."""
        ids = [UUID(one) for one in moved["identities"]]
        await move_identities(session, from_id=merge.surviving_id, to_id=merge.losing_id, ids=ids)


PARTICIPANT: Final = IdentitiesParticipant()
