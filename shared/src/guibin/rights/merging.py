"""No customer is merged away while redemptions stand under its id: free ones leave no trace in the ledger."""

from uuid import UUID

from sqlmodel import select
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.rights.models import Redemption


class RedemptionGuard:
    """A guard of merges."""

    async def objection(self, session: AsyncSession, *, losing_id: UUID, surviving_id: UUID) -> str | None:
        """Object when the losing customer has redemptions."""
        query = select(Redemption.id).where(Redemption.customer_id == losing_id).limit(1)
        return "has_redemptions" if (await session.exec(query)).first() is not None else None


REDEMPTION_GUARD = RedemptionGuard()
