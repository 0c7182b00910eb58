"""Races for packages: a choice is always one that may be chosen, and nothing is taken twice."""

from functools import partial
from uuid import UUID

import pytest

from guibin.core import clock
from guibin.core.errors import Refusal
from guibin.core.unit_of_work import unit_of_work
from guibin.rights.service import choose_rights, list_my_packages
from guibin.security.actors import Scope
from support.packages import add_package, choose
from support.points import NOON
from support.rights import add_right, give_tier, take

from .test_sessions import Arena, arena, committed, race

__all__ = ["arena"]

pytestmark = pytest.mark.merge


async def from_package(arena: Arena, customer: UUID, right: UUID, package: UUID) -> str:
    try:
        async with unit_of_work(arena.customer) as work:
            await work.protect()
            done = await take(work.session, customer, right, package_id=package)
            return f"points {done.redemption.points_charged}"
    except Refusal as refusal:
        return refusal.code


async def choosing(arena: Arena, customer: UUID, package: UUID, right: UUID) -> str:
    try:
        async with unit_of_work(arena.customer) as work:
            await work.protect()
            with clock.fixed_at(NOON):
                scope = Scope.of_customer(customer)
                await choose_rights(work.session, scope, customer_id=customer, package_id=package, right_ids=[right])
    except Refusal as refusal:
        return refusal.code
    return "chosen"


async def test_the_last_units_of_a_package_are_taken_once_by_64_tries(arena: Arena) -> None:
    (customer,) = await arena.customers(1, 0)
    await committed(arena, give_tier, customer, "T2")
    first = await committed(arena, add_right)
    package = await committed(arena, add_package, {first: 3})
    await committed(arena, choose, customer, package, first)
    ends = await race(partial(from_package, arena, customer, first, package) for _ in range(64))
    assert ends == {"points 0": 3, "package_used_up": 61}


async def test_of_64_choices_at_once_one_stands_and_a_use_holds_it(arena: Arena) -> None:
    (customer,) = await arena.customers(1, 0)
    await committed(arena, give_tier, customer, "T2")
    rights = [await committed(arena, add_right) for _ in range(4)]
    package = await committed(arena, add_package, dict.fromkeys(rights, 1))
    tries = [partial(choosing, arena, customer, package, rights[number % 4]) for number in range(64)]
    uses = [partial(from_package, arena, customer, right, package) for right in rights for _ in range(4)]
    ends = await race(one for pair in zip(tries, [*uses, *tries[16:]], strict=False) for one in pair)
    assert set(ends) <= {"chosen", "points 0", "package_not_chosen", "package_used_up", "package_in_use"}
    assert ends["points 0"] <= 1
    async with arena.customer() as session:
        with clock.fixed_at(NOON):
            (mine,) = await list_my_packages(session, Scope.of_customer(customer), customer_id=customer)
    assert sum(line.chosen for line in mine.lines) == 1
    assert mine.taken == ends["points 0"]
