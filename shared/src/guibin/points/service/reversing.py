"""Giving back and taking back: always by the entry that moved the points, never more than it moved."""

from dataclasses import replace
from datetime import timedelta
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.core import clock
from guibin.core.errors import NotFound
from guibin.core.ids import new_id
from guibin.points import ledger_repository, repository
from guibin.points.household import giving_back as household
from guibin.points.ledger_repository import Why
from guibin.points.models import PointsEntry
from guibin.points.service.ledger import Posted, read_posted


async def refund(
    session: AsyncSession,
    *,
    customer_id: UUID,
    entry_id: UUID,
    points: int,
    reason_zh: str,
    reason_en: str,
    source_kind: str,
    source_id: str,
    actor_id: UUID,
) -> Posted:
    """Give back 1 to 10^12 points of what a redemption or an order took, into the lots that paid, the last drawn first.

    What has expired meanwhile comes back as a lot of the wallet's days of grace. Debt is paid first. What others of a
    household had put in goes back to them.

    Raises:
        RefundExceedsPaid: together with earlier refunds it is more than the entry took.
        AccountClosed: the account does not move.
        NotFound: the customer has no such entry, or it took nothing for a right or an order.
    """
    entry = await _entry(session, customer_id, entry_id)
    wallet = await repository.get_wallet(session, entry.wallet)
    if wallet is None:
        raise NotFound
    shared = await household.lock_givers(session, customer_id=customer_id, entry=entry)
    why = now_because(reason_zh, reason_en, source_kind, source_id, actor_id)
    row = await ledger_repository.refund(
        session,
        why,
        customer=customer_id,
        wallet=entry.wallet,
        refers_to=entry_id,
        points=points,
        entry=new_id(),
        lot=new_id(),
        grace_until=why.day + timedelta(days=wallet.refund_grace_days),
    )
    posted = read_posted(row, required=points)
    if not shared or posted.duplicate:
        return posted
    back = await household.give_back(session, why, customer_id=customer_id, refund_id=posted.entry_id, paid_by=entry_id)
    return replace(posted, balance_after=posted.balance_after - back, available_after=posted.available_after - back)


async def claw_back(
    session: AsyncSession,
    *,
    customer_id: UUID,
    entry_id: UUID,
    points: int,
    reason_zh: str,
    reason_en: str,
    source_kind: str,
    source_id: str,
    actor_id: UUID,
) -> Posted:
    """Take back 1 to 10^12 points of what a credit gave: its own lot first, then others, then debt where that may be.

    `Posted.points` and `.debt_change` say what really went: what of the credit has expired is gone already, and where
    the wallet lets nobody owe it stops at what is there.

    Raises:
        ReversalExceedsCredit: together with earlier reversals it is more than the entry gave.
        AccountClosed: the account does not move.
        NotFound: the customer has no such credit, it is still pending, or nothing of it is left.
    """
    entry = await _entry(session, customer_id, entry_id)
    row = await ledger_repository.claw_back(
        session,
        now_because(reason_zh, reason_en, source_kind, source_id, actor_id),
        customer=customer_id,
        wallet=entry.wallet,
        refers_to=entry_id,
        points=points,
        entry=new_id(),
    )
    return read_posted(row, required=points)


def now_because(reason_zh: str, reason_en: str, source_kind: str, source_id: str, actor_id: UUID) -> Why:
    """Say why a movement is made now."""
    at = clock.now()
    return Why(reason_zh, reason_en, source_kind, source_id, actor_id, at, clock.business_day(at))


async def _entry(session: AsyncSession, customer_id: UUID, entry_id: UUID) -> PointsEntry:
    entry = await ledger_repository.find_entry(session, customer_id=customer_id, entry_id=entry_id)
    if entry is None:
        raise NotFound
    return entry
