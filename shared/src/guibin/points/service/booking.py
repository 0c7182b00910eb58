"""Holds as callers make them: within their scope, against stops and restrictions, and never somebody else's."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.audit import service as audit
from guibin.core import clock
from guibin.core.errors import NotFound
from guibin.core.ids import to_public
from guibin.core.reasons import require_reason
from guibin.customers import repository as customers
from guibin.customers.origins import with_origins
from guibin.points import ledger_repository, repository
from guibin.points.errors import (
    AccountFrozen,
    HoldExpired,
    HoldTimeOutOfRange,
    PointsNotSpendable,
    ReferenceConflict,
    SpendCapReached,
)
from guibin.points.models import HoldState, PointsHold, SourceKind, Wallet
from guibin.points.reasons import SET_ASIDE, texts_of
from guibin.points.rules import TRANSACTION, spending_since
from guibin.points.service.holds import capture, hold, release
from guibin.points.service.wallets import CapKind, WalletCap
from guibin.privacy import repository as privacy
from guibin.privacy.rules import Act
from guibin.programme.errors import Stopped
from guibin.programme.service import find_stops
from guibin.security.actors import Actor, ActorKind, Scope
from guibin.tiers.repository import current_tier

SHORTEST: Final = timedelta(minutes=1)
LONGEST: Final = timedelta(days=90)
"""How long points are set aside, from now."""

OBJECT: Final = "points_hold"


@dataclass(frozen=True, slots=True)
class HoldRequest:
    """What is to be set aside; the caller's `reference` names it, and makes one hold of it however often it is sent."""

    customer_id: UUID
    wallet: str
    points: int
    expires_at: datetime
    reference: str
    reason: str


async def set_aside(session: AsyncSession, scope: Scope, *, actor: Actor, wanted: HoldRequest) -> PointsHold:
    """Set points of a customer aside; the same reference of the same caller again returns the hold that it made.

    Raises:
        ReasonRequired, HoldTimeOutOfRange: the request is wrong in itself.
        NotFound: no such customer or wallet, or out of scope.
        PointsNotSpendable, Stopped, AccountFrozen, AccountClosed, WalletClosed, InsufficientPoints: it cannot be spent,
            so not held either.
        SpendCapReached: with what is spent and set aside already it is more than the wallet lets one customer spend.
        ReferenceConflict: the reference stands for a hold of other points or another wallet.
    """
    require_reason(wanted.reason)
    now = clock.now()
    if not now + SHORTEST <= wanted.expires_at <= now + LONGEST:
        raise HoldTimeOutOfRange(
            earliest=(now + SHORTEST).isoformat(timespec="seconds"),
            latest=(now + LONGEST).isoformat(timespec="seconds"),
        )
    customer = await customers.get_customer(session, scope, customer_id=wanted.customer_id)
    wallet = await repository.get_wallet(session, wanted.wallet)
    if wallet is None:
        raise NotFound
    if wallet.growth:
        raise PointsNotSpendable
    if (await find_stops(session, earning=False)).stop(wallet=wanted.wallet):
        raise Stopped
    if await privacy.is_blocked(session, customer.id, Act.REDEEM, day=clock.business_day(now)):
        raise AccountFrozen
    reason_zh, reason_en = texts_of(SET_ASIDE, wanted.reason)
    made = await hold(
        session,
        customer_id=customer.id,
        wallet=wanted.wallet,
        points=wanted.points,
        expires_at=wanted.expires_at,
        reason_zh=reason_zh,
        reason_en=reason_en,
        source_kind=SourceKind.HOLD,
        source_id=f"{actor.name}:{wanted.reference}",
        actor_id=actor.id,
    )
    held = await _stored(session, customer.id, made.hold_id)
    if (held.wallet, held.points) != (wanted.wallet, wanted.points):
        raise ReferenceConflict
    if not made.duplicate:
        await _refuse_beyond_caps(session, wallet, customer.id, wanted.points)
        await _tell(session, actor, "points.held", held, {"points": held.points, "wallet": held.wallet})
    return held


async def _refuse_beyond_caps(session: AsyncSession, wallet: Wallet, customer_id: UUID, points: int) -> None:
    """Hold what was just set aside, its account being locked, to the wallet's caps on spending.

    What is set aside can be spent at any time, so it counts in every period.
    """
    caps = [WalletCap.model_validate(cap) for cap in wallet.caps if cap["kind"] == CapKind.SPEND]
    if not caps:
        return
    today = clock.today()
    tier = await current_tier(session, Scope.of_job(), customer_id=customer_id, day=today)
    starts = {cap.period: spending_since(cap.period, today, tier.since if tier else None) for cap in caps}
    async with with_origins(session, Scope.of_job(), customer_id=customer_id) as scope:
        spent = await ledger_repository.spent_since(
            session, scope, customer_id=customer_id, wallet=wallet.code, starts=starts
        )
    for cap in caps:
        before = 0 if cap.period == TRANSACTION else spent[cap.period] - points
        if before + points > cap.points:
            raise SpendCapReached(points=cap.points, period=cap.period, left=max(cap.points - before, 0))


async def find_hold(
    session: AsyncSession, scope: Scope, *, actor: Actor, customer_id: UUID, hold_id: UUID
) -> PointsHold:
    """Return a hold of a customer in scope; a service sees its own.

    Raises:
        NotFound: no such hold, or not the caller's to see.
    """
    customer = await customers.get_customer(session, scope, customer_id=customer_id)
    held = await _stored(session, customer.id, hold_id)
    if actor.kind is ActorKind.SERVICE and held.actor_id != actor.id:
        raise NotFound
    return held


async def spend_hold(
    session: AsyncSession, scope: Scope, *, actor: Actor, customer_id: UUID, hold_id: UUID, points: int
) -> PointsHold:
    """Spend what was set aside, or a part; the rest is free again. A hold that was spent before is returned as it is.

    Raises:
        CaptureExceedsHold: more than was set aside.
        HoldExpired, HoldClosed: its time has ended, or it was released.
        AccountFrozen, AccountClosed: the account does not move.
        NotFound: no such hold, or not the caller's.
    """
    held = await find_hold(session, scope, actor=actor, customer_id=customer_id, hold_id=hold_id)
    if held.state == HoldState.CAPTURED:
        return held
    _refuse_expired(held)
    if await privacy.is_blocked(session, held.customer_id, Act.REDEEM, day=clock.today()):
        raise AccountFrozen
    await capture(
        session,
        customer_id=held.customer_id,
        hold_id=held.id,
        points=points,
        reason_zh=held.reason_zh,
        reason_en=held.reason_en,
        source_kind=SourceKind.HOLD,
        source_id=to_public("hol", held.id),
        actor_id=actor.id,
    )
    await _tell(session, actor, "points.hold_captured", held, {"points": points, "wallet": held.wallet})
    return await _stored(session, held.customer_id, held.id)


async def free_hold(
    session: AsyncSession, scope: Scope, *, actor: Actor, customer_id: UUID, hold_id: UUID
) -> PointsHold:
    """Give what was set aside free; a hold that was released before is returned as it is.

    Raises:
        HoldExpired, HoldClosed: its time has ended, or it was spent.
        NotFound: no such hold, or not the caller's.
    """
    held = await find_hold(session, scope, actor=actor, customer_id=customer_id, hold_id=hold_id)
    if held.state == HoldState.RELEASED:
        return held
    if held.state == HoldState.LAPSED:
        raise HoldExpired
    await release(session, customer_id=held.customer_id, hold_id=held.id)
    await _tell(session, actor, "points.hold_released", held, {"points": held.points, "wallet": held.wallet})
    return await _stored(session, held.customer_id, held.id)


def _refuse_expired(held: PointsHold) -> None:
    if held.state == HoldState.LAPSED or (held.state == HoldState.OPEN and held.expires_at <= clock.now()):
        raise HoldExpired


async def _stored(session: AsyncSession, customer_id: UUID, hold_id: UUID) -> PointsHold:
    held = await ledger_repository.find_hold(session, customer_id=customer_id, hold_id=hold_id)
    if held is None:
        raise NotFound
    return held


async def _tell(session: AsyncSession, actor: Actor, action: str, held: PointsHold, facts: dict[str, object]) -> None:
    await audit.record(
        session,
        actor=actor,
        action=action,
        object_type=OBJECT,
        object_id=to_public("hol", held.id),
        owner_id=held.customer_id,
        facts=facts,
    )
