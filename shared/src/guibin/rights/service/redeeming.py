"""Redeeming a right: one transaction, and a final answer in the same call.

The order of locks is accounts (by the code of their wallets), then stock or codes, then what everybody has of the
right, then the budget. A right's wallet never changes, so all redemptions of one right by one customer meet at the
account of that wallet, whatever wallet pays: its lock also puts limit and quota of that customer in order.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.core import clock
from guibin.core.errors import NotFound
from guibin.core.ids import new_id, to_public
from guibin.points import service as points
from guibin.points.errors import WalletClosed
from guibin.points.models import EntryKind, SourceKind
from guibin.points.service import LockedAccount, LotUse, Posted
from guibin.programme.service import Payer, draw
from guibin.rights.errors import OutOfStock, refusal_of
from guibin.rights.models import Redemption, RedemptionState, RightState, StockMode
from guibin.rights.offer import Beneficiary, Usage, Wish, is_visible, last_day_of_codes
from guibin.rights.repository import catalogue, pool, redemptions
from guibin.rights.repository.catalogue import PayingWallet, Right
from guibin.rights.repository.standing import Profile, sum_spent
from guibin.rights.rules import Decision, assess, reached_by_everybody
from guibin.rights.service.beneficiaries import Person, keep_beneficiary
from guibin.rights.service.booking import look_at_slot, take_slot
from guibin.rights.service.standing import (
    offered,
    read_customer_side,
    read_profile_towards,
    read_supply,
    standing_of,
)
from guibin.rights.service.step_up import StepUpProof, accept_step_up
from guibin.rights.service.telling import CODES_LOW_AT, tell_codes_taken, tell_step, tell_taken
from guibin.security.actors import Actor, Scope
from guibin.security.ciphers import KeyRing


@dataclass(frozen=True, slots=True)
class RedemptionRequest:
    """What a customer asks for; `expected_points` is the price of the whole that the customer saw."""

    right_id: UUID
    quantity: int
    expected_points: int | None = None
    companions: int = 0
    class_of_service: str | None = None
    wallet: str | None = None
    step_up: StepUpProof | None = None
    beneficiary: Person | None = None
    slot_id: UUID | None = None

    def wish(self, right: Right) -> Wish:
        """Return the wish that the terms of the right are asked for; its own wallet needs no naming."""
        return Wish(
            quantity=self.quantity,
            companions=self.companions,
            class_of_service=self.class_of_service,
            wallet=None if self.wallet == right.item.wallet else self.wallet,
            expected_points=self.expected_points,
            beneficiary=Beneficiary.NONE if self.beneficiary is None else self.beneficiary.kind,
            slot=self.slot_id is not None,
        )


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
    wallet: str


async def redeem(
    session: AsyncSession,
    scope: Scope,
    *,
    actor: Actor,
    customer_id: UUID,
    request: RedemptionRequest,
    keys: KeyRing | None = None,
) -> Redeemed:
    """Take a right: quota first, then points, then stock or codes, then the budget.

    `keys` seal whom it serves, where that is somebody else.

    Raises:
        NotFound: no right that this customer sees.
        Refusal: the weightiest reason against it, one of `guibin.rights.errors.REFUSED`.
        StepUpRequired, StepUpInvalid: it costs as much as needs a proof, and there is none that is good.
    """
    right = await get_published(session, right_id=request.right_id)
    wish = request.wish(right)
    paying = await _paying_wallet(session, right, wish)
    account = await _lock_accounts(session, customer_id, right, paying)
    now = clock.now()  # after the wait for the lock: what decides is when it is this customer's turn
    profile = await read_profile_towards(session, scope, customer_id=customer_id, rights=[right], now=now)
    _refuse_unless_seen(right, profile, now)
    decision = await _decide(session, scope, customer_id, right, wish, profile, account, paying, now)
    if decision.reasons:
        raise refusal_of(decision.reasons[0])
    step_up_id = await accept_step_up(
        session,
        scope,
        proof=request.step_up,
        decision=decision,
        customer_id=customer_id,
        right_id=right.item.id,
        quantity=wish.quantity,
        now=now,
    )
    redemption = Redemption(
        customer_id=customer_id,
        id=new_id(),
        right_id=right.item.id,
        right_revision=right.item.revision,
        quantity=wish.quantity,
        quota_used=decision.quota_used,
        companions=wish.companions,
        guest_quota_used=decision.guest_quota_used,
        class_of_service=wish.class_of_service,
        points_charged=decision.points,
        cost_fen=decision.cost_fen if right.terms.budget_line is not None else 0,
        valid_until=last_day_of_codes(right.terms, clock.business_day(now)),
        step_up_id=step_up_id,
        wallet=paying.code,
        state=RedemptionState.CONFIRMED,
        fulfilment=right.item.fulfilment,
        created_at=now,
        actor_id=actor.id,
    )
    posted = await _charge(session, right, redemption) if decision.points else None
    redemption.entry_id = posted.entry_id if posted else None
    await redemptions.insert_redemption(session, redemption)
    if request.slot_id is not None:
        await take_slot(session, redemption, slot_id=request.slot_id)
    if request.beneficiary is not None and keys is not None:
        await keep_beneficiary(session, scope, keys, redemption=redemption, person=request.beneficiary)
    await tell_step(session, redemption, RedemptionState.CONFIRMED)
    await _supply(session, right, redemption)
    await _fund(session, right, redemption)
    if posted is None:
        return Redeemed(redemption, [], account.available)
    return Redeemed(redemption, posted.lots, posted.available_after)


async def preview(session: AsyncSession, scope: Scope, *, customer_id: UUID, request: RedemptionRequest) -> Preview:
    """Say what a redemption would take and all that stands in its way.

    Raises:
        NotFound: no right that this customer sees.
    """
    right = await get_published(session, right_id=request.right_id)
    wish = request.wish(right)
    paying = await _paying_wallet(session, right, wish)
    now = clock.now()
    side = await read_customer_side(session, scope, customer_id=customer_id, rights=[right], now=now)
    _refuse_unless_seen(right, side.profile, now)
    supply = await read_supply(session, rights=[right], quantity=wish.quantity, now=now)
    standing = side.towards(right, paying.code)
    known = supply.look_ahead(right, offered(right, paying=paying, stops=side.profile.stops))
    if request.slot_id is not None:
        known = replace(known, against_slot=await look_at_slot(session, right, slot_id=request.slot_id, wish=wish))
    decision = assess(right.terms, standing, known, wish, now=now)
    return Preview(right, decision, standing.available, paying.code)


async def get_published(session: AsyncSession, *, right_id: UUID) -> Right:
    """Return a right that was published, suspended or not.

    Raises:
        NotFound: there is none.
    """
    right = await catalogue.get_right(session, right_id=right_id)
    if right.item.state not in {RightState.PUBLISHED, RightState.SUSPENDED}:
        raise NotFound
    return right


def _refuse_unless_seen(right: Right, profile: Profile, now: datetime) -> None:
    if not is_visible(right.terms, profile.tier, profile.tags, profile.branches, now):
        raise NotFound


async def _paying_wallet(session: AsyncSession, right: Right, wish: Wish) -> PayingWallet:
    if wish.wallet is None:
        return right.wallet
    found = await catalogue.find_wallets(session, codes=[wish.wallet])
    if wish.wallet not in found:
        raise WalletClosed
    return found[wish.wallet]


async def _lock_accounts(session: AsyncSession, customer_id: UUID, right: Right, paying: PayingWallet) -> LockedAccount:
    """Lock the account of the right's own wallet and the one that pays, and return the latter."""
    locked = {
        wallet: await points.lock_account(session, customer_id=customer_id, wallet=wallet)
        for wallet in sorted({right.wallet.code, paying.code})
    }
    return locked[paying.code]


async def _decide(
    session: AsyncSession,
    scope: Scope,
    customer_id: UUID,
    right: Right,
    wish: Wish,
    profile: Profile,
    account: LockedAccount,
    paying: PayingWallet,
    now: datetime,
) -> Decision:
    """Decide under the lock; stock, the bound for everybody and the budget are decided by what takes them."""
    day, since = clock.business_day(now), profile.tier.since if profile.tier else None
    usage = await redemptions.sum_usage(
        session, scope, customer_id=customer_id, right_ids=[right.item.id], day=day, tier_since=since
    )
    spent = {}
    if paying.caps:
        spent = await sum_spent(session, scope, customer_id=customer_id, wallet=paying.code, day=day, tier_since=since)
    standing = standing_of(
        profile,
        available=account.available,
        state=account.state,
        usage=usage.get(right.item.id, Usage()),
        spent=spent,
    )
    return assess(right.terms, standing, offered(right, paying=paying, stops=profile.stops), wish, now=now)


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


async def _fund(session: AsyncSession, right: Right, redemption: Redemption) -> None:
    """Count against the bound for everybody and draw on the budget: what the whole bank waits for comes last."""
    terms = right.terms
    if terms.total_limit is not None and not await pool.take_total(
        session, right_id=redemption.right_id, quantity=redemption.quantity, limit=terms.total_limit
    ):
        raise refusal_of(reached_by_everybody(terms))
    if terms.owner_branch is not None and terms.budget_line is not None:
        await draw(
            session,
            Payer(terms.owner_branch, terms.budget_line, clock.business_day(redemption.created_at).year),
            source_kind=SourceKind.REDEMPTION,
            source_id=to_public("rdm", redemption.id),
            points=redemption.points_charged,
            fen=redemption.cost_fen,
        )


async def _supply(session: AsyncSession, right: Right, redemption: Redemption) -> None:
    """Take units or codes, the last writes of the transaction so that others wait for them as short as can be."""
    mode, right_id, quantity = right.item.stock_mode, redemption.right_id, redemption.quantity
    if mode == StockMode.CODES:
        await _supply_codes(session, redemption)
    elif mode == StockMode.COUNTED:
        left = await pool.take_stock(session, right_id=right_id, quantity=quantity)
        if left is None:
            raise OutOfStock
        await tell_taken(session, right_id, taken=quantity, left=left)


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
    left = await pool.count_free_codes(session, right_id=right_id, most=CODES_LOW_AT)
    await tell_codes_taken(session, right_id, taken=quantity, free=left)


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
