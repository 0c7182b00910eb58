"""What a refund brings of points that others of a household had put in goes back to them."""

from typing import Final
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.points.household import repository
from guibin.points.household.repository import Moving
from guibin.points.ledger_repository import Why
from guibin.points.models import PointsEntry
from guibin.points.service.ledger import lock_account
from guibin.security.row_scope import all_rows

BACK_ZH: Final = ("退还家庭成员的积分", "家庭成员退回您共享的积分")
BACK_EN: Final = ("Back to the member of your household", "Back from a member of your household")


async def lock_givers(session: AsyncSession, *, customer_id: UUID, entry: PointsEntry) -> bool:
    """Lock the accounts of all whose points paid an entry, in the order of their ids; False where it was one's own."""
    async with all_rows(session):
        givers = await repository.givers_of(session, customer_id=customer_id, entry_id=entry.id)
        if not givers:
            return False
        for owner in sorted({customer_id, *givers}):
            await lock_account(session, customer_id=owner, wallet=entry.wallet)
    return True


async def give_back(session: AsyncSession, why: Why, *, customer_id: UUID, refund_id: UUID, paid_by: UUID) -> int:
    """Give back to the others what a refund of `paid_by` has just brought of theirs; returns how many points went."""
    moving = Moving(BACK_ZH, BACK_EN, why.actor, why.at, why.day)
    async with all_rows(session):
        return await repository.give_back(session, moving, spender=customer_id, refund_id=refund_id, paid_by=paid_by)
