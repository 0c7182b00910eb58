"""Redeeming a right: one transaction, and a final answer in the same call.

The order of locks is account, then stock or codes. A right's wallet never changes, so all redemptions of one right by
one customer meet at one account: its lock also puts limit and quota of that customer in order.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.core import clock
from guibin.core.errors import NotFound
from guibin.core.ids import new_id, to_public
from guibin.points import service as points
from guibin.points.models import EntryKind, SourceKind
from guibin.points.service import LockedAccount, LotUse, Posted
from guibin.privacy.repository import is_blocked
from guibin.privacy.rules import Act
from guibin.rights.errors import OutOfStock, refusal_of
from guibin.rights.models import Redemption, RedemptionState, RightState, StockMode
from guibin.rights.repository import catalogue, pool, redemptions
from guibin.rights.repository.catalogue import Right
from guibin.rights.rules import Decision, Standing, Usage, assess
from guibin.rights.service.standing import account_towards, find_in_stock, offered, read_customer_side, read_tier
from guibin.security.actors import Actor, Scope


@dataclass(frozen=True, slots=True)
class RedemptionRequest:
    """What a customer asks for; `expected_points` is the price of the whole quantity that the customer saw."""

    right_id: UUID
    quantity: int
    expected_points: int | None = None


@dataclass(frozen=True, slots=True)
class Redeemed:
    """A redemption that is done, the lots that paid for it, and what can be spent afterwards."""

    redemption: Redemption
    lots: list[LotUse]
    available_after: int


@dataclass(frozen=True, slots=True)
class Preview:
    """What a redemption would take now and all that stands in its way; nothing was locked or written."""

    right: Right
    decision: Decision
    available: int


async def redeem(
    session: AsyncSession, scope: Scope, *, actor: Actor, customer_id: UUID, request: RedemptionRequest
) -> Redeemed:
    """Take a right: quota first, then points, then stock or codes.

    Raises:
        NotFound: no right that customers see.
        NotOnSale, TierRequired, NoMatchingPrice, LimitReached, PriceChanged, InsufficientPoints, OutOfStock,
        AccountFrozen, AccountClosed, WalletClosed: the weightiest reason against it.
    """
    right = await get_visible_right(session, right_id=request.right_id)
    account = await points.lock_account(session, customer_id=customer_id, wallet=right.item.wallet)
    now = clock.now()  # after the wait for the lock: what decides is when it is this customer's turn
    standing = await _standing(session, scope, customer_id=customer_id, right=right, account=account, now=now)
    decision = assess(
        right.terms,
        standing,
        offered(right, in_stock=True),  # stock is decided last, by the statement that takes it
        quantity=request.quantity,
        now=now,
        expected_points=request.expected_points,
    )
    if decision.reasons:
        raise refusal_of(decision.reasons[0])
    redemption = Redemption(
        customer_id=customer_id,
        id=new_id(),
        right_id=right.item.id,
        right_revision=right.item.revision,
        quantity=request.quantity,
        quota_used=decision.quota_used,
        points_charged=decision.points,
        wallet=right.item.wallet,
        state=RedemptionState.CONFIRMED,
        fulfilment=right.item.fulfilment,
        created_at=now,
        actor_id=actor.id,
    )
    posted = await _charge(session, right, redemption) if decision.points else None
    redemption.entry_id = posted.entry_id if posted else None
    await redemptions.insert_redemption(session, redemption)
    await _supply(session, right, redemption)
    if posted is None:
        return Redeemed(redemption, [], account.available)
    return Redeemed(redemption, posted.lots, posted.available_after)


async def preview(session: AsyncSession, scope: Scope, *, customer_id: UUID, request: RedemptionRequest) -> Preview:
    """Say what a redemption would take and all that stands in its way.

    Raises:
        NotFound: no right that customers see.
    """
    right = await get_visible_right(session, right_id=request.right_id)
    now = clock.now()
    side = await read_customer_side(session, scope, customer_id=customer_id, rights=[right], now=now)
    in_stock = await find_in_stock(session, rights=[right], quantity=request.quantity)
    standing = side.towards(right)
    decision = assess(
        right.terms,
        standing,
        offered(right, in_stock=bool(in_stock)),
        quantity=request.quantity,
        now=now,
        expected_points=request.expected_points,
    )
    return Preview(right, decision, standing.available)


async def get_visible_right(session: AsyncSession, *, right_id: UUID) -> Right:
    """Return a right that customers see: one that was published, suspended or not.

    Raises:
        NotFound: there is none.
    """
    right = await catalogue.get_right(session, right_id=right_id)
    if right.item.state not in {RightState.PUBLISHED, RightState.SUSPENDED}:
        raise NotFound
    return right


async def _standing(
    session: AsyncSession, scope: Scope, *, customer_id: UUID, right: Right, account: LockedAccount, now: datetime
) -> Standing:
    tier = await read_tier(session, scope, customer_id=customer_id, now=now)
    usage = await redemptions.sum_usage(
        session, scope, customer_id=customer_id, right_ids=[right.item.id], day=clock.business_day(now)
    )
    restricted = await is_blocked(session, customer_id, Act.REDEEM, day=clock.business_day(now))
    state = account_towards(account.state, restricted=restricted)
    return Standing(tier, account.available, state, usage.get(right.item.id, Usage()))


async def _charge(session: AsyncSession, right: Right, redemption: Redemption) -> Posted:
    return await points.post(
        session,
        customer_id=redemption.customer_id,
        wallet=redemption.wallet,
        kind=EntryKind.REDEEM,
        points=redemption.points_charged,
        reason_zh=f"兑换：{right.item.name_zh}",
        reason_en=f"Redeemed: {right.item.name_en}",
        source_kind=SourceKind.REDEMPTION,
        source_id=to_public("rdm", redemption.id),
        actor_id=redemption.actor_id,
    )


async def _supply(session: AsyncSession, right: Right, redemption: Redemption) -> None:
    """Take units or codes, the last writes of the transaction so that others wait for them as short as can be."""
    mode, right_id, quantity = right.item.stock_mode, redemption.right_id, redemption.quantity
    if mode == StockMode.CODES:
        await _supply_codes(session, redemption)
    elif mode == StockMode.COUNTED and not await pool.take_stock(session, right_id=right_id, quantity=quantity):
        raise OutOfStock


async def _supply_codes(session: AsyncSession, redemption: Redemption) -> None:
    """Give the redemption a code for each unit."""
    right_id, quantity = redemption.right_id, redemption.quantity
    free = await _lock_codes(session, right_id, quantity)
    if len(free) < quantity:
        raise OutOfStock
    await pool.give_codes(
        session,
        right_id=right_id,
        code_ids=free,
        redemption_id=redemption.id,
        customer_id=redemption.customer_id,
        taken_at=redemption.created_at,
    )


async def _lock_codes(session: AsyncSession, right_id: UUID, quantity: int) -> Sequence[UUID]:
    """Lock a code for each unit past those that others hold, or all that there are when these are too few.

    That there are too few is said only after waiting for the others, who may yet give their codes back. Whoever waits
    holds nothing: two that each hold a part would wait for each other.
    """
    attempt = await session.begin_nested()
    free = await pool.lock_free_codes(session, right_id=right_id, quantity=quantity, waiting=False)
    if len(free) == quantity:
        await attempt.commit()
        return free
    await attempt.rollback()
    return await pool.lock_free_codes(session, right_id=right_id, quantity=quantity, waiting=True)
