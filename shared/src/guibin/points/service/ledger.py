"""Posting to the ledger: the only callers of its SQL functions in Python."""

from dataclasses import dataclass
from datetime import date
from typing import Any, Final
from uuid import UUID

from sqlalchemy import RowMapping
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.core import clock
from guibin.core.errors import NotFound, Refusal
from guibin.core.ids import new_id
from guibin.points import repository, rules
from guibin.points.errors import (
    AccountClosed,
    AccountFrozen,
    CaptureExceedsHold,
    HoldClosed,
    InsufficientPoints,
    RefundExceedsPaid,
    ReversalExceedsCredit,
    WalletClosed,
)
from guibin.points.models import AccountState, EntryKind
from guibin.points.repository import Movement

CREDITS: Final = frozenset({EntryKind.EARN, EntryKind.OPENING, EntryKind.ADJUST_CREDIT})
_REFUSED: Final[dict[str, type[Refusal]]] = {
    "account_frozen": AccountFrozen,
    "account_closed": AccountClosed,
    "wallet_closed": WalletClosed,
    "refund_exceeds_paid": RefundExceedsPaid,
    "reversal_exceeds_credit": ReversalExceedsCredit,
    "capture_exceeds_hold": CaptureExceedsHold,
    "hold_closed": HoldClosed,
    "nothing": NotFound,
}


@dataclass(frozen=True, slots=True)
class LockedAccount:
    """What an account holds while it is locked; available = balance - held - what expired and is not yet posted."""

    balance: int
    held: int
    debt: int
    pending: int
    available: int
    state: AccountState


@dataclass(frozen=True, slots=True)
class LotUse:
    """Points that a debit drew from a lot, or that a credit put into one."""

    lot_id: UUID
    points: int
    expires_on: date | None


@dataclass(frozen=True, slots=True)
class Posted:
    """An entry of the ledger. `duplicate`: its source had posted it before, and nothing changed now.

    `points` is what the balance changed by; `debt_change` is negative where a credit paid debt, positive where a
    claw-back made some.
    """

    entry_id: UUID
    seq: int
    points: int
    debt_change: int
    balance_after: int
    available_after: int
    lots: list[LotUse]
    duplicate: bool


async def lock_account(session: AsyncSession, *, customer_id: UUID, wallet: str) -> LockedAccount:
    """Lock an account for the rest of the transaction; a redemption does this first. It is made on first use."""
    now = clock.now()
    row = await repository.lock_account(
        session, customer_id=customer_id, wallet=wallet, at=now, day=clock.business_day(now)
    )
    return LockedAccount(
        row["balance"], row["held"], row["debt"], row["pending"], row["available"], AccountState(row["state"])
    )


async def post(
    session: AsyncSession,
    *,
    customer_id: UUID,
    wallet: str,
    kind: EntryKind,
    points: int,
    reason_zh: str,
    reason_en: str,
    source_kind: str,
    source_id: str,
    actor_id: UUID,
    expires_on: date | None = None,
) -> Posted:
    """Post one credit or debit of 1 to 10^12 points; the kind determines its sign.

    A debit draws on the lots that expire first. A credit makes a lot, which expires by the wallet's rule unless
    `expires_on` says otherwise. `source_kind` and `source_id` name what caused it: the same source posts once.

    Raises:
        InsufficientPoints: with required, available and missing.
        AccountFrozen, AccountClosed, WalletClosed: the account or the wallet does not move.
        NotFound: no such wallet.
    """
    now = clock.now()
    today = clock.business_day(now)
    credit = kind in CREDITS
    if credit and expires_on is None:
        expires_on = await _wallet_expiry(session, wallet, today)
    movement = Movement(
        customer=customer_id,
        wallet=wallet,
        kind=kind,
        points=points,
        entry=new_id(),
        lot=new_id() if credit else None,
        expires_on=expires_on,
        reason_zh=reason_zh,
        reason_en=reason_en,
        source_kind=source_kind,
        source_id=source_id,
        actor=actor_id,
        at=now,
        day=today,
    )
    return read_posted(await repository.post(session, movement), required=points)


def read_posted(row: RowMapping, *, required: int) -> Posted:
    """Read an outcome of a function of the ledger, or raise its refusal."""
    refuse_unless_posted(row["outcome"], required=required, available=row["available_after"])
    return Posted(
        entry_id=row["entry_id"],
        seq=row["seq"],
        points=row["points"],
        debt_change=row["debt_change"],
        balance_after=row["balance_after"],
        available_after=row["available_after"],
        lots=read_lots(row["lots"]),
        duplicate=row["outcome"] == "duplicate",
    )


def refuse_unless_posted(outcome: str, *, required: int, available: int) -> None:
    """Turn an outcome other than posted and duplicate into its refusal; `nothing` means that there is no such thing."""
    if outcome == "insufficient_points":
        raise InsufficientPoints(required=required, available=available, missing=required - available)
    if outcome in _REFUSED:
        raise _REFUSED[outcome]


def read_lots(lots: list[dict[str, Any]]) -> list[LotUse]:
    """Read lots as the database writes them in JSON."""
    return [
        LotUse(UUID(lot["lot_id"]), lot["points"], date.fromisoformat(lot["expires_on"]) if lot["expires_on"] else None)
        for lot in lots
    ]


async def _wallet_expiry(session: AsyncSession, wallet: str, today: date) -> date | None:
    found = await repository.get_wallet(session, wallet)
    if found is None:
        raise NotFound
    return rules.expiry_of(today, found)
