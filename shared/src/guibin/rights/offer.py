"""What a right is offered for: the values of its terms, and what they come to for one customer.

Prices, quotas and guests are decided here by the first line that fits; `guibin.rights.rules` puts them together.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from typing import Final

from guibin.core.clock import BUSINESS_ZONE
from guibin.rights.donations import Cause
from guibin.rights.models import Period
from guibin.rights.points_given import PointsGiven
from guibin.rights.releases import ReleaseLine
from guibin.rights.slots import Booking
from guibin.rights.substitutes import Substitute

MOST_UNITS: Final = 100
"""Units in one redemption."""

MOST_GUESTS: Final = 20
"""Guests in one redemption."""

MOST_CANCEL_HOURS: Final = 24 * 366
MOST_CODE_DAYS: Final = 3_650
"""Longest time in which a customer may cancel."""

PAY_MINUTES: Final = 30
MOST_PAY_MINUTES: Final = 24 * 60
"""How long money is awaited, where the terms do not say, and the longest that they may say."""

MOST_POINTS_OF_A_UNIT: Final = 10**10
"""So that no redemption costs more than the 10^12 points that one movement of the ledger may have."""


@dataclass(frozen=True, slots=True)
class TierLevel:
    """A tier by code and rank, and the day on which the customer came into it; a higher rank is a better tier."""

    code: str
    rank: int
    since: date | None = None


@dataclass(frozen=True, slots=True)
class Hours:
    """Hours of a day in Asia/Shanghai, the first instant included; over midnight when they end before they begin."""

    start: time
    end: time

    def include(self, local: time) -> bool:
        """Tell whether a time of the day lies within."""
        if self.start < self.end:
            return self.start <= local < self.end
        return local >= self.start or local < self.end


@dataclass(frozen=True, slots=True)
class Price:
    """Points for one unit, for whom all conditions that are set hold; without conditions it fits everybody.

    `money_fen` is what a unit costs in money beside its points. `wallet` None is the right's own; `weekdays` are 1
    (Monday) to 7; first and last day are both included.
    """

    tier: str | None
    points: int
    tag: str | None = None
    class_of_service: str | None = None
    wallet: str | None = None
    weekdays: frozenset[int] | None = None
    hours: Hours | None = None
    first_day: date | None = None
    last_day: date | None = None
    money_fen: int = 0


@dataclass(frozen=True, slots=True)
class Quota:
    """How many units of a right, or how many of its guests, a tier has free in each period."""

    tier: str
    period: Period
    times: int


@dataclass(frozen=True, slots=True)
class Limit:
    """The most units that one customer takes in each period."""

    times: int
    period: Period


@dataclass(frozen=True, slots=True)
class Companions:
    """Guests: how many each tier may bring to a unit, what they cost, and how many of them are free.

    `points` None: a guest costs what the unit costs. Their quota is their own: the customer's is never used for them.
    """

    most: Mapping[str, int] = field(default_factory=dict)
    points: int | None = None
    quotas: tuple[Quota, ...] = ()


NO_GUESTS: Final = Companions()


@dataclass(frozen=True, slots=True)
class Audience:
    """For whom and when something is open; of tiers, tags and branches one has to fit, None leaves it open."""

    tiers: frozenset[str] | None = None
    tags: frozenset[str] | None = None
    branches: frozenset[str] | None = None
    start: datetime | None = None
    end: datetime | None = None


class Beneficiary(StrEnum):
    """Whether somebody else than the customer may be served, and whether the supplier needs the certificate."""

    NONE = "none"
    ALLOWED = "allowed"
    CERTIFIED = "certified"


class Destination(StrEnum):
    """Where something goes: nowhere, to an account that is topped up, or to an address."""

    NONE = "none"
    ACCOUNT = "account"
    ADDRESS = "address"


EVERYBODY: Final = Audience()


@dataclass(frozen=True, slots=True)
class Terms:
    """On which terms a right is there. On sale from `on_sale_from` until before `on_sale_to`, None without an end.

    `visibility` says who sees it, `eligibility` who may have it. `owner_branch` offers it to the customers of that
    branch and of those below. `total_limit` is the most units for everybody together. From `step_up_points` on a
    redemption needs a proof of its own. For `cancel_hours` after it the customer may cancel one, None never. Its codes
    are used from `code_inactive_days` after that day on, within `code_days` after it, and not after `code_last_day`;
    with `static_code` the picture of a code lives until it is used, for suppliers that are not connected. With a
    `budget_line` it is paid from the budget of its owner; `unit_cost_fen` is what one unit or guest takes from that,
    None the worth of the points that are paid. With `booking` it is served by appointment, and a
    redemption of it names a slot. With a `release` its counted stock comes on offer line by line, else all at once.
    `substitutes` are offered in its place where it cannot be delivered.
    What it `gives` are points of another kind; what it `donates` is for a good cause. Money that a price asks for is
    awaited for `pay_minutes`.
    """

    prices: tuple[Price, ...]
    quotas: tuple[Quota, ...] = ()
    minimum_tier: TierLevel | None = None
    limit: Limit | None = None
    on_sale_from: datetime | None = None
    on_sale_to: datetime | None = None
    companions: Companions = NO_GUESTS
    visibility: Audience = EVERYBODY
    eligibility: Audience = EVERYBODY
    total_limit: int | None = None
    step_up_points: int | None = None
    cancel_hours: int | None = None
    code_days: int | None = None
    code_last_day: date | None = None
    code_inactive_days: int | None = None
    static_code: bool = False
    beneficiary: Beneficiary = Beneficiary.NONE
    owner_branch: str | None = None
    budget_line: str | None = None
    unit_cost_fen: int | None = None
    booking: Booking | None = None
    release: tuple[ReleaseLine, ...] = ()
    substitutes: tuple[Substitute, ...] = ()
    gives: PointsGiven | None = None
    pay_minutes: int = PAY_MINUTES
    donates: Cause | None = None

    @property
    def tags(self) -> frozenset[str]:
        """The tags that decide anything."""
        audiences = (self.visibility.tags or frozenset()) | (self.eligibility.tags or frozenset())
        return audiences | {price.tag for price in self.prices if price.tag is not None}

    @property
    def periods(self) -> frozenset[Period]:
        """The periods in which what was taken decides anything."""
        counted = {quota.period for quota in (*self.quotas, *self.companions.quotas)}
        return frozenset(counted | ({self.limit.period} if self.limit else set()))

    @property
    def asks_for_branches(self) -> bool:
        """Whether the customer's branch decides anything."""
        released = any(line.branch is not None for line in self.release)
        return released or self.owner_branch is not None or self.visibility.branches is not None


@dataclass(frozen=True, slots=True)
class Usage:
    """What a customer has taken of a right in the current periods: units, free ones of them, and free guests."""

    units: Mapping[Period, int] = field(default_factory=dict)
    free_units: Mapping[Period, int] = field(default_factory=dict)
    free_guests: Mapping[Period, int] = field(default_factory=dict)


NOTHING_TAKEN: Final = Usage()


@dataclass(frozen=True, slots=True)
class Wish:
    """What is asked for. `wallet` None pays from the right's own; `companions` are the guests of all units together.

    `expected_points` is what the caller believes the whole to cost: it is compared and never used. `beneficiary` says
    whether somebody else is named, and with a certificate; `slot` whether an appointment is named, None where nobody
    has asked for one yet; `package` whether all units are taken from a package, `reservation` whether they are held.
    `destination` is the kind of place where it is to go, None where nobody has asked for one yet. `at_most` bounds the
    points of the whole, where something is made good.
    """

    quantity: int
    companions: int = 0
    class_of_service: str | None = None
    wallet: str | None = None
    expected_points: int | None = None
    beneficiary: Beneficiary = Beneficiary.NONE
    slot: bool | None = None
    package: bool = False
    reservation: bool = False
    destination: Destination | None = None
    at_most: int | None = None


def price_of(
    prices: Sequence[Price], tier: TierLevel | None, *, tags: frozenset[str] = frozenset(), wish: Wish, now: datetime
) -> Price | None:
    """Return what one unit costs: the first price of which every condition holds, None when there is none.

    A class of service that no price names has no price at all.
    """
    if wish.class_of_service is not None and wish.class_of_service not in set(classes_of(prices)):
        return None
    local = now.astimezone(BUSINESS_ZONE)
    return next((price for price in prices if _fits(price, tier, tags, wish, local)), None)


def _fits(price: Price, tier: TierLevel | None, tags: frozenset[str], wish: Wish, local: datetime) -> bool:
    today = local.date()
    return (
        price.tier in {None, tier.code if tier else None}
        and (price.tag is None or price.tag in tags)
        and price.class_of_service in {None, wish.class_of_service}
        and price.wallet == wish.wallet
        and (price.weekdays is None or local.isoweekday() in price.weekdays)
        and (price.hours is None or price.hours.include(local.time()))
        and (price.first_day is None or price.first_day <= today)
        and (price.last_day is None or today <= price.last_day)
    )


def classes_of(prices: Iterable[Price]) -> Iterator[str]:
    """Yield each class of service that has a price, in their order."""
    named = (price.class_of_service for price in prices if price.class_of_service is not None)
    return iter(dict.fromkeys(named))


def wallets_of(prices: Iterable[Price]) -> Iterator[str]:
    """Yield each wallet beside the right's own that has a price, in their order."""
    return iter(dict.fromkeys(price.wallet for price in prices if price.wallet is not None))


def quota_of(quotas: Sequence[Quota], tier: TierLevel | None) -> Quota | None:
    """Return the quota of a customer of a tier: the first for exactly this tier, None when there is none."""
    return next((quota for quota in quotas if tier and quota.tier == tier.code), None)


def quota_left(quota: Quota | None, used: Mapping[Period, int]) -> int:
    """Return how many free ones are left in the current period; a change of tier gives nothing back."""
    return max(quota.times - used.get(quota.period, 0), 0) if quota else 0


def limit_left(limit: Limit, usage: Usage) -> int:
    """Return how many units the customer may still take in the current period."""
    return max(limit.times - usage.units.get(limit.period, 0), 0)


def guests_of(companions: Companions, tier: TierLevel | None) -> int:
    """Return how many guests a customer of a tier may bring to one unit."""
    return companions.most.get(tier.code, 0) if tier else 0


def period_start(period: Period, day: date, tier_since: date | None = None) -> date | None:
    """Return the first day of the period in which a day lies; None for a lifetime.

    The period of a tier begins with the tier; for whom there is none it is a lifetime.
    """
    starts = {
        Period.DAY: day,
        Period.MONTH: day.replace(day=1),
        Period.YEAR: day.replace(month=1, day=1),
        Period.TIER: tier_since,
    }
    return starts.get(period)


def first_day_of_codes(terms: Terms, day: date) -> date | None:
    """Return the first day on which codes that are taken on a day are used; None when that is at once."""
    return None if terms.code_inactive_days is None else day + timedelta(days=terms.code_inactive_days)


def last_day_of_codes(terms: Terms, day: date) -> date | None:
    """Return the last day on which codes that are taken on a day are used; None when they do not end."""
    ends = [] if terms.code_last_day is None else [terms.code_last_day]
    if terms.code_days is not None:
        ends.append(day + timedelta(days=terms.code_days))
    return min(ends, default=None)


def is_on_sale(terms: Terms, now: datetime) -> bool:
    """Tell whether the time of sale has begun and not ended; nobody is sold a code that cannot be used any more."""
    if terms.code_last_day is not None and now.astimezone(BUSINESS_ZONE).date() > terms.code_last_day:
        return False
    return _within(terms.on_sale_from, terms.on_sale_to, now)


def is_visible(
    terms: Terms, tier: TierLevel | None, tags: frozenset[str], branches: frozenset[str], now: datetime
) -> bool:
    """Tell whether a customer sees the right; `branches` are the customer's own and those above it."""
    owned = terms.owner_branch is None or terms.owner_branch in branches
    return owned and not lacking(terms.visibility, tier, tags, branches, now)


def lacking(
    audience: Audience, tier: TierLevel | None, tags: frozenset[str], branches: frozenset[str], now: datetime
) -> tuple[str, ...]:
    """Return which conditions of an audience a customer does not meet: tier, tag, branch, time."""
    met = {
        "tier": audience.tiers is None or (tier is not None and tier.code in audience.tiers),
        "tag": audience.tags is None or not audience.tags.isdisjoint(tags),
        "branch": audience.branches is None or not audience.branches.isdisjoint(branches),
        "time": _within(audience.start, audience.end, now),
    }
    return tuple(name for name, holds in met.items() if not holds)


def _within(start: datetime | None, end: datetime | None, now: datetime) -> bool:
    return (start is None or start <= now) and (end is None or now < end)
