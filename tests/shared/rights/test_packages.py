"""Packages: n of m rights are chosen for a period, taken without points, given back, and lapse."""

from datetime import timedelta

import pytest
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.core import clock
from guibin.core.errors import NotFound, ValidationFailed
from guibin.rights import invariants
from guibin.rights.errors import PackageNotChosen, PackageUsedUp
from guibin.rights.package_errors import PackageInUse, PackageTooMany
from guibin.rights.service import cancel, list_my_packages
from guibin.security.actors import Scope
from support.packages import add_package, choose
from support.points import NOON
from support.rights import add_customer_with, add_right, customer_actor, give_tier, take

CANCELLABLE = {"cancel_hours": 24}


async def test_what_was_chosen_is_taken_without_points_and_no_more_of_it_than_it_gives(bank: AsyncSession) -> None:
    customer = await add_customer_with(bank, 300)
    await give_tier(bank, customer, "T2")
    lounge, spa = await add_right(bank), await add_right(bank)
    package = await add_package(bank, {lounge: 2, spa: 1})
    mine = await choose(bank, customer, package, lounge)
    assert [(line.item.id, line.chosen, line.left) for line in mine.lines] == [(lounge, True, 2), (spa, False, 0)]
    done = await take(bank, customer, lounge, quantity=2, package_id=package)
    assert (done.redemption.points_charged, done.redemption.quota_used, done.available_after) == (0, 0, 300)
    with pytest.raises(PackageUsedUp) as none_left:
        await take(bank, customer, lounge, package_id=package)
    assert none_left.value.facts == {"left": 0}
    with pytest.raises(PackageNotChosen):
        await take(bank, customer, spa, package_id=package)
    paid = await take(bank, customer, lounge)
    assert paid.redemption.points_charged == 100
    assert await invariants.check(bank) == []


async def test_a_choice_is_changed_until_the_first_use_and_then_only_added_to(bank: AsyncSession) -> None:
    customer = await add_customer_with(bank, 0)
    await give_tier(bank, customer, "T2")
    first, second, third = [await add_right(bank) for _ in range(3)]
    package = await add_package(bank, {first: 1, second: 1, third: 1}, choose=2)
    await choose(bank, customer, package, first)
    await choose(bank, customer, package, second)
    await take(bank, customer, second, package_id=package)
    with pytest.raises(PackageInUse):
        await choose(bank, customer, package, first, third)
    mine = await choose(bank, customer, package, second, third)
    assert [line.chosen for line in mine.lines] == [False, True, True]
    assert not mine.changeable
    with pytest.raises(PackageTooMany) as refused:
        await choose(bank, customer, package, first, second, third)
    assert refused.value.facts == {"choose": 2}


async def test_a_cancelled_redemption_gives_its_units_back_to_the_package(bank: AsyncSession) -> None:
    customer = await add_customer_with(bank, 0)
    await give_tier(bank, customer, "T2")
    right = await add_right(bank, offer=CANCELLABLE)
    package = await add_package(bank, {right: 1})
    await choose(bank, customer, package, right)
    done = await take(bank, customer, right, package_id=package)
    with clock.fixed_at(NOON + timedelta(hours=1)):
        await cancel(
            bank, Scope.of_customer(customer), actor=customer_actor(customer), redemption_id=done.redemption.id
        )
    again = await take(bank, customer, right, package_id=package, at=NOON + timedelta(hours=2))
    assert again.redemption.package_id == package
    assert await invariants.check(bank) == []


async def test_a_choice_lapses_with_its_period(bank: AsyncSession) -> None:
    customer = await add_customer_with(bank, 0)
    await give_tier(bank, customer, "T2")
    right = await add_right(bank)
    package = await add_package(bank, {right: 5})
    mine = await choose(bank, customer, package, right)
    over = clock.start_of_day(mine.period.last + timedelta(days=1))
    await take(bank, customer, right, package_id=package, at=over - timedelta(seconds=1))
    with pytest.raises(PackageNotChosen):
        await take(bank, customer, right, package_id=package, at=over)
    with clock.fixed_at(over):
        (new,) = await list_my_packages(bank, Scope.of_customer(customer), customer_id=customer)
    assert (new.period.first, new.changeable, [line.chosen for line in new.lines]) == (
        mine.period.last + timedelta(days=1),
        True,
        [False],
    )


async def test_a_package_is_for_its_tiers_and_its_rights_alone(bank: AsyncSession) -> None:
    customer = await add_customer_with(bank, 0)
    await give_tier(bank, customer, "T1")
    right, other = await add_right(bank), await add_right(bank)
    package = await add_package(bank, {right: 1})
    with clock.fixed_at(NOON):
        assert await list_my_packages(bank, Scope.of_customer(customer), customer_id=customer) == []
    with pytest.raises(NotFound):
        await choose(bank, customer, package, right)
    for_t1 = await add_package(bank, {right: 1}, tier="T1")
    with pytest.raises(ValidationFailed):
        await choose(bank, customer, for_t1, other)
