"""Packages: the terms on which some of several rights are chosen, and what follows. Decisions over plain values."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final
from uuid import UUID

from guibin.rights.models import PackagePeriod, RightsPackage

MOST_RIGHTS: Final = 50
"""Rights in one package."""

MOST_UNITS_OF_A_RIGHT: Final = 100

_MONTHS: Final[Mapping[PackagePeriod, int]] = {
    PackagePeriod.MONTH: 1,
    PackagePeriod.QUARTER: 3,
    PackagePeriod.YEAR: 12,
}


@dataclass(frozen=True, slots=True)
class Span:
    """A period by its first and its last day."""

    first: date
    last: date


@dataclass(frozen=True, slots=True)
class Allowance:
    """What a chosen package still gives of one right in the period that is running."""

    package_id: UUID
    period: Span
    units: int
    left: int


@dataclass(frozen=True, slots=True)
class PackageTerms:
    """What a version says: how many rights each tier chooses, and how many units each of the rights gives."""

    period: PackagePeriod
    choose: Mapping[str, int]
    units: Mapping[UUID, int]
    last_day: date | None = None

    @classmethod
    def of(cls, package: RightsPackage) -> "PackageTerms":
        """Read the terms of a version."""
        return cls(
            period=PackagePeriod(package.period),
            choose={str(line["tier"]): int(str(line["choose"])) for line in package.tiers},
            units={UUID(str(line["right_id"])): int(str(line["units"])) for line in package.rights},
            last_day=package.last_day,
        )

    def choose_of(self, tier: str | None) -> int:
        """Return how many of the rights a customer of a tier chooses; 0 when the package is not for the tier."""
        return self.choose.get(tier, 0) if tier is not None else 0


def span_of(period: PackagePeriod, day: date) -> Span:
    """Return the calendar period in which a day lies."""
    months = _MONTHS[period]
    first = day.replace(month=(day.month - 1) // months * months + 1, day=1)
    return Span(first, _months_after(first, months) - timedelta(days=1))


def _months_after(first: date, months: int) -> date:
    count = first.month - 1 + months
    return first.replace(year=first.year + count // 12, month=count % 12 + 1)


def first_day_of_version(period: PackagePeriod, day: date, before: PackagePeriod | None) -> date:
    """Return when a version that is published on a day comes into force; `before` is the period of the one it replaces.

    The first version of a package begins with the period that is running, a later one when the running one is over:
    nobody's choice is taken away in the middle.
    """
    if before is None:
        return span_of(period, day).first
    begin = span_of(before, day).last + timedelta(days=1)
    own = span_of(period, begin)
    return begin if own.first == begin else own.last + timedelta(days=1)


def in_force(versions: Sequence[RightsPackage], day: date) -> RightsPackage | None:
    """Return which of the published versions of one package counts on a day: that which began last, unless it ended."""
    begun = [one for one in versions if one.first_day is not None and one.first_day <= day]
    latest = max(begun, key=lambda one: (one.first_day or day, one.version), default=None)
    if latest is None or (latest.last_day is not None and latest.last_day < day):
        return None
    return latest


def fault_of(terms: PackageTerms, *, rights: Mapping[UUID, bool], tiers: frozenset[str]) -> str | None:
    """Return why terms make no package; `rights` says of each that exists whether customers can have it."""
    faults = {
        "tier_unknown": not terms.choose.keys() <= tiers,
        "right_unknown": not terms.units.keys() <= rights.keys(),
        "right_not_published": not all(rights.get(right_id, True) for right_id in terms.units),
        "too_few_rights": any(choose > len(terms.units) for choose in terms.choose.values()),
    }
    return next((name for name, stands in faults.items() if stands), None)
