"""Which tier the head of a household passes on, over plain values."""

import pytest

from guibin.tiers.household import passed_on
from guibin.tiers.rules import Line
from guibin.tiers.terms import HouseholdSharing

LINES = [Line(f"T{rank}", rank * 10, rank * 1_000_00) for rank in range(4)]


@pytest.mark.parametrize(
    ("highest", "below", "given"),
    [
        ("T3", 0, {"T0": 0, "T1": 10, "T2": 20, "T3": 30}),
        ("T1", 0, {"T0": 0, "T1": 10, "T2": 10, "T3": 10}),
        ("T3", 1, {"T1": 0, "T2": 10, "T3": 20}),
        ("T1", 2, {"T2": 0, "T3": 10}),
        ("T9", 0, {}),
    ],
)
def test_a_tier_is_passed_on_so_much_lower_and_none_above_the_highest(
    highest: str, below: int, given: dict[str, int]
) -> None:
    assert passed_on(LINES, HouseholdSharing(members=1, highest=highest, levels_below=below)) == given
