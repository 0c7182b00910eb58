"""Points that a redemption gave, on their way back: all of them, out of their own lot, or none."""

from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.core import clock
from guibin.core.ids import to_public
from guibin.points import service as points
from guibin.points.models import SourceKind
from guibin.rights.models import Redemption
from guibin.rights.points_given import GivenPointsSpent
from guibin.rights.repository import given
from guibin.security.row_scope import all_rows


async def lock_accounts(session: AsyncSession, redemption: Redemption) -> None:
    """Lock the account that paid, and that of the receiver of points, in the order of customers and wallets."""
    accounts = {(redemption.customer_id, redemption.wallet)}
    row = await given.find_given(session, customer_id=redemption.customer_id, redemption_id=redemption.id)
    if row is None:
        await points.lock_account(session, customer_id=redemption.customer_id, wallet=redemption.wallet)
        return
    async with all_rows(session):
        for owner, wallet in sorted({*accounts, (row.receiver_id, row.wallet)}):
            await points.lock_account(session, customer_id=owner, wallet=wallet)


async def take_given_back(session: AsyncSession, redemption: Redemption, *, actor_id: UUID) -> None:
    """Take back the points that a redemption gave, if it gave any.

    Raises:
        GivenPointsSpent: some of them are not in their lot any more. Facts: given, left.
        AccountClosed: the receiver's account does not move.
    """
    row = await given.find_given(session, customer_id=redemption.customer_id, redemption_id=redemption.id)
    if row is None:
        return
    async with all_rows(session):
        left = await given.sum_untouched(session, given=row, day=clock.today())
        if left < row.points:
            raise GivenPointsSpent(given=row.points, left=left)
        await points.claw_back(
            session,
            customer_id=row.receiver_id,
            entry_id=row.entry_id,
            points=row.points,
            reason_zh="兑换退还，所得积分收回",
            reason_en="Given back: the redemption was refunded",
            source_kind=SourceKind.REDEMPTION,
            source_id=to_public("rdm", redemption.id),
            actor_id=actor_id,
        )
