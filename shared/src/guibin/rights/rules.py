"""Who may have a right, for what, and how a redemption may go on: decisions over plain values.

The price is decided in `price_of`, the quota in `quota_of`, everything that stands in the way in `assess`.
"""

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from itertools import pairwise
from typing import Final

from guibin.points.models import AccountState
from guibin.rights.models import Period, RedemptionState

MOST_UNITS: Final = 100
"""Units in one redemption."""

MOST_POINTS_OF_A_UNIT: Final = 10**10
"""So that no redemption costs more than the 10^12 points that one movement of the ledger may have."""


class ReasonCode(StrEnum):
    """Why a customer cannot have a right now; each is also the code of a refusal."""

    NOT_ON_SALE = "not_on_sale"
    ACCOUNT_FROZEN = "account_frozen"
    ACCOUNT_CLOSED = "account_closed"
    WALLET_CLOSED = "wallet_closed"
    TIER_REQUIRED = "tier_required"
    NO_MATCHING_PRICE = "no_matching_price"
    LIMIT_REACHED = "limit_reached"
    PRICE_CHANGED = "price_changed"
    INSUFFICIENT_POINTS = "insufficient_points"
    OUT_OF_STOCK = "out_of_stock"


@dataclass(frozen=True, slots=True)
class Reason:
    """One reason with its facts, for example `insufficient_points` with required, available and missing."""

    code: ReasonCode
    facts: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class TierLevel:
    """A tier by code and rank; a higher rank is a better tier."""

    code: str
    rank: int


@dataclass(frozen=True, slots=True)
class Price:
    """Points for one unit; `tier` None fits everybody, the one without a tier included."""

    tier: str | None
    points: int


@dataclass(frozen=True, slots=True)
class Quota:
    """How many units of a right a tier has free in each period."""

    tier: str
    period: Period
    times: int


@dataclass(frozen=True, slots=True)
class Limit:
    """The most units that one customer takes in each period."""

    times: int
    period: Period


@dataclass(frozen=True, slots=True)
class Terms:
    """On which terms a right is there. On sale from `on_sale_from` until before `on_sale_to`, None without an end."""

    prices: tuple[Price, ...]
    quotas: tuple[Quota, ...] = ()
    minimum_tier: TierLevel | None = None
    limit: Limit | None = None
    on_sale_from: datetime | None = None
    on_sale_to: datetime | None = None


@dataclass(frozen=True, slots=True)
class Usage:
    """What a customer has taken of a right in the current day, month, year and ever: units, and free ones of them."""

    units: Mapping[Period, int] = field(default_factory=dict)
    free_units: Mapping[Period, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Standing:
    """What decides on the customer's side; `available` are the points that can be spent."""

    tier: TierLevel | None
    available: int
    account: AccountState = AccountState.OPEN
    usage: Usage = Usage()


@dataclass(frozen=True, slots=True)
class Offered:
    """What decides on the right's side beside its terms."""

    published: bool = True
    wallet_active: bool = True
    in_stock: bool = True


@dataclass(frozen=True, slots=True)
class Decision:
    """What a quantity of a right takes from a customer, and all that stands in the way.

    `price` is the points of one unit beyond the quota, None when no price fits; `quota_left` is before this taking.
    """

    price: int | None
    quota_left: int
    quota_used: int
    points: int
    reasons: tuple[Reason, ...]

    @property
    def eligible(self) -> bool:
        """Tell whether nothing stands in the way."""
        return not self.reasons

    @property
    def affordable(self) -> bool:
        """Tell whether quota and points would do, whatever else stands in the way."""
        lacking = {ReasonCode.INSUFFICIENT_POINTS, ReasonCode.NO_MATCHING_PRICE}
        return lacking.isdisjoint(reason.code for reason in self.reasons)


def price_of(prices: Sequence[Price], tier: TierLevel | None) -> int | None:
    """Return the points of one unit for a customer of a tier: the first price that fits, None when none does."""
    code = tier.code if tier else None
    return next((price.points for price in prices if price.tier in {None, code}), None)


def quota_of(quotas: Sequence[Quota], tier: TierLevel | None) -> Quota | None:
    """Return the quota of a customer of a tier: the first for exactly this tier, None when there is none."""
    return next((quota for quota in quotas if tier and quota.tier == tier.code), None)


def quota_left(quota: Quota | None, usage: Usage) -> int:
    """Return how many free units are left in the current period; a change of tier gives nothing back."""
    return max(quota.times - usage.free_units.get(quota.period, 0), 0) if quota else 0


def limit_left(limit: Limit, usage: Usage) -> int:
    """Return how many units the customer may still take in the current period."""
    return max(limit.times - usage.units.get(limit.period, 0), 0)


def period_start(period: Period, day: date) -> date | None:
    """Return the first day of the calendar period in which a day lies; None for a lifetime."""
    starts = {Period.DAY: day, Period.MONTH: day.replace(day=1), Period.YEAR: day.replace(month=1, day=1)}
    return starts.get(period)


def is_on_sale(terms: Terms, now: datetime) -> bool:
    """Tell whether the time of sale has begun and not ended."""
    begun = terms.on_sale_from is None or terms.on_sale_from <= now
    return begun and (terms.on_sale_to is None or now < terms.on_sale_to)


def assess(
    terms: Terms,
    standing: Standing,
    offered: Offered,
    *,
    quantity: int,
    now: datetime,
    expected_points: int | None = None,
) -> Decision:
    """Decide what a quantity takes: quota first, then points; and list all reasons against it, the weightiest first.

    `expected_points` is what the caller believes the whole quantity to cost; it is compared and never used.
    """
    price = price_of(terms.prices, standing.tier)
    left = quota_left(quota_of(terms.quotas, standing.tier), standing.usage)
    free = min(quantity, left)
    points = (price or 0) * (quantity - free)
    priced = price is not None or free == quantity
    reasons = [
        *_against_right(terms, standing, offered, now),
        *_against_tier(terms, standing, priced=priced),
        *_against_limit(terms, standing, quantity),
    ]
    if priced and expected_points is not None and expected_points != points:
        reasons.append(Reason(ReasonCode.PRICE_CHANGED, {"points": points}))
    if points > standing.available:
        facts = {"required": points, "available": standing.available, "missing": points - standing.available}
        reasons.append(Reason(ReasonCode.INSUFFICIENT_POINTS, facts))
    if not offered.in_stock:
        reasons.append(Reason(ReasonCode.OUT_OF_STOCK))
    return Decision(price, left, free, points, tuple(reasons))


def _against_right(terms: Terms, standing: Standing, offered: Offered, now: datetime) -> list[Reason]:
    standing_against = {
        ReasonCode.NOT_ON_SALE: not offered.published or not is_on_sale(terms, now),
        ReasonCode.ACCOUNT_FROZEN: standing.account is AccountState.FROZEN,
        ReasonCode.ACCOUNT_CLOSED: standing.account is AccountState.CLOSED,
        ReasonCode.WALLET_CLOSED: not offered.wallet_active,
    }
    return [Reason(code) for code, stands in standing_against.items() if stands]


def _against_tier(terms: Terms, standing: Standing, *, priced: bool) -> list[Reason]:
    reasons = []
    minimum, tier = terms.minimum_tier, standing.tier
    if minimum is not None and (tier is None or tier.rank < minimum.rank):
        current = tier.code if tier else None
        reasons.append(Reason(ReasonCode.TIER_REQUIRED, {"required": minimum.code, "current": current}))
    if not priced:
        reasons.append(Reason(ReasonCode.NO_MATCHING_PRICE))
    return reasons


def _against_limit(terms: Terms, standing: Standing, quantity: int) -> list[Reason]:
    limit = terms.limit
    if limit is None or quantity <= (left := limit_left(limit, standing.usage)):
        return []
    return [Reason(ReasonCode.LIMIT_REACHED, {"times": limit.times, "period": limit.period.value, "left": left})]


COUNTED: Final = (RedemptionState.CONFIRMED, RedemptionState.IN_FULFILMENT, RedemptionState.FULFILLED)
"""The states in which a redemption counts against limit and quota; the others gave back what was taken."""

_STEPS: Final[Mapping[RedemptionState, frozenset[RedemptionState]]] = {
    RedemptionState.CONFIRMED: frozenset(
        {
            RedemptionState.IN_FULFILMENT,
            RedemptionState.FULFILLED,
            RedemptionState.CANCELLED,
            RedemptionState.FAILED,
        }
    ),
    RedemptionState.IN_FULFILMENT: frozenset({RedemptionState.FULFILLED, RedemptionState.FAILED}),
    RedemptionState.FULFILLED: frozenset({RedemptionState.REFUNDED}),
    RedemptionState.FAILED: frozenset({RedemptionState.REFUNDED}),
    RedemptionState.CANCELLED: frozenset(),
    RedemptionState.REFUNDED: frozenset(),
}


def is_legal_step(before: RedemptionState, after: RedemptionState) -> bool:
    """Tell whether a redemption may go from one state to another."""
    return after in _STEPS[before]


def is_legal_path(states: Sequence[RedemptionState]) -> bool:
    """Tell whether a redemption's life begins with its confirmation and takes legal steps only."""
    begins = bool(states) and states[0] is RedemptionState.CONFIRMED
    return begins and all(is_legal_step(before, after) for before, after in pairwise(states))


def normal_form(code: str) -> str:
    """Return the form by which a voucher code is compared: half-width capitals without blanks and dashes, 0 for O."""
    folded = unicodedata.normalize("NFKC", code).upper()
    return "".join(letter for letter in folded if letter.isalnum()).replace("O", "0")
