"""What events earn and when points expire, over plain values."""

from datetime import UTC, date, datetime, timedelta

import pytest

from guibin.points import rules
from guibin.points.models import EarningKind, Expiry, Rounding, Wallet
from guibin.points.rules import Earning


def earning(code: str = "rule", **changes: object) -> Earning:
    values: dict[str, object] = {
        "code": code,
        "wallet": "reward",
        "event_type": "card_spend",
        "kind": EarningKind.PROPORTIONAL,
        "points": 1,
        "name_zh": "刷卡消费",
        "name_en": "Card spending",
        "per_fen": 20_00,
        "max_points": None,
    }
    return Earning(**{**values, **changes})  # type: ignore[arg-type] # by name from the test


@pytest.mark.parametrize(
    ("earned_on", "years", "last_day"),
    [
        (date(2026, 1, 1), 2, date(2028, 12, 31)),
        (date(2026, 12, 31), 2, date(2028, 12, 31)),
        (date(2028, 2, 29), 1, date(2029, 12, 31)),
        (date(2026, 6, 1), 0, date(2026, 12, 31)),
        (date(2026, 6, 1), None, None),
    ],
)
def test_points_can_be_spent_until_the_end_of_a_calendar_year(
    earned_on: date, years: int | None, last_day: date | None
) -> None:
    wallet = Wallet(expiry=Expiry.NEVER if years is None else Expiry.CALENDAR, expiry_years=years)
    assert rules.expiry_of(earned_on, wallet) == last_day


@pytest.mark.parametrize(
    ("earned_on", "months", "rounding", "last_day"),
    [
        (date(2026, 1, 31), 1, Rounding.NONE, date(2026, 2, 28)),
        (date(2027, 8, 31), 6, Rounding.NONE, date(2028, 2, 29)),
        (date(2028, 2, 29), 12, Rounding.NONE, date(2029, 2, 28)),
        (date(2026, 12, 1), 1, Rounding.MONTH, date(2027, 1, 31)),
        (date(2026, 4, 1), 0, Rounding.QUARTER, date(2026, 6, 30)),
        (date(2026, 6, 30), 3, Rounding.QUARTER, date(2026, 9, 30)),
        (date(2026, 7, 1), 12, Rounding.HALF_YEAR, date(2027, 12, 31)),
        (date(2026, 12, 31), 24, Rounding.YEAR, date(2028, 12, 31)),
    ],
)
def test_points_can_be_spent_for_months_rounded_to_an_end(
    earned_on: date, months: int, rounding: Rounding, last_day: date
) -> None:
    wallet = Wallet(expiry=Expiry.ROLLING, expiry_months=months, expiry_rounding=rounding)
    assert rules.expiry_of(earned_on, wallet) == last_day


def test_points_that_end_by_inactivity_have_no_day_of_their_own() -> None:
    assert rules.expiry_of(date(2026, 6, 1), Wallet(expiry=Expiry.INACTIVITY, expiry_months=12)) is None


@pytest.mark.parametrize(
    ("amount_fen", "points"),
    [(None, 0), (0, 0), (19_99, 0), (20_00, 1), (39_99, 1), (40_00, 2), (1_000_000_00, 50_000)],
)
def test_a_proportional_rule_counts_full_amounts_only(amount_fen: int | None, points: int) -> None:
    assert rules.points_for(earning(), amount_fen) == points


def test_a_fixed_rule_gives_the_same_for_every_event() -> None:
    rule = earning(kind=EarningKind.FIXED, points=200, per_fen=None)
    assert [rules.points_for(rule, amount) for amount in (None, 1, 10**9)] == [200, 200, 200]


def test_a_proportional_rule_without_its_amount_gives_nothing() -> None:
    assert rules.points_for(earning(per_fen=None), 100_00) == 0


def test_a_rule_gives_at_most_its_cap() -> None:
    assert rules.points_for(earning(max_points=5), 1_000_00) == 5


def test_only_rules_of_the_events_type_count() -> None:
    assert rules.earnings_of([earning(event_type="salary")], "card_spend", 100_00) == []


def test_an_event_that_gives_no_points_earns_nothing() -> None:
    assert rules.earnings_of([earning()], "card_spend", 19_99) == []


def test_in_each_wallet_the_rule_that_gives_most_applies() -> None:
    small, large, other = earning("b"), earning("a", points=3), earning("c", wallet="service")
    found = rules.earnings_of([small, large, other], "card_spend", 100_00)
    assert [(one.rule.code, one.points) for one in found] == [("a", 15), ("c", 5)]


def test_of_equal_rules_the_first_code_applies() -> None:
    found = rules.earnings_of([earning("b"), earning("a")], "card_spend", 100_00)
    assert [one.rule.code for one in found] == ["a"]


def test_one_entry_holds_at_most_a_trillion_points() -> None:
    rule, amount = earning(points=1_000), 10**14
    (earned,) = rules.earnings_of([rule], "card_spend", amount)
    assert earned.points == 10**12
    assert not rules.is_amount_in_range([rule], "card_spend", amount)
    assert rules.is_amount_in_range([rule], "card_spend", 2 * 10**12)
    assert rules.is_amount_in_range([rule], "salary", amount)


NOW = datetime(2026, 11, 25, 4, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("occurred_at", "accepted"),
    [
        (NOW + timedelta(minutes=5), True),
        (NOW + timedelta(minutes=5, seconds=1), False),
        (NOW - timedelta(days=400), True),
        (NOW - timedelta(days=400, seconds=1), False),
    ],
)
def test_events_of_the_last_400_days_are_accepted(occurred_at: datetime, *, accepted: bool) -> None:
    assert rules.is_event_date_accepted(occurred_at, NOW) is accepted


@pytest.mark.parametrize("points", [60_000, -60_000])
def test_points_cost_the_same_whichever_way_they_move(points: int) -> None:
    assert rules.cost_of(points, 10) == 6_000_00
