"""No customer is merged away while ledger rows stand under its id: moving points needs a person."""

from uuid import UUID

from sqlmodel import select
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.points.models import PointsAccount


class LedgerGuard:
    """A guard of merges."""

    async def objection(self, session: AsyncSession, *, losing_id: UUID, surviving_id: UUID) -> str | None:
        """Object when the losing customer has an account: entries stand in it, or may be on their way."""
        query = select(PointsAccount.wallet).where(PointsAccount.customer_id == losing_id).limit(1)
        return "has_ledger_rows" if (await session.exec(query)).first() is not None else None


LEDGER_GUARD = LedgerGuard()
