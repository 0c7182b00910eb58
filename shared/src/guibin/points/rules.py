"""What an event earns and when a credit expires: pure decisions over plain values."""

from calendar import monthrange
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

from guibin.core.money import Cny
from guibin.points.models import EarningKind, EarningRule, Expiry, Rounding, Wallet

MAX_POINTS = 10**12
"""Most that one entry can move."""

OLDEST_EVENT = timedelta(days=400)
NEWEST_EVENT = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Earning:
    """A rule of earning: `fixed` points for each event, or `proportional` points for each full `per_fen` of amount."""

    code: str
    wallet: str
    event_type: str
    kind: EarningKind
    points: int
    name_zh: str
    name_en: str
    per_fen: int | None = None
    max_points: int | None = None

    @classmethod
    def of(cls, rule: EarningRule) -> "Earning":
        """Take what decides from a stored rule."""
        return cls(
            code=rule.code,
            wallet=rule.wallet,
            event_type=rule.event_type,
            kind=EarningKind(rule.kind),
            points=rule.points,
            name_zh=rule.name_zh,
            name_en=rule.name_en,
            per_fen=rule.per_fen,
            max_points=rule.max_points,
        )


@dataclass(frozen=True, slots=True)
class Earned:
    """What one rule gives for one event."""

    rule: Earning
    points: int


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


def points_for(rule: Earning, amount_fen: Cny | None) -> int:
    """Return the points that a rule gives for an event's amount; a part of `per_fen` gives nothing."""
    if rule.kind is EarningKind.FIXED:
        points = rule.points
    elif rule.per_fen is None or amount_fen is None:
        points = 0
    else:
        points = amount_fen // rule.per_fen * rule.points
    return points if rule.max_points is None else min(points, rule.max_points)


def earnings_of(rules: Iterable[Earning], event_type: str, amount_fen: Cny | None) -> list[Earned]:
    """Return what an event earns: for each wallet the rule that gives most, ties by the rule's code.

    One entry holds at most `MAX_POINTS`; what comes in singly is refused before (`is_amount_in_range`).
    """
    best: dict[str, Earned] = {}
    for rule in sorted(rules, key=lambda rule: rule.code):
        points = min(points_for(rule, amount_fen), MAX_POINTS) if rule.event_type == event_type else 0
        if points > 0 and (rule.wallet not in best or points > best[rule.wallet].points):
            best[rule.wallet] = Earned(rule, points)
    return [best[wallet] for wallet in sorted(best)]


def is_amount_in_range(rules: Iterable[Earning], event_type: str, amount_fen: Cny | None) -> bool:
    """Tell whether no rule gives more points for an event than one entry can hold."""
    return all(points_for(rule, amount_fen) <= MAX_POINTS for rule in rules if rule.event_type == event_type)


def is_event_date_accepted(occurred_at: datetime, now: datetime) -> bool:
    """Tell whether an event that arrives now may have occurred then: at most 5 minutes ahead, 400 days back."""
    return now - OLDEST_EVENT <= occurred_at <= now + NEWEST_EVENT


def cost_of(points: int, cost_fen: int) -> Cny:
    """Return what points cost the bank in fen, whichever way they move."""
    return abs(points) * cost_fen
