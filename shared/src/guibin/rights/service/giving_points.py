"""Points of another kind as a right: given in the transaction of the redemption, taken back with it or not at all.

The points that pay are redeemed, those that are given are earned: the one liability ends, the other begins, each with
its own cost. They are never of the kind that pays, so that no last day is put off by it, and never points that buy
goods for points that deposits earn (PTS-55).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.core import clock
from guibin.core.errors import RetryLater, ValidationFailed
from guibin.core.ids import new_id, to_public
from guibin.points import repository as wallets
from guibin.points import service as points
from guibin.points import transfer_repository
from guibin.points.assets.errors import DepositRewardForbidden
from guibin.points.assets.rules import is_goods_wallet
from guibin.points.assets.service.guarding import refuse_goods_from_deposits
from guibin.points.errors import AccountClosed, ReceiverUnavailable, TransferCodeInvalid, TransferToSelf, WalletClosed
from guibin.points.models import SourceKind, Wallet
from guibin.points.rules import expiry_of, feeders, reached
from guibin.points.transfer_rules import ReceivingCode, read_receiving_code
from guibin.privacy import repository as privacy
from guibin.privacy.rules import Act
from guibin.programme.errors import Stopped
from guibin.programme.service import find_stops
from guibin.rights.models import Fulfilment, Redemption
from guibin.rights.offer import wallets_of
from guibin.rights.points_given import (
    GivenTo,
    PointsGiven,
    PointsNotPaid,
    ReceivingCodeNotAsked,
    ReceivingCodeRequired,
    points_given_of,
)
from guibin.rights.repository import given
from guibin.rights.repository.catalogue import Right
from guibin.rights.service.ending import complete
from guibin.security.ciphers import KeyRing
from guibin.security.row_scope import all_rows


class Asked(Protocol):
    """What of a customer's request decides about the points that are given."""

    @property
    def quantity(self) -> int:
        """Units."""

    @property
    def wallet(self) -> str | None:
        """What pays; None is the right's own wallet."""

    @property
    def receiving_code(self) -> str | None:
        """What the receiver shows."""


@dataclass(frozen=True, slots=True)
class Gift:
    """Points that a redemption is about to give, whose receiver's account is locked."""

    wallet: Wallet
    receiver_id: UUID
    code: ReceivingCode | None


async def check_what_is_given(
    session: AsyncSession, document: Mapping[str, Any], *, wallet: str, fulfilment: str
) -> None:
    """Hold the terms of a right that is paid from `wallet` to what may be given for points.

    Raises:
        ValidationFailed: there is no such kind of points, it pays for the right itself or is not there to be given, or
            the right is fulfilled otherwise.
        DepositRewardForbidden: points for deposits would become points that buy goods.
    """
    what = points_given_of(document.get("gives"))
    if document.get("donates") is not None and fulfilment != Fulfilment.INSTRUCTION:
        raise ValidationFailed.of(
            ["body", "terms", "donates"], "fulfilment", "仅用于以指令履约的权益", "is for rights by instruction"
        )
    if what is None:
        return
    paying = {wallet, *(price["wallet"] for price in document["prices"] if price.get("wallet"))}
    found = await wallets.lock_all_wallets(session)
    target = found.get(what.wallet)
    if fulfilment != Fulfilment.INSTRUCTION:
        raise ValidationFailed.of(
            ["body", "terms", "gives"], "fulfilment", "仅用于以指令履约的权益", "is for rights by instruction"
        )
    if target is None or target.growth or what.wallet in paying:
        raise ValidationFailed.of(
            ["body", "terms", "gives"], "wallet", "该积分类别不能发放", "names no kind of points that can be given"
        )
    for source in sorted(paying):
        await refuse_goods_from_deposits(session, source=source, target=target.code, wallets=found)


async def find_gift(
    session: AsyncSession, right: Right, request: Asked, *, customer_id: UUID, keys: KeyRing | None, lock: bool
) -> Gift | None:
    """See to whom a redemption gives points; `lock` locks all accounts in the order of customers and wallets.

    Raises:
        ReceivingCodeRequired, ReceivingCodeNotAsked, TransferCodeInvalid, TransferToSelf: there is nobody to give to.
        ReceiverUnavailable, AccountClosed, WalletClosed, Stopped: nothing can be given there.
        DepositRewardForbidden: points for deposits would become points that buy goods.
    """
    what = right.terms.gives
    if what is None or what.to is GivenTo.CUSTOMER:
        if request.receiving_code is not None:
            raise ReceivingCodeNotAsked
        if what is None:
            return None
    shown = None if what.to is GivenTo.CUSTOMER else _read(keys, request.receiving_code, what)
    receiver_id = customer_id if shown is None else shown.customer_id
    if shown is not None and receiver_id == customer_id:
        raise TransferToSelf
    async with all_rows(session):
        wallet = await _open_wallet(session, right, what)
        await _refuse_receiver(session, receiver_id, customer_id)
        if not lock:
            return Gift(wallet, receiver_id, shown)
        paying = {(customer_id, right.item.wallet), (customer_id, request.wallet or right.item.wallet)}
        units = await _lock(session, paying, (receiver_id, wallet.code))
        if wallet.balance_cap is not None and units + request.quantity * what.points > wallet.balance_cap:
            raise ReceiverUnavailable
    return Gift(wallet, receiver_id, shown)


def _read(keys: KeyRing | None, text: str | None, what: PointsGiven) -> ReceivingCode:
    if text is None:
        raise ReceivingCodeRequired
    code = None if keys is None else read_receiving_code(keys, text)
    if code is None or code.wallet != what.wallet or code.expires_at <= clock.now():
        raise TransferCodeInvalid
    return code


async def _open_wallet(session: AsyncSession, right: Right, what: PointsGiven) -> Wallet:
    """Return the wallet that is given into, as far as it is open to what pays."""
    wallet = await wallets.get_wallet(session, what.wallet)
    if wallet is None or not wallet.active:
        raise WalletClosed
    if (await find_stops(session, earning=True)).stop(wallet=wallet.code):
        raise Stopped
    known = {one.code: one for one in await wallets.list_wallets(session)}
    if any(is_goods_wallet(one) for one in reached(wallet.code, known)):
        paying = {right.item.wallet, *wallets_of(right.terms.prices)}
        for source in {fed for one in paying for fed in feeders(one, known)}:
            if await transfer_repository.weighs_deposits(session, source):
                raise DepositRewardForbidden(wallet=wallet.code)
    return wallet


async def _refuse_receiver(session: AsyncSession, receiver_id: UUID, customer_id: UUID) -> None:
    known = await wallets.known_customers(session, [receiver_id])
    gone = known.get(receiver_id, receiver_id) is not None
    if gone or await privacy.is_blocked(session, receiver_id, Act.EARN, day=clock.today()):
        raise AccountClosed if receiver_id == customer_id else ReceiverUnavailable


async def _lock(session: AsyncSession, paying: set[tuple[UUID, str]], target: tuple[UUID, str]) -> int:
    """Lock all accounts that may move, in one order, and return what the one holds that is given into."""
    held = {
        (owner, code): await points.lock_account(session, customer_id=owner, wallet=code)
        for owner, code in sorted({*paying, target})
    }
    return held[target].balance


async def give(session: AsyncSession, gift: Gift, redemption: Redemption, right: Right) -> None:
    """Give what a redemption that is written is for, and note that it is fulfilled.

    Raises:
        PointsNotPaid: it was not paid in points.
        TransferCodeInvalid: the receiver's code was used before.
        ReceiverUnavailable, AccountClosed, WalletClosed: nothing can be given there (any more).
        RetryLater: the right was changed in this moment.
    """
    if not redemption.points_charged:
        raise PointsNotPaid
    now, name, code = clock.now(), right.item, gift.code
    from_other = code is not None
    source = ("rdm", redemption.id) if code is None else ("trf", code.transfer_id)
    async with all_rows(session):
        outcome = await given.give(
            session,
            given.Giving(
                customer=redemption.customer_id,
                redemption=redemption.id,
                receiver=gift.receiver_id,
                entry=new_id(),
                lot=new_id(),
                expires_on=expiry_of(clock.business_day(now), gift.wallet),
                reason_zh="收到他人赠送的积分" if from_other else f"兑换所得：{name.name_zh}",
                reason_en="Points that somebody gave you" if from_other else f"From a right: {name.name_en}",
                source_kind=SourceKind.TRANSFER if from_other else SourceKind.REDEMPTION,
                source_id=to_public(*source),
                actor=redemption.actor_id,
                at=now,
                day=clock.business_day(now),
            ),
        )
    if outcome == "moved":
        raise RetryLater
    if outcome != "posted":
        raise {
            "duplicate": TransferCodeInvalid,
            "account_closed": ReceiverUnavailable if from_other else AccountClosed,
            "wallet_closed": WalletClosed,
        }[outcome]
    await complete(session, redemption, actor_id=redemption.actor_id, now=now)
