"""What is missing to a line, what the figures will be, and when a tier would be lost: on plain values."""

from datetime import date

import pytest

from guibin.tiers.outlook import Course, Outlook, Part, Standing, forecast_of, look_ahead, more_to_hold
from guibin.tiers.rules import Line
from guibin.tiers.terms import Terms

LINES = [Line("T0", 0, 100), Line("T1", 1, 200), Line("T2", 2, 1000)]
DAY = date(2026, 11, 24)


def course(average: int, present: int, *, last: int | None = 500, stale: bool = False) -> Course:
    return Course(last, [Part(average, 24, 6)], present, frozenset({"credit_card"} if stale else ()))


def look(standing: Standing, plain: Course, net: Course | None = None, **terms: object) -> Outlook:
    return look_ahead(Terms.model_validate(terms), LINES, standing, day=DAY, plain=plain, net=net)


@pytest.mark.parametrize(("average", "present", "forecast"), [(100, 100, 100), (100, 0, 80), (0, 1, 0), (0, 3, 1)])
def test_days_to_come_count_at_the_present_balance(average: int, present: int, forecast: int) -> None:
    assert forecast_of([Part(average, 24, 6)], present) == forecast


@pytest.mark.parametrize("line", [101, 105, 199, 1000])
def test_what_is_to_hold_reaches_the_line_and_one_fen_less_does_not(line: int) -> None:
    parts = [Part(100, 24, 6)]
    more = more_to_hold(line, parts, 100)
    assert more is not None
    assert (100 * 24 + (100 + more) * 6) >= line * 30 > (100 * 24 + (100 + more - 1) * 6)


def test_nothing_is_to_hold_where_the_line_is_reached_or_no_day_is_left() -> None:
    assert more_to_hold(100, [Part(100, 24, 6)], 100) == 0
    assert more_to_hold(101, [Part(100, 30, 0)], 100) is None


def test_of_several_spans_the_easiest_counts() -> None:
    over, running = Part(300, 31, 0), Part(100, 24, 6)
    assert forecast_of([over, running], 100) == 300
    assert more_to_hold(301, [over, running], 100) == (301 * 30 - 100 * 30 + 5) // 6


def test_who_stays_is_told_what_the_next_tier_takes() -> None:
    found = look(Standing("T1", 0, None), course(500, 500))
    assert (found.period_ends, found.days_left, found.forecast_fen, found.forecast_tier) == (
        date(2026, 11, 30),
        6,
        500,
        "T1",
    )
    assert found.next is not None
    assert (found.next.tier_code, found.next.missing_fen, found.next.more_to_hold_fen) == ("T2", 500, 2500)
    assert (found.falls_on, found.months_until_lost) == (None, 3)


@pytest.mark.parametrize(("below", "falls_on"), [(0, date(2027, 2, 1)), (1, date(2027, 1, 1)), (2, date(2026, 12, 1))])
def test_a_drop_is_forecast_by_the_months_below_so_far(below: int, falls_on: date) -> None:
    found = look(Standing("T2", below, None), course(999, 999))
    assert (found.falls_on, found.months_below, found.forecast_tier) == (falls_on, below, "T1")
    assert found.keep is not None
    assert found.keep.more_to_hold_fen == 5


@pytest.mark.parametrize(
    ("standing", "plain", "terms"),
    [
        (Standing("T2", 2, None), course(1000, 1000), {}),
        (Standing("T2", 2, None), course(0, 0, stale=True), {}),
        (Standing("T2", 2, None, "T2"), course(0, 0), {}),
        (Standing("T2", 2, None), course(0, 0), {"never_falls": ["T2"]}),
        (Standing("T2", 2, None), course(0, 0), {"downgrade": "never"}),
        (Standing("T2", 0, None), course(900, 900), {"keep_percent": 90}),
        (Standing(None, 0, None), course(0, 0), {}),
    ],
    ids=["at the line", "stale", "another figure", "never falls", "never", "keep line", "no tier"],
)
def test_no_drop_is_forecast(standing: Standing, plain: Course, terms: dict[str, object]) -> None:
    assert look_ahead(Terms.model_validate(terms), LINES, standing, day=DAY, plain=plain).falls_on is None


def test_a_tier_that_is_safe_is_not_lost_before() -> None:
    found = look(Standing("T2", 5, date(2027, 3, 15)), course(0, 0))
    assert found.falls_on == date(2027, 4, 1)


def test_upper_tiers_ask_for_net_assets() -> None:
    found = look(Standing("T1", 0, None), course(2000, 2000), course(900, 900, last=900), net_from="T2")
    assert found.next is not None
    assert (found.forecast_tier, found.next.missing_fen, found.next.more_to_hold_fen) == ("T1", 100, 500)
