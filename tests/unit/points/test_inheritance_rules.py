"""How a deceased customer's points are shared: every lot among all, to the point, and what is owed stays."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guibin.points.inheritance.rules import divide, left_after

LOTS = st.lists(st.integers(1, 10**12), max_size=12)
SHARES = st.lists(st.integers(1, 1_000), min_size=1, max_size=8)


def test_each_lot_is_shared_and_odd_points_go_round() -> None:
    assert divide([100, 1, 1, 1], [1, 1]) == [[50, 1, 0, 1], [50, 0, 1, 0]]
    assert divide([9, 10], [2, 1]) == [[6, 7], [3, 3]]
    assert divide([7], [1]) == [[7]]
    assert divide([1, 1, 1], [2, 1]) == [[1, 0, 1], [0, 1, 0]]
    assert divide([], [1, 2]) == [[], []]


@given(LOTS, SHARES)
def test_nothing_is_lost_of_any_lot_and_nobody_is_further_from_the_share_than_there_are_heirs(
    lots: list[int], shares: list[int]
) -> None:
    heirs = divide(lots, shares)

    assert [sum(column) for column in zip(*heirs, strict=True)] == lots
    assert all(points >= 0 for heir in heirs for points in heir)
    for heir, share in zip(heirs, shares, strict=True):
        assert abs(sum(heir) * sum(shares) - sum(lots) * share) < len(shares) * sum(shares)


@given(LOTS, st.integers(0, 10**13))
def test_what_is_owed_stays_out_of_what_expires_first(lots: list[int], debt: int) -> None:
    left = left_after(debt, lots)

    assert sum(left) == max(0, sum(lots) - debt)
    touched = [place for place, (points, lot) in enumerate(zip(left, lots, strict=True)) if points < lot]
    assert touched == list(range(len(touched)))
    assert all(left[place] == 0 for place in touched[:-1])


@pytest.mark.parametrize("shares", [[], [0], [1, -1]])
def test_nobody_and_no_share_are_no_heirs(shares: list[int]) -> None:
    with pytest.raises(ValueError, match="positive"):
        divide([1], shares)
