"""Fields that people hold stay held when their customer becomes one with another."""

from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.customers.locks import repository
from guibin.customers.merging import Merge, MergeParticipant, Moved


class LocksParticipant(MergeParticipant):
    """Lets the losing customer's locks hold for the surviving one, where that one holds the field by none of its own.

    The losing customer keeps its row, with the values and its own locks, which count again when the merge is undone.
    """

    name = "field_locks"

    async def move(self, session: AsyncSession, merge: Merge) -> Moved:
        """Copy the locks."""
        fields = await repository.copy_locks(session, from_id=merge.losing_id, to_id=merge.surviving_id)
        return {"fields": fields}

    async def give_back(self, session: AsyncSession, merge: Merge, moved: Moved) -> None:
        """Drop the copies; a merge from before there were locks has none."""
        await repository.drop_copies(session, customer_id=merge.surviving_id, fields=moved.get("fields", []))


LOCKS_PARTICIPANT = LocksParticipant()
