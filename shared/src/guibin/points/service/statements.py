"""A customer's month: what there was, what came and went, what there is, and what of it ends when."""

from calendar import monthrange
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy import RowMapping
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.core import clock
from guibin.core.errors import NotFound
from guibin.customers import repository as customers
from guibin.points import report_repository, repository
from guibin.points.balances import Due
from guibin.points.models import Wallet
from guibin.points.report_rules import StatementLine, line_of
from guibin.security.actors import Scope


@dataclass(frozen=True, slots=True)
class WalletStatement:
    """A wallet in a month: opening + all of `lines` (signed) = closing.

    `pending` and `debt` are those of the end, no part of the balance; `debt_paid` is what credits of the month paid of
    it. `due` is what of the closing balance ends on which day; in wallets whose points end for want of activity no day
    stands before it has come.
    """

    wallet: Wallet
    opening: int
    lines: dict[StatementLine, int]
    closing: int
    pending: int
    debt: int
    debt_paid: int
    due: list[Due]


@dataclass(frozen=True, slots=True)
class Statement:
    """A month of a customer. Once it is closed it never changes; before, it shows the month so far."""

    customer_id: UUID
    first: date
    last: date
    closed: bool
    wallets: list[WalletStatement]


@dataclass(frozen=True, slots=True)
class StatementMonth:
    """A month of which there is a statement."""

    first: date
    closed: bool


async def statement_months(
    session: AsyncSession, scope: Scope, *, customer_id: UUID, today: date
) -> list[StatementMonth]:
    """Return the months of which a customer has statements, newest first: from the first movement to this month.

    Raises:
        NotFound: no such customer, or out of scope.
    """
    customer = await customers.get_customer(session, scope, customer_id=customer_id)
    closed = await report_repository.last_closed_day(session)
    return [StatementMonth(month, _is_closed(month, closed)) for month in await _months(session, customer.id, today)]


async def statement(session: AsyncSession, scope: Scope, *, customer_id: UUID, month: date, today: date) -> Statement:
    """Return the statement of the month that begins on `month`.

    Raises:
        NotFound: no such customer, out of scope, or the month lies before the first movement or ahead.
    """
    customer = await customers.get_customer(session, scope, customer_id=customer_id)
    if month not in await _months(session, customer.id, today):
        raise NotFound
    last = _last_of(month)
    sums = await report_repository.sums_of(session, customer_id=customer.id, first=month, last=last)
    due = await report_repository.due_of(session, customer_id=customer.id, day=last)
    wallets = [
        _of(wallet, [row for row in sums if row["wallet"] == wallet.code], due)
        for wallet in await repository.list_wallets(session)
        if wallet.active or any(row["wallet"] == wallet.code for row in sums)
    ]
    closed = await report_repository.last_closed_day(session)
    return Statement(customer.id, month, last, _is_closed(month, closed), wallets)


async def _months(session: AsyncSession, customer_id: UUID, today: date) -> list[date]:
    began = await report_repository.first_day_of(session, customer_id=customer_id) or today
    count = (today.year - began.year) * 12 + today.month - began.month
    numbers = (today.year * 12 + today.month - 1 - back for back in range(count + 1))
    return [date(number // 12, number % 12 + 1, 1) for number in numbers]


def _of(wallet: Wallet, sums: Sequence[RowMapping], due: Sequence[RowMapping]) -> WalletStatement:
    within = [row for row in sums if row["kind"] is not None]
    lines = dict.fromkeys(StatementLine, 0)
    for row in within:
        lines[line_of(row["kind"])] += int(row["points"])
    opening = sum(int(row["points"]) for row in sums if row["kind"] is None)
    return WalletStatement(
        wallet=wallet,
        opening=opening,
        lines=lines,
        closing=opening + sum(lines.values()),
        pending=sum(int(row["pending"]) for row in sums),
        debt=sum(int(row["debt"]) for row in sums),
        debt_paid=sum(max(-int(row["debt"]), 0) for row in within),
        due=[Due(row["expires_on"], int(row["points"])) for row in due if row["wallet"] == wallet.code],
    )


def _last_of(month: date) -> date:
    return month.replace(day=monthrange(month.year, month.month)[1])


def _is_closed(month: date, last_closed: date | None) -> bool:
    return last_closed is not None and _last_of(month) <= min(last_closed, clock.last_closed_day())
