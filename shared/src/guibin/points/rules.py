"""When a credit expires, which events are taken, what points cost: pure decisions over plain values."""

from calendar import monthrange
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

from guibin.core.money import Cny
from guibin.points.models import Expiry, Rounding, Wallet

MAX_POINTS = 10**12
"""Most that one entry can move."""

OLDEST_EVENT = timedelta(days=400)
NEWEST_EVENT = timedelta(minutes=5)


def expiry_of(earned_on: date, wallet: Wallet) -> date | None:
    """Return the last day on which points of a wallet, earned on a day, can be spent; None without such a day.

    `calendar`: 31 December, so many years later. `rolling`: so many months later (the last day of a shorter month),
    then on to the end of the month, quarter, half-year or year that the wallet's rounding names. `never` and
    `inactivity` have no day: in the latter the account's own day counts.
    """
    if wallet.expiry == Expiry.CALENDAR:
        return date(earned_on.year + (wallet.expiry_years or 0), 12, 31)
    if wallet.expiry == Expiry.ROLLING:
        return _rounded(_months_later(earned_on, wallet.expiry_months or 0), Rounding(wallet.expiry_rounding))
    return None


def reached(code: str, wallets: Mapping[str, Wallet]) -> list[Wallet]:
    """Return a wallet and those into which its points roll over in turn, each once; a circle is walked once."""
    found: list[Wallet] = []
    at = wallets.get(code)
    while at is not None and at not in found:
        found.append(at)
        at = wallets.get(at.rolls_over_to or "")
    return found


def feeders(code: str, wallets: Mapping[str, Wallet]) -> set[str]:
    """Return the codes of wallets whose points come into a wallet by rolling over, its own included."""
    return {source for source in wallets if any(one.code == code for one in reached(source, wallets))}


def roll_over_fault(code: str, wallets: Mapping[str, Wallet]) -> str | None:
    """Return why a wallet cannot roll over as its terms say, None where it can.

    `unknown` or `closed`: there is no such wallet in use. `growth`: points that are spent and points that count for the
    tier do not become each other. `circle`: they would come back to where they were.
    """
    wallet = wallets[code]
    if wallet.rolls_over_to is None:
        return None
    target = wallets.get(wallet.rolls_over_to)
    faults = {
        "unknown": target is None,
        "closed": target is not None and not target.active,
        "growth": target is not None and target.growth != wallet.growth,
        "circle": reached(code, wallets)[-1].rolls_over_to == code,
    }
    return next((fault for fault, stands in faults.items() if stands), None)


def lapsing(points: int, share: int) -> int:
    """Return what of points goes where a share of so many percent does, rounded down."""
    return points * share // 100


_MONTHS_OF: Final = {Rounding.MONTH: 1, Rounding.QUARTER: 3, Rounding.HALF_YEAR: 6, Rounding.YEAR: 12}


def _months_later(day: date, months: int) -> date:
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def _rounded(day: date, rounding: Rounding) -> date:
    if rounding is Rounding.NONE:
        return day
    length = _MONTHS_OF[rounding]
    month = (day.month - 1) // length * length + length
    return date(day.year, month, monthrange(day.year, month)[1])


TRANSACTION: Final = "transaction"
"""The period of a cap on a single redemption or hold."""


def spending_since(period: str, day: date, tier_since: date | None) -> date | None:
    """Return the first day whose spending counts towards a cap on a day; None counts all, as without a tier.

    `period` is `day`, `month`, `year`, `tier` (since the tier began), `lifetime` or `transaction`.
    """
    first = {"day": day, "month": day.replace(day=1), "year": day.replace(month=1, day=1), "tier": tier_since}
    return first.get(period)


def is_event_date_accepted(occurred_at: datetime, now: datetime) -> bool:
    """Tell whether an event that arrives now may have occurred then: at most 5 minutes ahead, 400 days back."""
    return now - OLDEST_EVENT <= occurred_at <= now + NEWEST_EVENT


def cost_of(points: int, cost_fen: int) -> Cny:
    """Return what points cost the bank in fen, whichever way they move."""
    return abs(points) * cost_fen


@dataclass(frozen=True, slots=True)
class ReturnedPart:
    """A part of an event's amount that is returned: from how much on, until how much of the whole, in fen."""

    from_fen: int
    until_fen: int
    whole_fen: int

    @property
    def is_last(self) -> bool:
        """Tell whether nothing of the amount is left after it."""
        return self.until_fen == self.whole_fen

    def share_of(self, points: int) -> int:
        """Return how many of an earning's points go back with it: parts that make the whole give back all of them."""
        return points * self.until_fen // self.whole_fen - points * self.from_fen // self.whole_fen

    def share_of_rest(self, points: int) -> int:
        """Return how many of some points go back with it that stand for all that no part before has returned."""
        kept_fen, rest_fen = self.whole_fen - self.until_fen, self.whole_fen - self.from_fen
        return points - -(-points * kept_fen // rest_fen)
