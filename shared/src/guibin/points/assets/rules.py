"""What a month's assets earn, and where deposits may earn at all: pure decisions over plain values."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import Final

from guibin.core.money import Cny, divide_half_up, format_cny
from guibin.holdings.models import EventType
from guibin.holdings.months import Month, last_complete_month
from guibin.points.assets.models import AssetRule
from guibin.points.models import Wallet
from guibin.points.rules import MAX_POINTS
from guibin.products.models import ProductClass

WHOLE: Final = 100
"""Weights are per cent: a class that weighs this counts in full."""

MILLION_FEN: Final = 100_000_000
"""A million CNY: what a rate in millionths gives points for."""

MOST_PPM: Final = 1_000_000
"""A point for each CNY."""

CORRECTION_DAYS: Final = 7
"""Days of the next month in which late balances still count: the night of the last one seals the month."""

DEPOSIT_CLASSES: Final = frozenset(
    {ProductClass.DEPOSITS, ProductClass.STRUCTURED, ProductClass.CERTIFICATE_OF_DEPOSIT}
)
DEPOSIT_EVENTS: Final = frozenset({EventType.DEPOSIT, EventType.TRANSFER_IN, EventType.TRANSFER_OUT})
GOODS_CATEGORIES: Final = frozenset({"shopping"})
"""Categories of rights that are goods, coupons or top-ups."""

_ROUGH_FEN: Final = 10_000_00


class Outcome(StrEnum):
    """Why a rule gives what it gives."""

    POINTS = "points"
    CAPPED = "capped"
    NOT_A_FULL_POINT = "not_a_full_point"
    BELOW_THRESHOLD = "below_threshold"
    AVERAGE_UNKNOWN = "average_unknown"
    TIER_NOT_INCLUDED = "tier_not_included"
    OTHER_BRANCH = "other_branch"


@dataclass(frozen=True, slots=True)
class ClassSum:
    """What a customer owned of one class: balances of a month in fen, summed over its days."""

    product_class: str
    fen_days: int
    unknown: bool = False
    stale_lines: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Terms:
    """What decides of a rule; see `AssetRule`."""

    weights: Mapping[str, int]
    threshold_fen: Cny
    step_fen: Cny | None
    rate_ppm: int | None
    cap_points: int | None
    tiers: frozenset[str] | None

    @classmethod
    def of(cls, rule: AssetRule) -> "Terms":
        """Take what decides from a stored version."""
        return cls(
            weights=rule.weights,
            threshold_fen=rule.threshold_fen,
            step_fen=rule.step_fen,
            rate_ppm=rule.rate_ppm,
            cap_points=rule.cap_points,
            tiers=None if rule.tiers is None else frozenset(rule.tiers),
        )


@dataclass(frozen=True, slots=True)
class Assessment:
    """What a rule gives one customer for one month. The average is weighted; None where it is unknown."""

    average_fen: Cny | None
    points: int
    outcome: Outcome


def weighted_average(sums: Iterable[ClassSum], weights: Mapping[str, int], days: int) -> Cny:
    """Return the weighted month-daily average, rounded half up to fen once, at the end."""
    total = sum(one.fen_days * weights.get(one.product_class, 0) for one in sums)
    return divide_half_up(total, WHOLE * days)


def points_of(average_fen: Cny, terms: Terms) -> int:
    """Return the points for an average before tiers and branches are asked: rounded down, within the cap."""
    if average_fen < terms.threshold_fen:
        return 0
    return min(_uncapped(average_fen, terms), terms.cap_points or MAX_POINTS)


def _uncapped(average_fen: Cny, terms: Terms) -> int:
    if terms.step_fen is not None:
        return average_fen // terms.step_fen
    return average_fen * (terms.rate_ppm or 0) // MILLION_FEN


def assess(sums: Collection[ClassSum], terms: Terms, *, days: int, tier: str | None, in_branch: bool) -> Assessment:
    """Say what a rule gives for a month, and why. `tier` is the one of the month's last day."""
    if any(one.unknown and terms.weights.get(one.product_class, 0) for one in sums):
        return Assessment(None, 0, Outcome.AVERAGE_UNKNOWN)
    average = weighted_average(sums, terms.weights, days)
    if not in_branch:
        return Assessment(average, 0, Outcome.OTHER_BRANCH)
    if terms.tiers is not None and tier not in terms.tiers:
        return Assessment(average, 0, Outcome.TIER_NOT_INCLUDED)
    if average < terms.threshold_fen:
        return Assessment(average, 0, Outcome.BELOW_THRESHOLD)
    points = points_of(average, terms)
    if points == 0:
        return Assessment(average, 0, Outcome.NOT_A_FULL_POINT)
    return Assessment(average, points, Outcome.CAPPED if points < _uncapped(average, terms) else Outcome.POINTS)


def month_of(first: date) -> Month:
    """Return a month by its first day."""
    return last_complete_month(month_after(first) - timedelta(days=1))


def month_after(first: date) -> date:
    """Return the first day of the next month."""
    return (first.replace(day=28) + timedelta(days=4)).replace(day=1)


def months_between(first: date, last: date) -> list[date]:
    """Return the first days of the months from one to another, both included."""
    count = (last.year - first.year) * 12 + last.month - first.month + 1
    numbers = [first.year * 12 + first.month - 1 + step for step in range(count)]
    return [date(number // 12, number % 12 + 1, 1) for number in numbers]


def is_last_chance(month: Month, day: date) -> bool:
    """Tell whether the night of a day is the last that looks at a month: its points are posted by the 8th."""
    return day >= month.last + timedelta(days=CORRECTION_DAYS)


def rules_of(month: date, versions: Iterable[AssetRule]) -> list[AssetRule]:
    """Return the version in force of each code for a month, by code, out of active ones."""
    latest: dict[str, AssetRule] = {}
    for one in sorted(versions, key=lambda one: (one.code, one.first_month, one.version)):
        if one.first_month <= month:
            latest[one.code] = one
    return [one for one in latest.values() if one.last_month is None or month <= one.last_month]


def reason_of(month: date, average_fen: Cny, terms: Terms) -> tuple[str, str]:
    """Return the reason of an entry in Chinese and English: the amount that counted, in full steps or ten thousands.

    It tells no more of the customer's assets than the points themselves do.
    """
    step = terms.step_fen or _ROUGH_FEN
    counted = _grouped(average_fen // step * step)
    return (
        f"{month.year}年{month.month}月资产日均满 {counted} 元",
        f"Average assets of {month:%Y-%m}: {counted} CNY and more",
    )


def correction_reason_of(month: date, average_fen: Cny, terms: Terms) -> tuple[str, str]:
    """Return the reason of a correction after late balances."""
    zh, en = reason_of(month, average_fen, terms)
    return f"{zh}（迟到数据更正）", f"{en} (corrected after late figures)"


def per_mille(rate_ppm: int) -> str:
    """Write a rate in millionths as per mille with three places, `800` as `0.800`."""
    return f"{rate_ppm // 1000}.{rate_ppm % 1000:03d}"


def _grouped(fen: Cny) -> str:
    whole, places = format_cny(fen).split(".")
    return f"{int(whole):,}.{places}"


def is_goods_wallet(wallet: Wallet) -> bool:
    """Tell whether what rewards deposits must not reach a wallet: it buys goods, coupons or top-ups, or moves on."""
    return (
        wallet.buys_goods
        or wallet.transferable
        or wallet.pooled
        or bool(GOODS_CATEGORIES & set(wallet.spendable or ()))
    )


def rewards_deposits(weights: Mapping[str, int]) -> bool:
    """Tell whether a class of deposits counts."""
    return any(weights.get(one, 0) > 0 for one in DEPOSIT_CLASSES)


def is_event_forbidden(event_type: str, wallet: Wallet, compliance_document: str | None) -> bool:
    """Tell whether an event may not earn in a wallet: moving deposits buys no goods unless compliance allows it."""
    return event_type in DEPOSIT_EVENTS and is_goods_wallet(wallet) and compliance_document is None
