"""Passing points on to another customer: the receiver shows a code, limits are held, both sides move at once.

Nobody is found by name: the code is the receiver's word, good for minutes and once. The giver learns nothing about
the receiver beyond it.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.core import clock
from guibin.core.errors import NotFound, Refusal
from guibin.core.ids import new_id, to_public
from guibin.customers import repository as customers
from guibin.outbox.events import PointsTransferReceived
from guibin.outbox.service import publish
from guibin.points import repository, transfer_repository
from guibin.points.assets.errors import DepositRewardForbidden
from guibin.points.errors import (
    AccountFrozen,
    InsufficientPoints,
    NotTransferable,
    ReceiverUnavailable,
    StepUpInvalid,
    StepUpRequired,
    TransferCodeInvalid,
    TransferLimitReached,
    TransferToSelf,
    WalletClosed,
)
from guibin.points.models import AccountState, SourceKind, Wallet
from guibin.points.service.ledger import LockedAccount, lock_account, refuse_unless_posted
from guibin.points.service.reading import balances
from guibin.points.step_up import METHODS, StepUpProof
from guibin.points.transfer_repository import Passing, TransferRow
from guibin.points.transfer_rules import (
    CODE_LIFE,
    ReceivingCode,
    TransferLimits,
    exceeded_by,
    read_receiving_code,
    write_receiving_code,
)
from guibin.privacy import repository as privacy
from guibin.privacy.rules import Act
from guibin.programme.errors import Stopped
from guibin.programme.service import find_stops
from guibin.security.actors import Scope
from guibin.security.ciphers import KeyRing
from guibin.security.row_scope import all_rows

REASONS_ZH: Final = ("积分转赠", "收到转赠积分")
REASONS_EN: Final = ("Points passed on to another customer", "Points received from another customer")

_REFUSED: Final[dict[str, type[Refusal]]] = {
    "duplicate": TransferCodeInvalid,
    "not_transferable": NotTransferable,
    "receiver_unavailable": ReceiverUnavailable,
}


@dataclass(frozen=True, slots=True)
class TransferRequest:
    """What a customer wants to pass on: points of a kind, to whoever showed the code."""

    code: str
    wallet: str
    points: int
    step_up: StepUpProof | None = None


@dataclass(frozen=True, slots=True)
class ShownCode:
    """A receiver's code and until when it is taken."""

    text: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class TransferPreview:
    """What a transfer would do: the giver's points before it, and whether it needs a proof."""

    transfer_id: UUID
    wallet: str
    points: int
    available: int
    step_up: bool


@dataclass(frozen=True, slots=True)
class Transferred:
    """A transfer that is done; `available_after` is what the giver can still spend."""

    id: UUID
    wallet: str
    points: int
    available_after: int
    posted_at: datetime


async def show_receiving_code(
    session: AsyncSession, scope: Scope, *, keys: KeyRing, customer_id: UUID, wallet: str
) -> ShownCode:
    """Make a code with which another customer can pass points of a kind on to this one: for five minutes, once.

    Raises:
        NotFound: no such customer or kind of points.
        NotTransferable, WalletClosed: points of this kind are not passed on.
    """
    customer = await customers.get_customer(session, scope, customer_id=customer_id)
    await _transferable(session, wallet)
    expires_at = clock.now() + CODE_LIFE
    code = ReceivingCode(new_id(), customer.id, wallet, expires_at)
    return ShownCode(write_receiving_code(keys, code), expires_at)


async def preview_transfer(
    session: AsyncSession, scope: Scope, *, keys: KeyRing, customer_id: UUID, wanted: TransferRequest
) -> TransferPreview:
    """Say what a transfer would do, or why it may not be; nothing is locked or stored.

    Raises:
        As `transfer`, but for the proof.
    """
    code = _read(keys, wanted)
    found = await balances(session, scope, customer_id=customer_id, today=clock.today())
    own = next((own for own in found.wallets if own.wallet.code == wanted.wallet), None)
    available = 0 if own is None else own.available
    async with all_rows(session):
        wallet = await _assess(session, customer_id, code, wanted)
        await _refuse_unavailable(session, code, wallet)
    if own is not None and own.state != AccountState.OPEN:
        refuse_unless_posted(f"account_{own.state}", required=wanted.points, available=available)
    _refuse_short(wanted.points, available)
    return TransferPreview(
        transfer_id=code.transfer_id,
        wallet=wallet.code,
        points=wanted.points,
        available=available,
        step_up=_needs_step_up(wallet, wanted.points),
    )


async def transfer(session: AsyncSession, *, keys: KeyRing, customer_id: UUID, wanted: TransferRequest) -> Transferred:
    """Pass points on. They keep their last day, and what the receiver owes is paid first.

    Raises:
        NotFound: no such kind of points.
        NotTransferable, WalletClosed, DepositRewardForbidden, Stopped: points of this kind are not passed on now.
        TransferCodeInvalid, TransferToSelf, ReceiverUnavailable: there is nobody who takes them.
        TransferLimitReached: the giver passes on no more.
        AccountFrozen, AccountClosed, InsufficientPoints: the giver has not so many to spend.
        StepUpRequired, StepUpInvalid: so many need a proof, and there is none that is good.
    """
    code, now = _read(keys, wanted), clock.now()
    async with all_rows(session):
        await _refuse_unknown(session, code)
        accounts = await _lock(session, wanted.wallet, customer_id, code.customer_id)
        wallet = await _assess(session, customer_id, code, wanted)
        await _refuse_unavailable(session, code, wallet, holds=accounts[code.customer_id].balance + wanted.points)
        _refuse_short(wanted.points, accounts[customer_id].available)
        _accept_proof(wallet, wanted, code, customer_id, now)
        row = await transfer_repository.pass_on(
            session, await _passing(session, customer_id, code.customer_id, code, wanted.points, now)
        )
    if row["outcome"] in _REFUSED:
        raise _REFUSED[row["outcome"]]
    refuse_unless_posted(row["outcome"], required=wanted.points, available=row["available_after"])
    received = PointsTransferReceived(wallet=wallet.code, points=wanted.points)
    await publish(session, received, subject_id=code.transfer_id, customer_id=code.customer_id)
    return Transferred(code.transfer_id, wallet.code, wanted.points, row["available_after"], now)


async def list_transfers(
    session: AsyncSession, scope: Scope, *, customer_id: UUID, before: tuple[datetime, UUID] | None, limit: int
) -> list[TransferRow]:
    """Return what a customer passed on and received, the newest first.

    Raises:
        NotFound: no such customer, or out of scope.
    """
    customer = await customers.get_customer(session, scope, customer_id=customer_id)
    return await transfer_repository.list_transfers(session, customer_id=customer.id, before=before, limit=limit)


def _read(keys: KeyRing, wanted: TransferRequest) -> ReceivingCode:
    code = read_receiving_code(keys, wanted.code)
    if code is None or code.wallet != wanted.wallet or code.expires_at <= clock.now():
        raise TransferCodeInvalid
    return code


async def _transferable(session: AsyncSession, code: str) -> Wallet:
    wallet = await repository.get_wallet(session, code)
    if wallet is None:
        raise NotFound
    if not wallet.transferable:
        raise NotTransferable
    if not wallet.active:
        raise WalletClosed
    if await transfer_repository.weighs_deposits(session, wallet.code):
        raise DepositRewardForbidden(wallet=wallet.code)
    return wallet


async def _assess(session: AsyncSession, customer_id: UUID, code: ReceivingCode, wanted: TransferRequest) -> Wallet:
    """Hold a transfer to the kind of points, to what is stopped, to both customers and to the giver's limits."""
    wallet, today = await _transferable(session, wanted.wallet), clock.today()
    if code.customer_id == customer_id:
        raise TransferToSelf
    if (await find_stops(session, earning=False)).stop(wallet=wallet.code):
        raise Stopped
    if await privacy.is_blocked(session, customer_id, Act.REDEEM, day=today):
        raise AccountFrozen
    passed = {
        since: await transfer_repository.sum_passed_on(
            session, customer_id=customer_id, wallet=wallet.code, since=since
        )
        for since in (today, today.replace(day=1))
    }
    limits = TransferLimits.model_validate(wallet.transfer_limits)
    broken = exceeded_by(wanted.points, limits, day=passed[today], month=passed[today.replace(day=1)])
    if broken is not None:
        raise TransferLimitReached(limit=str(broken.bound), most=broken.most, left=broken.left)
    return wallet


async def _refuse_unknown(session: AsyncSession, code: ReceivingCode) -> None:
    """Refuse where the receiver is no customer of the bank any more, or is another by now."""
    known = await repository.known_customers(session, [code.customer_id])
    if known.get(code.customer_id, code.customer_id) is not None:
        raise ReceiverUnavailable


async def _refuse_unavailable(session: AsyncSession, code: ReceivingCode, wallet: Wallet, *, holds: int = 0) -> None:
    """Refuse a code that was used, and a receiver who may not earn or would hold more than there may be."""
    await _refuse_unknown(session, code)
    used = await transfer_repository.find_transfer(session, customer_id=code.customer_id, transfer_id=code.transfer_id)
    if used is not None:
        raise TransferCodeInvalid
    if await privacy.is_blocked(session, code.customer_id, Act.EARN, day=clock.today()):
        raise ReceiverUnavailable
    if wallet.balance_cap is not None and holds > wallet.balance_cap:
        raise ReceiverUnavailable


async def _lock(session: AsyncSession, wallet: str, *customer_ids: UUID) -> dict[UUID, LockedAccount]:
    """Lock the accounts of both, in the order of their ids."""
    if await repository.get_wallet(session, wallet) is None:
        raise NotFound
    return {one: await lock_account(session, customer_id=one, wallet=wallet) for one in sorted(set(customer_ids))}


def _refuse_short(points: int, available: int) -> None:
    if points > available:
        raise InsufficientPoints(required=points, available=available, missing=points - available)


def _needs_step_up(wallet: Wallet, points: int) -> bool:
    return points >= TransferLimits.model_validate(wallet.transfer_limits).step_up_from


def _accept_proof(
    wallet: Wallet, wanted: TransferRequest, code: ReceivingCode, customer_id: UUID, now: datetime
) -> None:
    """Hold a transfer to its proof, which is of this transfer and so is good once."""
    proof = wanted.step_up
    if proof is None:
        if _needs_step_up(wallet, wanted.points):
            raise StepUpRequired(methods=list(METHODS), points=wanted.points)
        return
    proved = (proof.customer_id, proof.about, proof.quantity, proof.points)
    if proved != (customer_id, code.transfer_id, 1, wanted.points) or proof.expires_at <= now:
        raise StepUpInvalid


async def _passing(
    session: AsyncSession, giver: UUID, receiver: UUID, code: ReceivingCode, points: int, now: datetime
) -> Passing:
    lots = await transfer_repository.count_lots(session, customer_id=giver, wallet=code.wallet)
    return Passing(
        transfer=code.transfer_id,
        giver=giver,
        receiver=receiver,
        wallet=code.wallet,
        points=points,
        reverses=None,
        entries=[new_id(), new_id()],
        lots=sorted(new_id() for _ in range(lots)),
        reasons_zh=list(REASONS_ZH),
        reasons_en=list(REASONS_EN),
        source_kind=SourceKind.TRANSFER,
        source_id=to_public("trf", code.transfer_id),
        actor=giver,
        at=now,
        day=clock.business_day(now),
    )
