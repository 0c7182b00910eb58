"""What kinds of entries mean in statements and in the books: pure mappings and sums over plain values."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from itertools import groupby
from typing import Final

from guibin.core.money import Cny
from guibin.points.models import EntryKind


class StatementLine(StrEnum):
    """A line of a customer's statement."""

    EARNED = "earned"
    REDEEMED = "redeemed"
    REFUNDED = "refunded"
    CLAWED_BACK = "clawed_back"
    EXPIRED = "expired"
    ADJUSTED = "adjusted"
    TRANSFERRED = "transferred"


class Movement(StrEnum):
    """How what is outstanding changes, as the bank's books see it."""

    ISSUED = "issued"
    USED = "used"
    GIVEN_BACK = "given_back"
    EXPIRED = "expired"
    REVERSED = "reversed"
    TRANSFERRED_IN = "transferred_in"
    TRANSFERRED_OUT = "transferred_out"


class GroupBy(StrEnum):
    """By what the outstanding points are told apart, within each wallet."""

    WALLET = "wallet"
    AGE = "age"
    FUNDING_LINE = "funding_line"
    EXPIRY_YEAR = "expiry_year"


class Period(StrEnum):
    """The length of a line of the roll-forward."""

    DAY = "day"
    MONTH = "month"


_LINES: Final[Mapping[str, StatementLine]] = {
    EntryKind.OPENING: StatementLine.EARNED,
    EntryKind.EARN: StatementLine.EARNED,
    EntryKind.PENDING_ACTIVATE: StatementLine.EARNED,
    EntryKind.REDEEM: StatementLine.REDEEMED,
    EntryKind.ORDER: StatementLine.REDEEMED,
    EntryKind.REFUND: StatementLine.REFUNDED,
    EntryKind.CLAW_BACK: StatementLine.CLAWED_BACK,
    EntryKind.EXPIRE: StatementLine.EXPIRED,
    EntryKind.EXPIRE_EARLY: StatementLine.EXPIRED,
    EntryKind.ADJUST_CREDIT: StatementLine.ADJUSTED,
    EntryKind.ADJUST_DEBIT: StatementLine.ADJUSTED,
}

# What comes free of pending points was issued when they were granted; the part that pays debt ends there, like the
# claw-back that made the debt.
_MOVEMENTS: Final[Mapping[str, Movement]] = {
    EntryKind.OPENING: Movement.ISSUED,
    EntryKind.EARN: Movement.ISSUED,
    EntryKind.ADJUST_CREDIT: Movement.ISSUED,
    EntryKind.PENDING_ADD: Movement.ISSUED,
    EntryKind.REDEEM: Movement.USED,
    EntryKind.ORDER: Movement.USED,
    EntryKind.REFUND: Movement.GIVEN_BACK,
    EntryKind.EXPIRE: Movement.EXPIRED,
    EntryKind.EXPIRE_EARLY: Movement.EXPIRED,
    EntryKind.CLAW_BACK: Movement.REVERSED,
    EntryKind.ADJUST_DEBIT: Movement.REVERSED,
    EntryKind.PENDING_CANCEL: Movement.REVERSED,
    EntryKind.PENDING_ACTIVATE: Movement.REVERSED,
}


_INWARD: Final = frozenset({Movement.ISSUED, Movement.GIVEN_BACK, Movement.TRANSFERRED_IN})


def line_of(kind: str) -> StatementLine:
    """Return the line of a statement to which a kind of entry belongs; what moves between accounts is transferred."""
    return _LINES.get(kind, StatementLine.TRANSFERRED)


def movement_of(kind: str, points: int) -> Movement:
    """Return what a change of the outstanding points by entries of a kind is in the books."""
    between = Movement.TRANSFERRED_IN if points > 0 else Movement.TRANSFERRED_OUT
    return _MOVEMENTS.get(kind, between)


@dataclass(frozen=True, slots=True)
class Amount:
    """Points and their cost at issue."""

    points: int = 0
    cost_fen: Cny = 0

    def plus(self, other: "Amount") -> "Amount":
        """Add both."""
        return Amount(self.points + other.points, self.cost_fen + other.cost_fen)

    def signed(self, movement: Movement) -> "Amount":
        """Give a size the sign of its movement."""
        return self if movement in _INWARD else Amount(-self.points, -self.cost_fen)

    def size(self) -> "Amount":
        """Drop the sign."""
        return Amount(abs(self.points), abs(self.cost_fen))


@dataclass(frozen=True, slots=True)
class Moved:
    """A signed change of what is outstanding in a wallet, on a day, by entries of a kind."""

    day: date
    wallet: str
    kind: str
    amount: Amount


@dataclass(frozen=True, slots=True)
class RollForward:
    """A period of a wallet: opening + issued - used - expired - reversed + transferred = closing.

    `used` is less what was given back, and `given_back` tells how much that was; `transferred` is signed.
    """

    begins: date
    wallet: str
    opening: Amount
    issued: Amount
    used: Amount
    given_back: Amount
    expired: Amount
    reversed: Amount
    transferred: Amount
    closing: Amount


def begins(day: date, period: Period) -> date:
    """Return the first day of the period in which a day lies."""
    return day.replace(day=1) if period is Period.MONTH else day


def roll_forward(moved: Iterable[Moved], *, first: date, last: date, period: Period) -> list[RollForward]:
    """Return a line for each period of a range and each wallet that has moved by its end, by period and wallet.

    The first period opens with all that moved before `first`, which must be in `moved` too.
    """
    rows = sorted((one for one in moved if one.day <= last), key=lambda one: one.wallet)
    lines = [
        line
        for wallet, own in groupby(rows, key=lambda one: one.wallet)
        for line in _periods(wallet, list(own), first, last, period)
    ]
    return sorted(lines, key=lambda line: (line.begins, line.wallet))


def _periods(wallet: str, moved: list[Moved], first: date, last: date, period: Period) -> Iterable[RollForward]:
    opening = _sum(one.amount for one in moved if one.day < first)
    days = [first + timedelta(days=count) for count in range((last - first).days + 1)]
    for start in sorted({begins(day, period) for day in days}):
        line = _line(wallet, start, opening, [m for m in moved if m.day >= first and begins(m.day, period) == start])
        yield line
        opening = line.closing


def _line(wallet: str, start: date, opening: Amount, moved: list[Moved]) -> RollForward:
    def of(*kinds: Movement) -> Amount:
        return _sum(one.amount for one in moved if movement_of(one.kind, one.amount.points) in kinds)

    def less(*kinds: Movement) -> Amount:
        found = of(*kinds)
        return Amount(-found.points, -found.cost_fen)

    return RollForward(
        begins=start,
        wallet=wallet,
        opening=opening,
        issued=of(Movement.ISSUED),
        used=less(Movement.USED, Movement.GIVEN_BACK),
        given_back=of(Movement.GIVEN_BACK),
        expired=less(Movement.EXPIRED),
        reversed=less(Movement.REVERSED),
        transferred=of(Movement.TRANSFERRED_IN, Movement.TRANSFERRED_OUT),
        closing=opening.plus(_sum(one.amount for one in moved)),
    )


def _sum(amounts: Iterable[Amount]) -> Amount:
    total = Amount()
    for amount in amounts:
        total = total.plus(amount)
    return total


def redemption_rate(used: int, expired: int) -> float | None:
    """Return which share of the points of closed lots was used; None where nothing has been used or has expired."""
    return used / (used + expired) if used + expired else None


def expected_breakage(due: Amount, *, used: int, expired: int) -> Amount | None:
    """Return what of the points that fall due will probably expire, rounded down: due x expired / (used + expired).

    `used` and `expired` are the points of closed lots of the wallet: lots of which nothing remains. The share of them
    that expired is taken for the share of what is outstanding that will. None without any closed lot.
    """
    if used + expired <= 0:
        return None
    return Amount(due.points * expired // (used + expired), due.cost_fen * expired // (used + expired))
