"""What the bank owes in points: the liability of a day, how it rolled forward, and what of it will probably expire."""

from dataclasses import dataclass
from datetime import date

from sqlalchemy import RowMapping
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.points import report_repository
from guibin.points.report_rules import (
    Amount,
    GroupBy,
    Moved,
    Period,
    RollForward,
    expected_breakage,
    redemption_rate,
    roll_forward,
)
from guibin.security.row_scope import all_rows


@dataclass(frozen=True, slots=True)
class Outstanding:
    """Points of a wallet, pending ones included, at the lots' cost at issue; `key` is the group's."""

    wallet: str
    key: str | None
    amount: Amount
    pending: int


@dataclass(frozen=True, slots=True)
class DueMonth:
    """What of a wallet ends in a month as things stand, and what of that will probably be left; None is not known.

    What rolls over into another wallet is owed on: nothing of it is left.
    """

    month: date
    wallet: str
    due: Amount
    breakage: Amount | None
    rolls_over_to: str | None


@dataclass(frozen=True, slots=True)
class WalletRate:
    """Of the lots of a wallet of which nothing remains: points used and expired, and the share that was used."""

    wallet: str
    used: int
    expired: int
    rate: float | None


@dataclass(frozen=True, slots=True)
class Forecast:
    """When what is outstanding ends, and how much of it will probably never be used."""

    months: list[DueMonth]
    rates: list[WalletRate]


async def liability(session: AsyncSession, *, day: date, group_by: GroupBy) -> list[Outstanding]:
    """Return all that stood at the end of a day, by wallet and group; the sum of all lots at their cost at issue."""
    async with all_rows(session):
        rows = await report_repository.outstanding(session, day=day, group_by=group_by)
    return [Outstanding(row["wallet"], row["key"], _amount(row), int(row["pending"])) for row in rows]


async def rolled_forward(session: AsyncSession, *, first: date, last: date, period: Period) -> list[RollForward]:
    """Return opening, movements and closing of each period of a range, by wallet: closed days as they were closed."""
    async with all_rows(session):
        rows = await report_repository.moved_until(session, last=last)
    moved = [Moved(row["day"], row["wallet"], row["kind"], _amount(row)) for row in rows]
    return roll_forward(moved, first=first, last=last, period=period)


async def forecast(session: AsyncSession) -> Forecast:
    """Return what ends in which month, with the breakage expected of it.

    The redemption rate of a wallet is used / (used + expired) over its closed lots, those of which nothing remains, in
    points and net of refunds. Expected breakage of a month = what is due in it x (1 - redemption rate), rounded down;
    the rest of the cost is what the bank expects to pay. Points that end for want of activity are due on the account's
    day, as it stands now: where a share of them goes, that share.
    """
    async with all_rows(session):
        due = await report_repository.due_by_month(session)
        ended = await report_repository.ended_lots(session)
    known = {row["wallet"]: (max(int(row["used"]), 0), int(row["expired"])) for row in ended}
    months = []
    for row in due:
        used, expired = known.get(row["wallet"], (0, 0))
        amount = _amount(row)
        into = row["rolls_over_to"]
        breakage = expected_breakage(amount, used=used, expired=expired) if into is None else Amount()
        months.append(DueMonth(row["month"], row["wallet"], amount, breakage, into))
    rates = [WalletRate(code, *sums, redemption_rate(*sums)) for code, sums in sorted(known.items())]
    return Forecast(sorted(months, key=lambda one: (one.month, one.wallet)), rates)


def _amount(row: RowMapping) -> Amount:
    return Amount(int(row["points"]), int(row["cost_fen"]))
