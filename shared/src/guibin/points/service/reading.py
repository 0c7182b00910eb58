"""What a customer has, and how it came about."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.core import clock
from guibin.customers import repository as customers
from guibin.points import repository
from guibin.points.models import AccountState, EntryKind, PointsEntry, Wallet
from guibin.points.report_rules import StatementLine, line_of
from guibin.points.repository import EntryFilter
from guibin.points.service.ledger import LotUse
from guibin.security.actors import Scope


@dataclass(frozen=True, slots=True)
class Due:
    """Points that can be spent until a day, that day included."""

    date: date
    points: int


@dataclass(frozen=True, slots=True)
class WalletBalance:
    """A customer's points of one kind; available = balance - held - what expired and is not yet posted.

    `releases` are the days on which pending points come free. `lifetime` sums all that ever moved, by the lines of a
    statement and signed, what paid or made debt included: together balance - debt.
    """

    wallet: Wallet
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


@dataclass(frozen=True, slots=True)
class Balances:
    """All of a customer's wallets at one instant."""

    as_of: datetime
    wallets: list[WalletBalance]


@dataclass(frozen=True, slots=True)
class EntryView:
    """An entry with the lots that a debit drew on, or the lot that a credit made."""

    entry: PointsEntry
    lots: list[LotUse]


async def balances(session: AsyncSession, scope: Scope, *, customer_id: UUID, today: date) -> Balances:
    """Return what a customer has in every wallet that is in use or that the customer has an account of.

    Raises:
        NotFound: no such customer, or out of scope.
    """
    customer = await customers.get_customer(session, scope, customer_id=customer_id)
    accounts = {row["wallet"]: row for row in await repository.account_figures(session, scope, customer_id=customer.id)}
    wallets = [
        _balance(wallet, accounts.get(wallet.code), today)
        for wallet in await repository.list_wallets(session)
        if wallet.active or wallet.code in accounts
    ]
    return Balances(as_of=clock.now(), wallets=wallets)


def _balance(wallet: Wallet, account: repository.Figures | None, today: date) -> WalletBalance:
    if account is None:
        return WalletBalance(wallet, 0, 0, 0, 0, 0, [], [], dict.fromkeys(StatementLine, 0), 0)
    due = [Due(date.fromisoformat(lot["date"]), lot["points"]) for lot in account["due"]]
    expired = sum(lot["free"] for lot in account["due"] if date.fromisoformat(lot["date"]) < today)
    free = account["balance"] - account["held"]
    if account["lapses_on"] is not None:
        due, expired = [Due(account["lapses_on"], free)], free if account["lapses_on"] < today else 0
    return WalletBalance(
        wallet=wallet,
        balance=account["balance"],
        available=free - expired,
        pending=account["pending"],
        held=account["held"],
        debt=account["debt"],
        expiring=[lot for lot in due if lot.date >= today and lot.points > 0],
        releases=[Due(date.fromisoformat(one["date"]), one["points"]) for one in account["releases"]],
        lifetime=_lifetime(account["moved"]),
        lifetime_earned=account["moved"].get(EntryKind.EARN, 0),
        state=AccountState(account["state"]),
    )


def _lifetime(moved: Mapping[str, int]) -> dict[StatementLine, int]:
    sums = dict.fromkeys(StatementLine, 0)
    for kind, points in moved.items():
        sums[line_of(kind)] += points
    return sums


async def list_entries(
    session: AsyncSession, scope: Scope, *, customer_id: UUID, wanted: EntryFilter, limit: int
) -> Sequence[EntryView]:
    """Return a customer's history, newest first: by `seq` within a wallet, by (posted_at, id) over all wallets.

    Raises:
        NotFound: no such customer, or out of scope.
    """
    customer = await customers.get_customer(session, scope, customer_id=customer_id)
    entries = await repository.list_entries(session, scope, customer_id=customer.id, wanted=wanted, limit=limit)
    lots: dict[UUID, list[LotUse]] = {}
    ids = [entry.id for entry in entries]
    for row in await repository.lots_of_entries(session, customer_id=customer.id, entry_ids=ids):
        lots.setdefault(row["entry_id"], []).append(LotUse(row["lot_id"], row["points"], row["expires_on"]))
    return [EntryView(entry, lots.get(entry.id, [])) for entry in entries]
