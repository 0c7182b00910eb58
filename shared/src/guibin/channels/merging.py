"""A customer who is merged into another takes the WeChat identities along."""

from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.channels.repository import move_identities


class IdentityMover:
    """A mover of merges. Both customers may have had an identity of one account: both stay theirs."""

    async def move(self, session: AsyncSession, *, losing_id: UUID, surviving_id: UUID) -> None:
        """Bind what the losing customer has to the surviving one."""
        await move_identities(session, losing_id=losing_id, surviving_id=surviving_id)


IDENTITY_MOVER = IdentityMover()
