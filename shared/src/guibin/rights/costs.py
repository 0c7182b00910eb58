"""What a tier's free rights cost the bank. Decisions over plain values."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from guibin.rights.models import PackagePeriod, Period
from guibin.rights.offer import Quota, Terms, TierLevel, Wish, price_of
from guibin.rights.packages import PackageTerms

_TIMES_A_YEAR: Final[Mapping[str, int]] = {
    Period.DAY: 365,
    Period.MONTH: 12,
    Period.YEAR: 1,
    Period.TIER: 1,
    Period.LIFETIME: 1,
    PackagePeriod.QUARTER: 4,
}
"""How often a free unit comes back within a year; what comes once counts in the year in which it is taken."""

_ONE: Final = Wish(quantity=1)


@dataclass(frozen=True, slots=True)
class Costed:
    """A right on its terms, and what a point of its own kind costs the bank, in fen."""

    right_id: UUID
    terms: Terms
    point_fen: int

    def unit_fen(self, tier: TierLevel, *, now: datetime) -> int:
        """Return what a unit costs the bank: what its terms say, else the worth of the points that it would cost."""
        if self.terms.unit_cost_fen is not None:
            return self.terms.unit_cost_fen
        price = price_of(self.terms.prices, tier, wish=_ONE, now=now)
        return 0 if price is None else price.points * self.point_fen

    def free_fen(self, tier: TierLevel, *, now: datetime) -> int:
        """Return what a year's free units and guests cost of a customer who takes all of them."""
        units = _units_a_year(self.terms.quotas, tier.code) + _units_a_year(self.terms.companions.quotas, tier.code)
        return units * self.unit_fen(tier, now=now)


def _units_a_year(quotas: Iterable[Quota], tier: str) -> int:
    return sum(quota.times * _TIMES_A_YEAR[quota.period] for quota in quotas if quota.tier == tier)


def package_fen(package: PackageTerms, rights: Sequence[Costed], tier: TierLevel, *, now: datetime) -> int:
    """Return what a year of a package costs of a customer of a tier who always chooses the dearest of its rights."""
    costs = sorted(
        (one.unit_fen(tier, now=now) * package.units[one.right_id] for one in rights if one.right_id in package.units),
        reverse=True,
    )
    return sum(costs[: package.choose_of(tier.code)]) * _TIMES_A_YEAR[package.period]
