"""What a sheet may promise, and how the kept share is told."""

import pytest

from guibin.care.standards.defaults import SHEETS
from guibin.care.standards.rules import Sheet, faults_of, percent_kept

TIERS = ["T0", "T1", "T2", "T3", "T4", "T5"]


def test_the_default_sheets_promise_something_to_every_tier_and_no_higher_one_less() -> None:
    assert faults_of(SHEETS, TIERS, TIERS[1:]) is None


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"contacts_a_year": 5}, "less_for_more"),
        ({"answer_days": 3}, "less_for_more"),
        ({"answer_days": 20}, "resolved_before_answered"),
        ({"contacts_a_year": 6, "resolve_days": 10}, None),
    ],
)
def test_a_higher_tier_is_promised_no_less_than_the_one_below(changes: dict[str, int], fault: str | None) -> None:
    sheets: dict[str, Sheet] = SHEETS | {"T3": SHEETS["T3"].model_copy(update={"reviews_a_year": 0} | changes)}
    assert faults_of(sheets, TIERS, TIERS[1:]) == fault


def test_a_tier_without_a_manager_may_be_promised_something_and_need_not_be() -> None:
    pooled = SHEETS["T1"].model_copy(update={"contacts_a_year": 1})
    assert faults_of(SHEETS | {"T0": pooled}, TIERS, TIERS[1:]) is None
    assert faults_of(SHEETS | {"T9": pooled}, TIERS, TIERS[1:]) == "tier_unknown"
    assert faults_of({"T1": pooled}, TIERS, TIERS[1:]) == "tier_missing"


def test_the_share_is_told_with_one_place_rounded_down_and_not_at_all_of_nothing() -> None:
    assert (percent_kept(2, 3), percent_kept(3, 3), percent_kept(0, 0)) == (66.6, 100.0, None)
