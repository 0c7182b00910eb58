"""Whose points a member of a household may spend, over plain values."""

from uuid import UUID

import pytest

from guibin.points.household.models import PoolRole
from guibin.points.household.rules import WORDS, Pool, PoolMember, left_of_month, reasons_of, usable
from guibin.relations.models import HouseholdRole


def member(
    number: int,
    household_role: HouseholdRole = HouseholdRole.OTHER,
    named: PoolRole | None = None,
    *,
    puts_in: bool = True,
    stopped: bool = False,
) -> PoolMember:
    return PoolMember(UUID(int=number), UUID(int=number), household_role, named, None, puts_in, stopped)


HEAD = member(3, HouseholdRole.HEAD)
OTHERS = [member(5), member(2, named=PoolRole.SPENDER), member(7, puts_in=False), member(8, stopped=True)]


@pytest.mark.parametrize(
    ("one", "role"),
    [(HEAD, PoolRole.OWNER), (OTHERS[0], PoolRole.VIEWER), (OTHERS[1], PoolRole.SPENDER)],
)
def test_the_head_owns_and_others_look_until_they_are_named(one: PoolMember, role: PoolRole) -> None:
    assert one.role is role


@pytest.mark.parametrize(("me", "givers"), [(HEAD, [2, 5]), (OTHERS[1], [3, 5]), (OTHERS[0], [])])
def test_those_give_who_put_in_and_are_not_stopped_and_nobody_to_who_only_looks(
    me: PoolMember, givers: list[int]
) -> None:
    pool = Pool(UUID(int=1), me, [HEAD, *OTHERS])

    assert pool.givers() == [UUID(int=number) for number in givers]


@pytest.mark.parametrize(
    ("limit", "used", "left", "in_all"), [(None, 90, None, 150), (100, 30, 70, 120), (100, 130, 0, 50)]
)
def test_a_month_has_what_its_limit_leaves(limit: int | None, used: int, left: int | None, in_all: int) -> None:
    assert left_of_month(limit, used) == left
    assert usable(50, 100, left) == in_all


def test_entries_say_who_spent_and_who_put_in_by_role() -> None:
    assert set(WORDS) == set(HouseholdRole)
    assert reasons_of(Pool(UUID(int=1), OTHERS[1], [HEAD, *OTHERS])) == (
        ["家庭成员（成员）使用了您共享的积分", "使用家庭成员（户主）共享的积分", "使用家庭成员（成员）共享的积分"],
        ["Spent by your household's member", "From your household's head", "From your household's member"],
    )
