"""Who may have a right, and for what: decisions over plain values.

What one unit costs whom stands in `guibin.rights.offer`; `assess` puts quota, points, money, guests and everything that
stands in the way together. How a redemption goes on then stands in `guibin.rights.life`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from guibin.points.models import AccountState
from guibin.rights.models import Period
from guibin.rights.offer import (
    NOTHING_TAKEN,
    Beneficiary,
    Destination,
    Terms,
    TierLevel,
    Usage,
    Wish,
    classes_of,
    guests_of,
    is_on_sale,
    lacking,
    limit_left,
    price_of,
    quota_left,
    quota_of,
)


class ReasonCode(StrEnum):
    """Why a customer cannot have a right now; each is also the code of a refusal."""

    STOPPED = "stopped"
    NOT_ON_SALE = "not_on_sale"
    ACCOUNT_FROZEN = "account_frozen"
    ACCOUNT_CLOSED = "account_closed"
    WALLET_CLOSED = "wallet_closed"
    CATEGORY_NOT_SPENDABLE = "category_not_spendable"
    TIER_REQUIRED = "tier_required"
    NOT_ELIGIBLE = "not_eligible"
    NO_MATCHING_PRICE = "no_matching_price"
    TOO_MANY_COMPANIONS = "too_many_companions"
    BENEFICIARY_NOT_ALLOWED = "beneficiary_not_allowed"
    CERTIFICATE_REQUIRED = "certificate_required"
    DELIVERY_REQUIRED = "delivery_required"
    DELIVERY_NOT_ASKED = "delivery_not_asked"
    PACKAGE_NOT_CHOSEN = "package_not_chosen"
    PACKAGE_USED_UP = "package_used_up"
    RESERVATION_OVER = "reservation_over"
    RESERVATION_DIFFERS = "reservation_differs"
    LIMIT_REACHED = "limit_reached"
    SPEND_CAP_REACHED = "spend_cap_reached"
    SLOT_REQUIRED = "slot_required"
    SLOT_NOT_OPEN = "slot_not_open"
    SLOT_TAKEN = "slot_taken"
    PRICE_CHANGED = "price_changed"
    INSUFFICIENT_POINTS = "insufficient_points"
    OUT_OF_STOCK = "out_of_stock"
    BUDGET_EXHAUSTED = "budget_exhausted"


@dataclass(frozen=True, slots=True)
class Reason:
    """One reason with its facts, for example `insufficient_points` with required, available and missing."""

    code: ReasonCode
    facts: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Standing:
    """What decides on the customer's side; `available` are the points that can be spent.

    `branches` are the codes of the customer's branch and of those above it; `spent` is what left the paying wallet in
    the current periods; `package_left` what the package that is named still gives, None when the right was not chosen;
    `reserved` the units that the reservation that is named holds, None when it holds nothing.
    """

    tier: TierLevel | None
    available: int
    account: AccountState = AccountState.OPEN
    usage: Usage = NOTHING_TAKEN
    tags: frozenset[str] = frozenset()
    branches: frozenset[str] = frozenset()
    stopped: bool = False
    spent: Mapping[str, int] = field(default_factory=dict)
    package_left: int | None = None
    reserved: int | None = None


@dataclass(frozen=True, slots=True)
class SpendCap:
    """The most points that one customer spends of a wallet in a period, or in one redemption (`transaction`)."""

    period: str
    points: int


@dataclass(frozen=True, slots=True)
class BudgetLeft:
    """What is left of the budget that pays; None without a bound."""

    points: int | None
    fen: int | None


@dataclass(frozen=True, slots=True)
class Offered:
    """What decides on the right's side beside its terms.

    `total_left` and `budget` are known where somebody looks ahead; a redemption finds out by the statements that take
    them, as with the stock and with the slot that is named (`against_slot`). `point_fen` is what a point of the paying
    wallet costs the bank; `destination` where its supplier has to send it.
    """

    published: bool = True
    wallet_active: bool = True
    in_stock: bool = True
    next_release_at: datetime | None = None
    spendable: bool = True
    stopped: bool = False
    category: str = ""
    caps: tuple[SpendCap, ...] = ()
    total_left: int | None = None
    budget: BudgetLeft | None = None
    point_fen: int = 0
    against_slot: ReasonCode | None = None
    destination: Destination = Destination.NONE


@dataclass(frozen=True, slots=True)
class Decision:
    """What a quantity of a right takes from a customer, and all that stands in the way.

    `price` is the points of one unit beyond the quota, None when no price fits; `quota_left` is before this taking.
    `guest_price` is that of one guest beyond the guests' quota. `cost_fen` is what the bank pays, `money_fen` what the
    customer pays in money beside the points; `unit_money_fen` is that of one unit.
    """

    price: int | None
    quota_left: int
    quota_used: int
    points: int
    reasons: tuple[Reason, ...]
    guests_allowed: int = 0
    guest_price: int | None = None
    guest_quota_left: int = 0
    guest_quota_used: int = 0
    cost_fen: int = 0
    step_up: bool = False
    money_fen: int = 0
    unit_money_fen: int = 0

    @property
    def eligible(self) -> bool:
        """Tell whether nothing stands in the way."""
        return not self.reasons

    @property
    def affordable(self) -> bool:
        """Tell whether quota and points would do, whatever else stands in the way."""
        lacking_points = {ReasonCode.INSUFFICIENT_POINTS, ReasonCode.NO_MATCHING_PRICE}
        return lacking_points.isdisjoint(reason.code for reason in self.reasons)


def assess(terms: Terms, standing: Standing, offered: Offered, wish: Wish, *, now: datetime) -> Decision:
    """Decide what a wish takes: quota first, then points; and list all reasons against it, the weightiest first.

    What is taken from a package costs neither quota nor points: all units come from it, or none. Money is asked for
    what costs points; nobody pays it for what makes something good.
    """
    line = price_of(terms.prices, standing.tier, tags=standing.tags, wish=wish, now=now)
    price, unit_money_fen = (None, 0) if line is None else (line.points, line.money_fen)
    left = quota_left(quota_of(terms.quotas, standing.tier), standing.usage.free_units)
    guests_left = quota_left(quota_of(terms.companions.quotas, standing.tier), standing.usage.free_guests)
    guest_price = price if terms.companions.points is None else terms.companions.points
    to_pay = 0 if wish.package else wish.quantity
    free, free_guests = min(to_pay, left), min(wish.companions, guests_left)
    points = (price or 0) * (to_pay - free) + (guest_price or 0) * (wish.companions - free_guests)
    if wish.at_most is not None:
        points = min(points, wish.at_most)
    known = wish.class_of_service is None or wish.class_of_service in set(classes_of(terms.prices))
    units_priced = free == to_pay or (line is not None and (wish.at_most is None or not line.money_fen))
    priced = known and units_priced and (guest_price is not None or free_guests == wish.companions)
    paying_guests = 0 if terms.companions.points is not None else wish.companions - free_guests
    money_fen = unit_money_fen * (to_pay - free + paying_guests)
    heads = wish.quantity + wish.companions
    cost_fen = points * offered.point_fen if terms.unit_cost_fen is None else terms.unit_cost_fen * heads
    guests = guests_of(terms.companions, standing.tier)
    reasons = [
        *_against_right(terms, standing, offered, now),
        *_against_customer(terms, standing, now),
        *_against_wish(terms, guests, wish, priced=priced),
        *_against_destination(offered, wish),
        *_against_package(standing, wish),
        *_against_reservation(standing, wish),
        *_against_limits(terms, standing, offered, wish, points),
        *_against_points(standing, wish, points, priced=priced),
        *_against_supply(offered, points, cost_fen),
    ]
    return Decision(
        price=price,
        quota_left=left,
        quota_used=free,
        points=points,
        reasons=tuple(reasons),
        guests_allowed=guests,
        guest_price=guest_price if guests else None,
        guest_quota_left=guests_left,
        guest_quota_used=free_guests,
        cost_fen=cost_fen,
        step_up=terms.step_up_points is not None and points >= terms.step_up_points,
        money_fen=money_fen,
        unit_money_fen=unit_money_fen,
    )


def _against_right(terms: Terms, standing: Standing, offered: Offered, now: datetime) -> list[Reason]:
    standing_against = {
        ReasonCode.STOPPED: offered.stopped or standing.stopped,
        ReasonCode.NOT_ON_SALE: not offered.published or not is_on_sale(terms, now),
        ReasonCode.ACCOUNT_FROZEN: standing.account is AccountState.FROZEN,
        ReasonCode.ACCOUNT_CLOSED: standing.account is AccountState.CLOSED,
        ReasonCode.WALLET_CLOSED: not offered.wallet_active,
    }
    reasons = [Reason(code) for code, stands in standing_against.items() if stands]
    if not offered.spendable:
        reasons.append(Reason(ReasonCode.CATEGORY_NOT_SPENDABLE, {"category": offered.category}))
    return reasons


def _against_customer(terms: Terms, standing: Standing, now: datetime) -> list[Reason]:
    reasons = []
    minimum, tier = terms.minimum_tier, standing.tier
    if minimum is not None and (tier is None or tier.rank < minimum.rank):
        current = tier.code if tier else None
        reasons.append(Reason(ReasonCode.TIER_REQUIRED, {"required": minimum.code, "current": current}))
    missing = lacking(terms.eligibility, tier, standing.tags, standing.branches, now)
    if missing:  # what is missing by its kind: the names of tags are the bank's own
        facts: dict[str, object] = {"missing": list(missing)}
        if "tier" in missing:
            facts["tiers"] = sorted(terms.eligibility.tiers or ())
        if "time" in missing:
            facts |= {"from": _written(terms.eligibility.start), "to": _written(terms.eligibility.end)}
        reasons.append(Reason(ReasonCode.NOT_ELIGIBLE, facts))
    return reasons


def _written(instant: datetime | None) -> str | None:
    return instant.isoformat() if instant else None


def _against_wish(terms: Terms, guests: int, wish: Wish, *, priced: bool) -> list[Reason]:
    reasons = [] if priced else [Reason(ReasonCode.NO_MATCHING_PRICE)]
    if wish.companions > guests * wish.quantity:
        reasons.append(Reason(ReasonCode.TOO_MANY_COMPANIONS, {"most": guests * wish.quantity}))
    if wish.beneficiary is not Beneficiary.NONE and terms.beneficiary is Beneficiary.NONE:
        reasons.append(Reason(ReasonCode.BENEFICIARY_NOT_ALLOWED))
    if wish.beneficiary is Beneficiary.ALLOWED and terms.beneficiary is Beneficiary.CERTIFIED:
        reasons.append(Reason(ReasonCode.CERTIFICATE_REQUIRED))
    if terms.booking is not None and wish.slot is False:
        reasons.append(Reason(ReasonCode.SLOT_REQUIRED))
    if terms.booking is None and wish.slot:
        reasons.append(Reason(ReasonCode.SLOT_NOT_OPEN))
    return reasons


def _against_destination(offered: Offered, wish: Wish) -> list[Reason]:
    if wish.destination in {None, offered.destination}:
        return []
    if offered.destination is Destination.NONE:
        return [Reason(ReasonCode.DELIVERY_NOT_ASKED)]
    return [Reason(ReasonCode.DELIVERY_REQUIRED, {"needed": offered.destination.value})]


def _against_package(standing: Standing, wish: Wish) -> list[Reason]:
    if not wish.package:
        return []
    if standing.package_left is None:
        return [Reason(ReasonCode.PACKAGE_NOT_CHOSEN)]
    if wish.quantity > standing.package_left:
        return [Reason(ReasonCode.PACKAGE_USED_UP, {"left": standing.package_left})]
    return []


def _against_reservation(standing: Standing, wish: Wish) -> list[Reason]:
    if not wish.reservation or standing.reserved == wish.quantity:
        return []
    if standing.reserved is None:
        return [Reason(ReasonCode.RESERVATION_OVER)]
    return [Reason(ReasonCode.RESERVATION_DIFFERS, {"reserved": standing.reserved})]


def _against_limits(terms: Terms, standing: Standing, offered: Offered, wish: Wish, points: int) -> list[Reason]:
    reasons = []
    limit = terms.limit
    if limit is not None and wish.quantity > (left := limit_left(limit, standing.usage)):
        facts: dict[str, object] = {"times": limit.times, "period": limit.period.value, "left": left}
        reasons.append(Reason(ReasonCode.LIMIT_REACHED, facts))
    elif offered.total_left is not None and wish.quantity > offered.total_left:
        reasons.append(reached_by_everybody(terms))
    for cap in offered.caps:
        left = max(cap.points - standing.spent.get(cap.period, 0), 0)
        if points > left:
            facts = {"points": cap.points, "period": cap.period, "left": left}
            reasons.append(Reason(ReasonCode.SPEND_CAP_REACHED, facts))
    return reasons


def reached_by_everybody(terms: Terms) -> Reason:
    """Return the reason for which a right that all customers together have used up is refused."""
    facts = {"times": terms.total_limit, "period": Period.LIFETIME.value, "of": "everybody"}
    return Reason(ReasonCode.LIMIT_REACHED, facts)


def _against_points(standing: Standing, wish: Wish, points: int, *, priced: bool) -> list[Reason]:
    reasons = []
    if priced and wish.expected_points is not None and wish.expected_points != points:
        reasons.append(Reason(ReasonCode.PRICE_CHANGED, {"points": points}))
    if points > standing.available:
        facts = {"required": points, "available": standing.available, "missing": points - standing.available}
        reasons.append(Reason(ReasonCode.INSUFFICIENT_POINTS, facts))
    return reasons


def _against_supply(offered: Offered, points: int, cost_fen: int) -> list[Reason]:
    reasons = [] if offered.in_stock else [out_of_stock(offered.next_release_at)]
    if offered.against_slot is not None:
        reasons.append(Reason(offered.against_slot))
    budget = offered.budget
    if budget is not None and (_exceeds(points, budget.points) or _exceeds(cost_fen, budget.fen)):
        reasons.append(Reason(ReasonCode.BUDGET_EXHAUSTED))
    return reasons


def out_of_stock(next_release_at: datetime | None) -> Reason:
    """Return the reason for which there is nothing to have, with when there will be more where that is known."""
    facts = {} if next_release_at is None else {"next_release_at": next_release_at.isoformat()}
    return Reason(ReasonCode.OUT_OF_STOCK, facts)


def _exceeds(amount: int, left: int | None) -> bool:
    return left is not None and amount > left
