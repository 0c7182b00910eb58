"""The packages of a customer: what may be chosen, what was chosen, and what of it is left."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import groupby
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.core import clock
from guibin.core.errors import NotFound, ValidationFailed
from guibin.rights.models import PackageChoice, RightsItem, RightsPackage
from guibin.rights.package_errors import PackageInUse, PackageTooMany
from guibin.rights.packages import Allowance, PackageTerms, Span, in_force, span_of
from guibin.rights.repository import catalogue, packages
from guibin.security.actors import Scope
from guibin.tiers.repository import current_tier


@dataclass(frozen=True, slots=True)
class PackageLine:
    """One right of a package: how many units it gives, whether it was chosen, and how many are left of it."""

    item: RightsItem
    units: int
    chosen: bool
    left: int


@dataclass(frozen=True, slots=True)
class MyPackage:
    """A package as a customer has it: how many of its rights are chosen for the period that is running."""

    package: RightsPackage
    period: Span
    choose: int
    lines: Sequence[PackageLine]
    taken: int

    @property
    def changeable(self) -> bool:
        """Whether what was chosen can be exchanged: until the first use."""
        return self.taken == 0


async def list_my_packages(session: AsyncSession, scope: Scope, *, customer_id: UUID) -> list[MyPackage]:
    """Return the packages for the customer's tier, and those of which something was chosen for the running period.

    Raises:
        NotFound: the customer is out of scope.
    """
    if not (scope.whole_bank or scope.customer_id == customer_id):
        raise NotFound
    day = clock.today()
    tier = await _tier(session, scope, customer_id, day)
    choices = await packages.choices_on(session, scope, customer_id=customer_id, day=day)
    left = await packages.allowances(session, scope, customer_id=customer_id, day=day)
    offered = [
        (package, PackageTerms.of(package))
        for package in await _in_force(session, day)
        if package.id in choices or PackageTerms.of(package).choose_of(tier)
    ]
    named = {right_id for _, terms in offered for right_id in terms.units}
    items = await catalogue.find_items(session, right_ids=named)
    return [
        _view(package, terms, choices.get(package.id), items=items, left=left, tier=tier, day=day)
        for package, terms in offered
    ]


async def choose_rights(
    session: AsyncSession, scope: Scope, *, customer_id: UUID, package_id: UUID, right_ids: Sequence[UUID]
) -> MyPackage:
    """Choose rights of a package for the running period, or choose anew: whoever chooses last has chosen.

    Once something was taken, rights can be added as far as the tier allows, and none left out. A choice stays good
    for its period, whatever becomes of the tier.

    Raises:
        NotFound: there is no such package for this customer now.
        ValidationFailed: a right is not one of the package.
        PackageTooMany: the tier does not choose so many. Facts: choose.
        PackageInUse: something was taken, and a right that was chosen is left out.
    """
    now, day = clock.now(), clock.today()
    package = await packages.get_package(session, package_id)
    terms = PackageTerms.of(package)
    choose = terms.choose_of(await _tier(session, scope, customer_id, day))
    if package.id not in {one.id for one in await _in_force(session, day)} or not choose:
        raise NotFound
    unknown = next((place for place, right_id in enumerate(right_ids) if right_id not in terms.units), None)
    if unknown is not None:
        raise ValidationFailed.of(
            ["body", "rights", unknown], "unknown_right", "不是该权益包内的权益", "is not a right of this package"
        )
    if len(right_ids) > choose:
        raise PackageTooMany(choose=choose)
    span = span_of(terms.period, day)
    choice = PackageChoice(
        customer_id=customer_id,
        package_id=package_id,
        period_start=span.first,
        period_end=span.last,
        rights=sorted(str(right_id) for right_id in right_ids),
        chosen_at=now,
        changed_at=now,
    )
    if not await packages.put_choice(session, choice):
        raise PackageInUse
    mine = await list_my_packages(session, scope, customer_id=customer_id)
    return next(one for one in mine if one.package.id == package_id)


async def _tier(session: AsyncSession, scope: Scope, customer_id: UUID, day: date) -> str | None:
    tier = await current_tier(session, scope, customer_id=customer_id, day=day)
    return None if tier is None else tier.code


async def _in_force(session: AsyncSession, day: date) -> list[RightsPackage]:
    versions = await packages.published(session, day=day)
    by_code = (list(group) for _, group in groupby(versions, key=lambda package: package.code))
    return [found for group in by_code if (found := in_force(group, day)) is not None]


def _view(
    package: RightsPackage,
    terms: PackageTerms,
    choice: PackageChoice | None,
    *,
    items: Mapping[UUID, RightsItem],
    left: Mapping[UUID, Sequence[Allowance]],
    tier: str | None,
    day: date,
) -> MyPackage:
    chosen = set() if choice is None else set(choice.rights)
    remaining = {right_id: one.left for right_id, some in left.items() for one in some if one.package_id == package.id}
    lines = [
        PackageLine(items[right_id], units, str(right_id) in chosen, remaining.get(right_id, 0))
        for right_id, units in terms.units.items()
    ]
    choose = max(terms.choose_of(tier), len(chosen))
    return MyPackage(package, span_of(terms.period, day), choose, lines, 0 if choice is None else choice.taken)
