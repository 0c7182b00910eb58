"""No customer is merged away while ledger rows stand under its id: moving points needs a person."""

from uuid import UUID

from sqlmodel import select
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.points.models import PointsEntry


class LedgerGuard:
    """A guard of merges."""

    async def objection(self, session: AsyncSession, *, losing_id: UUID, surviving_id: UUID) -> str | None:
        """Object when the losing customer has points entries."""
        query = select(PointsEntry.id).where(PointsEntry.customer_id == losing_id).limit(1)
        return "has_ledger_rows" if (await session.exec(query)).first() is not None else None


LEDGER_GUARD = LedgerGuard()
