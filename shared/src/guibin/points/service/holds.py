"""Setting points aside for a booking, and what becomes of them: captured, released, or free again when time is up."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import RowMapping
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.core import clock
from guibin.core.errors import NotFound
from guibin.core.ids import new_id
from guibin.points import ledger_repository
from guibin.points.models import EntryKind, HoldState, PointsHold
from guibin.points.service.ledger import Posted, read_posted, refuse_unless_posted
from guibin.points.service.reversing import now_because

MOST_AT_ONCE: Final = 1_000
"""Holds of one transaction of the job that ends them."""


@dataclass(frozen=True, slots=True)
class Held:
    """Points that are set aside, and what can be spent beside them."""

    hold_id: UUID
    available_after: int
    duplicate: bool


async def hold(
    session: AsyncSession,
    *,
    customer_id: UUID,
    wallet: str,
    points: int,
    expires_at: datetime,
    reason_zh: str,
    reason_en: str,
    source_kind: str,
    source_id: str,
    actor_id: UUID,
) -> Held:
    """Set 1 to 10^12 points aside until an instant, out of the lots that a debit would draw on.

    Raises:
        InsufficientPoints: with required, available and missing.
        AccountFrozen, AccountClosed, WalletClosed: the account or the wallet does not move.
    """
    row = await ledger_repository.hold(
        session,
        now_because(reason_zh, reason_en, source_kind, source_id, actor_id),
        customer=customer_id,
        wallet=wallet,
        points=points,
        hold_id=new_id(),
        expires_at=expires_at,
    )
    refuse_unless_posted(row["outcome"], required=points, available=row["available_after"])
    return Held(row["hold_id"], row["available_after"], row["outcome"] == "duplicate")


async def capture(
    session: AsyncSession,
    *,
    customer_id: UUID,
    hold_id: UUID,
    points: int,
    reason_zh: str,
    reason_en: str,
    source_kind: str,
    source_id: str,
    actor_id: UUID,
    kind: EntryKind = EntryKind.ORDER,
) -> Posted:
    """Spend what was set aside, or a part of it, from the lots that the hold names; the rest is free again.

    Raises:
        CaptureExceedsHold: more than was set aside.
        HoldClosed: it was captured or released, or its time has ended.
        AccountFrozen, AccountClosed: the account does not move.
        NotFound: the customer has no such hold.
    """
    held = await _find(session, customer_id, hold_id)
    row = await ledger_repository.capture(
        session,
        now_because(reason_zh, reason_en, source_kind, source_id, actor_id),
        customer=customer_id,
        wallet=held.wallet,
        hold_id=hold_id,
        kind=kind,
        points=points,
        entry=new_id(),
    )
    return read_posted(row, required=points)


async def release(session: AsyncSession, *, customer_id: UUID, hold_id: UUID) -> Held:
    """Give what was set aside free again.

    Raises:
        HoldClosed: it was captured or released, or its time has ended.
        NotFound: the customer has no such hold.
    """
    held = await _find(session, customer_id, hold_id)
    row = await _end(session, held, HoldState.RELEASED)
    refuse_unless_posted(row["outcome"], required=held.points, available=row["available_after"])
    return Held(hold_id, row["available_after"], duplicate=False)


async def release_lapsed(session: AsyncSession, *, limit: int = MOST_AT_ONCE) -> int:
    """End at most `limit` holds whose time is up; returns how many. Call it again until there are none."""
    lapsed = await ledger_repository.lapsed_holds(session, at=clock.now(), limit=limit)
    outcomes = [(await _end(session, held, HoldState.LAPSED))["outcome"] for held in lapsed]
    return outcomes.count("posted")


async def _find(session: AsyncSession, customer_id: UUID, hold_id: UUID) -> PointsHold:
    held = await ledger_repository.find_hold(session, customer_id=customer_id, hold_id=hold_id)
    if held is None:
        raise NotFound
    return held


async def _end(session: AsyncSession, held: PointsHold, state: HoldState) -> RowMapping:
    at = clock.now()
    return await ledger_repository.release(
        session,
        customer=held.customer_id,
        wallet=held.wallet,
        hold_id=held.id,
        state=state,
        at=at,
        day=clock.business_day(at),
    )
