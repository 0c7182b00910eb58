"""Which average gives which tier, at, just below and just above each line."""

from dataclasses import replace
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guibin.tiers.defaults import FEN, LOWER_BOUNDS_CNY, TIERS
from guibin.tiers.rules import Line, faults_of, faults_of_growth, next_line, tier_of

LINES = [Line(code, rank, LOWER_BOUNDS_CNY[code] * FEN) for rank, (code, *_) in enumerate(TIERS)]
RANKS = {line.tier_code: line.rank for line in LINES}
BOUNDS = {line.tier_code: line.lower_bound_fen for line in LINES}


@pytest.mark.parametrize(
    ("average_fen", "tier"),
    [
        (0, None),
        (49_999_99, None),
        (50_000_00, "T0"),
        (50_000_01, "T0"),
        (199_999_99, "T0"),
        (200_000_00, "T1"),
        (200_000_01, "T1"),
        (999_999_99, "T1"),
        (1_000_000_00, "T2"),
        (1_999_999_99, "T2"),
        (2_000_000_00, "T3"),
        (5_999_999_99, "T3"),
        (6_000_000_00, "T4"),
        (9_999_999_99, "T4"),
        (10_000_000_00, "T5"),
        (10**17, "T5"),
    ],
)
def test_a_line_belongs_to_the_tier_that_it_opens(average_fen: int, tier: str | None) -> None:
    assert tier_of(average_fen, LINES) == tier


@pytest.mark.parametrize(
    ("average_fen", "growth", "tier"),
    [(None, 99, None), (None, 100, "T1"), (0, 300, "T3"), (1_000_000_00, 100, "T2"), (10_000_000_00, 0, "T5")],
)
def test_growth_points_give_a_tier_whatever_the_average(average_fen: int | None, growth: int, tier: str | None) -> None:
    lines = [replace(line, growth_points={"T1": 100, "T3": 300}.get(line.tier_code)) for line in LINES]
    assert tier_of(average_fen, lines, growth) == tier


@pytest.mark.parametrize(
    ("points", "fault"),
    [
        ({"T1": 100, "T3": 300}, None),
        ({"T1": 300, "T3": 300}, "not_rising"),
        ({"T1": 0}, "negative"),
        ({"T9": 1}, "tier_unknown"),
    ],
)
def test_growth_points_rise_with_the_tier(points: dict[str, int], fault: str | None) -> None:
    assert faults_of_growth(points, RANKS) == fault


@given(st.integers(0, 10**12), st.integers(0, 10**12), st.randoms())
def test_a_higher_average_never_gives_a_lower_tier_whatever_the_order_of_lines(
    one: int, other: int, random: Random
) -> None:
    shuffled = list(LINES)
    random.shuffle(shuffled)
    low, high = sorted((one, other))
    before, after = tier_of(low, shuffled), tier_of(high, shuffled)
    assert (RANKS[before] if before else -1) <= (RANKS[after] if after else -1)


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({}, None),
        ({"T9": 1}, "tier_unknown"),
        ({"T0": -1}, "negative"),
        ({"T2": BOUNDS["T1"]}, "not_rising"),
        ({"T2": BOUNDS["T1"] - 1}, "not_rising"),
        ({"T5": 0}, "not_rising"),
        ({"T0": 0}, None),
    ],
)
def test_bounds_cover_every_tier_and_rise(change: dict[str, int], fault: str | None) -> None:
    assert faults_of(BOUNDS | change, RANKS) == fault


def test_a_scheme_without_a_tier_is_at_fault() -> None:
    without = {code: bound for code, bound in BOUNDS.items() if code != "T3"}
    assert faults_of(without, RANKS) == "tier_missing"


def test_the_next_line_is_the_one_above() -> None:
    assert next_line("T1", LINES) == LINES[2]


def test_below_all_tiers_the_next_line_is_the_lowest() -> None:
    assert next_line(None, LINES) == LINES[0]


def test_above_the_highest_tier_there_is_no_line() -> None:
    assert next_line("T5", LINES) is None
