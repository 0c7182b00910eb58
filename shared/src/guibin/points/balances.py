"""What a customer has in every wallet on a day, made of what the SQL function `points_balances` reads."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from pydantic import TypeAdapter

from guibin.points.models import AccountState, EntryKind
from guibin.points.report_rules import StatementLine, line_of
from guibin.points.rules import lapsing


@dataclass(frozen=True, slots=True)
class Due:
    """Points that can be spent until a day, that day included."""

    date: date
    points: int


@dataclass(frozen=True, slots=True)
class HeldPoints:
    """Points set aside until an instant, and why."""

    points: int
    expires_at: datetime
    reason_zh: str
    reason_en: str


@dataclass(frozen=True, slots=True)
class WalletNames:
    """A kind of points, what people call it, and what becomes of its points at their end."""

    code: str
    name_zh: str
    name_en: str
    unit_zh: str
    unit_en: str
    expiry_share: int
    rolls_over_to: str | None


@dataclass(frozen=True, slots=True)
class WalletBalance:
    """A customer's points of one kind; available = balance - held - what expired and is not yet posted.

    `releases` are the days on which pending points come free. `lifetime` sums all that ever moved, by the lines of a
    statement and signed, what paid or made debt included: together balance - debt.
    """

    wallet: WalletNames
    balance: int
    available: int
    pending: int
    held: int
    debt: int
    expiring: list[Due]
    releases: list[Due]
    lifetime: dict[StatementLine, int]
    lifetime_earned: int
    state: AccountState = AccountState.OPEN
    holds: tuple[HeldPoints, ...] = ()


@dataclass(frozen=True, slots=True)
class Balances:
    """All of a customer's wallets at one instant."""

    as_of: datetime
    wallets: list[WalletBalance]


@dataclass(frozen=True, slots=True)
class _Lot:
    date: date
    points: int
    free: int


@dataclass(frozen=True, slots=True)
class _Account:
    balance: int
    held: int
    debt: int
    pending: int
    state: AccountState
    lapses_on: date | None
    due: list[_Lot]
    releases: list[Due]
    moved: dict[str, int]
    holds: tuple[HeldPoints, ...]


@dataclass(frozen=True, slots=True)
class _Wallet(WalletNames):
    account: _Account | None


_NOTHING: Final = dict.fromkeys(StatementLine, 0)
_FACTS: Final = TypeAdapter(list[_Wallet])


def balances_of(facts: str, *, today: date, now: datetime) -> Balances:
    """Decide what the facts of `points_balances`, read now, mean on a day of business."""
    return Balances(as_of=now, wallets=[_balance(wallet, today) for wallet in _FACTS.validate_json(facts)])


def _balance(wallet: _Wallet, today: date) -> WalletBalance:
    account = wallet.account
    if account is None:
        return WalletBalance(wallet, 0, 0, 0, 0, 0, [], [], _NOTHING.copy(), 0)
    due = [Due(lot.date, lot.points) for lot in account.due]
    expired = sum(lot.free for lot in account.due if lot.date < today)
    free = account.balance - account.held
    if account.lapses_on is not None:
        lapses = lapsing(free, wallet.expiry_share)
        due, expired = [Due(account.lapses_on, lapses)], lapses if account.lapses_on < today else 0
    return WalletBalance(
        wallet=wallet,
        balance=account.balance,
        available=free - expired,
        pending=account.pending,
        held=account.held,
        debt=account.debt,
        expiring=[one for one in due if one.date >= today and one.points > 0],
        releases=account.releases,
        lifetime=_lifetime(account.moved),
        lifetime_earned=account.moved.get(EntryKind.EARN, 0),
        state=account.state,
        holds=account.holds,
    )


def _lifetime(moved: Mapping[str, int]) -> dict[StatementLine, int]:
    sums = _NOTHING.copy()
    for kind, points in moved.items():
        sums[line_of(kind)] += points
    return sums
