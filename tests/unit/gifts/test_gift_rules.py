"""What a count changes, and what is left of a cap."""

import pytest

from guibin.gifts.rules import difference, left_of


@pytest.mark.parametrize(("counted", "change"), [(10, 0), (12, 2), (9, -1), (3, -7), (2, None), (0, None)], ids=str)
def test_a_count_changes_the_free_units_and_never_takes_what_is_promised(counted: int, change: int | None) -> None:
    assert difference(counted=counted, free=7, reserved=3) == change


@pytest.mark.parametrize(("cap", "given", "left"), [(100, 0, 100), (100, 100, 0), (100, 99, 1), (50, 80, 0)])
def test_a_cap_that_was_lowered_leaves_nothing(cap: int, given: int, left: int) -> None:
    assert left_of(cap, given) == left
