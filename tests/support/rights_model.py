"""A small model of redeeming: what a wish for a right comes to, said without a database and without the rules' code.

It knows a few customers, the rights on offer to them, and what they took so far, and decides by itself what both ways
of redeeming must answer; `tests/shared/rights/test_model.py` drives all three with the same steps.
"""

from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Final

FIRST_DAY: Final = date(2026, 11, 25)
RANKS: Final = {"T0": 0, "T1": 1, "T2": 2, "T3": 3, "T4": 4}
UNIT_FEN: Final = 300
DAY_CAP: Final = 400
"""The most points that a customer spends in a day, where the wallet has a cap."""


@dataclass(frozen=True)
class Quota:
    """Free units or guests of a tier in each period."""

    tier: str
    period: str
    times: int


@dataclass(frozen=True)
class Offer:
    """The terms of a right; `stock` and `codes` are None where nothing bounds it, `prices` are tried in their order."""

    prices: tuple[tuple[str | None, int], ...]
    stock: int | None = None
    codes: int | None = None
    minimum: str | None = None
    quota: Quota | None = None
    limit: tuple[int, str] | None = None
    guests: int = 0
    guest_points: int | None = None
    guest_quota: Quota | None = None
    total: int | None = None
    budgeted: bool = False
    packaged: int = 0


@dataclass(eq=False)
class Taken:
    """A redemption; those that were cancelled count for nothing any more."""

    who: int
    right: int
    day: date
    quantity: int
    points: int
    quota_used: int
    guest_quota_used: int
    fen: int
    package: bool
    stands: bool = True

    @property
    def told(self) -> tuple[int, int, int]:
        """What the redemption says: points, free units, free guests."""
        return self.points, self.quota_used, self.guest_quota_used


@dataclass
class World:
    """Customers by place, with their tiers and points; the first ones chose the packaged rights in the first month."""

    offers: tuple[Offer, ...]
    tiers: list[list[tuple[date, str]]]
    points: list[int]
    choosers: frozenset[int]
    budget_fen: int
    capped: bool
    day: date = FIRST_DAY
    taken: list[Taken] = field(default_factory=list)
    spent: list[tuple[int, date, int]] = field(default_factory=list)
    gone: dict[int, int] = field(default_factory=dict)
    """Units that left each stock or pool."""

    def redeem(
        self, who: int, right: int, quantity: int, guests: int, *, package: bool, expected: int | None
    ) -> Taken | str:
        """Redeem, or say why not: the weightiest reason."""
        offer, (since, tier) = self.offers[right], self._tier(who)
        price = next((points for only, points in offer.prices if only in {None, tier}), None)
        each_guest = price if offer.guest_points is None else offer.guest_points
        free, free_guests = self._free(who, right, since, tier)
        units = 0 if package else quantity
        quota_used, guest_quota_used = min(units, free), min(guests, free_guests)
        points = (price or 0) * (units - quota_used) + (each_guest or 0) * (guests - guest_quota_used)
        priced = (price is not None or units == quota_used) and (each_guest is not None or guests == guest_quota_used)
        wanted = Taken(who, right, self.day, quantity, points, quota_used, guest_quota_used, 0, package)
        wanted.fen = UNIT_FEN * (quantity + guests) if offer.budgeted else 0
        most_guests = (offer.guests if tier == "T2" else 0) * quantity
        against = {
            "tier_required": offer.minimum is not None and (tier is None or RANKS[tier] < RANKS[offer.minimum]),
            "no_matching_price": not priced,
            "too_many_companions": guests > most_guests,
            **self._against_package(wanted),
            "limit_reached": self._is_beyond_limit(wanted, since),
            "spend_cap_reached": self.capped and points > max(DAY_CAP - self._spent_today(who), 0),
            "price_changed": priced and expected is not None and expected != points,
            "insufficient_points": points > self.points[who],
            **self._against_supply(wanted),
        }
        if reason := next((code for code, stands in against.items() if stands), None):
            return {"total": "limit_reached"}.get(reason, reason)
        self.taken.append(wanted)
        self._move(wanted, -1)
        return wanted

    def cancel(self, one: Taken) -> None:
        """Give all of a redemption back, but codes: they were shown and are void."""
        one.stands = False
        self._move(one, 1)

    def left_of(self, right: int) -> int | None:
        """Return what is free of a stock or a pool."""
        offer = self.offers[right]
        bound = offer.stock if offer.codes is None else offer.codes
        return None if bound is None else bound - self.gone.get(right, 0)

    def drawn(self) -> int:
        """Return what was drawn from the budget, in fen."""
        return sum(one.fen for one in self._standing())

    def units_of(self, right: int) -> int:
        """Return the units of a right that stand, of all customers."""
        return sum(one.quantity for one in self._standing() if one.right == right)

    def _move(self, one: Taken, sign: int) -> None:
        self.points[one.who] += sign * one.points
        self.spent.append((one.who, self.day, -sign * one.points))
        if sign < 0 or self.offers[one.right].stock is not None:
            self.gone[one.right] = self.gone.get(one.right, 0) - sign * one.quantity

    def _standing(self) -> list[Taken]:
        return [one for one in self.taken if one.stands]

    def _tier(self, who: int) -> tuple[date | None, str | None]:
        return self.tiers[who][-1] if self.tiers[who] else (None, None)

    def _of(self, who: int, right: int, period: str, since: date | None) -> list[Taken]:
        start = {"day": self.day, "month": self.day.replace(day=1), "year": date(self.day.year, 1, 1), "tier": since}
        first = start.get(period) or date.min
        return [one for one in self._standing() if (one.who, one.right) == (who, right) and one.day >= first]

    def _free(self, who: int, right: int, since: date | None, tier: str | None) -> tuple[int, int]:
        offer, left = self.offers[right], []
        for quota, name in ((offer.quota, "quota_used"), (offer.guest_quota, "guest_quota_used")):
            if quota is None or quota.tier != tier:
                left.append(0)
                continue
            used = sum(getattr(one, name) for one in self._of(who, right, quota.period, since))
            left.append(max(quota.times - used, 0))
        return left[0], left[1]

    def _against_package(self, wanted: Taken) -> dict[str, bool]:
        if not wanted.package:
            return {}
        units = self.offers[wanted.right].packaged
        chosen = units > 0 and wanted.who in self.choosers and self.day < date(2026, 12, 1)
        used = sum(one.quantity for one in self._of(wanted.who, wanted.right, "lifetime", None) if one.package)
        return {"package_not_chosen": not chosen, "package_used_up": used + wanted.quantity > units}

    def _is_beyond_limit(self, wanted: Taken, since: date | None) -> bool:
        limit = self.offers[wanted.right].limit
        if limit is None:
            return False
        before = sum(one.quantity for one in self._of(wanted.who, wanted.right, limit[1], since))
        return wanted.quantity > max(limit[0] - before, 0)

    def _spent_today(self, who: int) -> int:
        return max(sum(points for one, day, points in self.spent if (one, day) == (who, self.day)), 0)

    def _against_supply(self, wanted: Taken) -> dict[str, bool]:
        offer, left = self.offers[wanted.right], self.left_of(wanted.right)
        beyond_budget = self.day.year != FIRST_DAY.year or self.drawn() + wanted.fen > self.budget_fen
        return {
            "out_of_stock": left is not None and wanted.quantity > left,
            "total": offer.total is not None and self.units_of(wanted.right) + wanted.quantity > offer.total,
            "budget_exhausted": offer.budgeted and beyond_budget,
        }

    def later(self, days: int) -> None:
        """Let days pass."""
        self.day += timedelta(days=days)

    def promote(self, who: int, tier: str) -> bool:
        """Bring a customer into another tier from today on; tells whether it was done: once a day."""
        if self.tiers[who] and self.tiers[who][-1][0] == self.day:
            return False
        self.tiers[who].append((self.day, tier))
        return True
