"""What points are worth: exact, rounded as it is written down, and the fewest points for an amount."""

from fractions import Fraction
from typing import Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from guibin.points.valuation import Valuation, ValueRounding

FORMULAS: Final = st.builds(
    Valuation,
    points=st.integers(1, 1_000),
    fen=st.integers(1, 100_000),
    step_fen=st.sampled_from([1, 10, 100]),
    rounding=st.sampled_from(ValueRounding),
)


@pytest.mark.parametrize(
    ("rounding", "worths"),
    [
        (ValueRounding.DOWN, [0, 0, 0, 0, 100, 100]),
        (ValueRounding.HALF_UP, [0, 0, 100, 100, 100, 100]),
        (ValueRounding.UP, [0, 100, 100, 100, 100, 200]),
    ],
)
def test_a_worth_goes_to_a_whole_step_by_its_rounding(rounding: ValueRounding, worths: list[int]) -> None:
    formula = Valuation(points=4, fen=100, step_fen=100, rounding=rounding)

    assert [formula.worth_of(points) for points in range(6)] == worths


@given(formula=FORMULAS, points=st.integers(0, 10**12))
@settings(max_examples=60, deadline=None)
def test_a_worth_is_a_multiple_of_the_step_and_less_than_a_step_off(formula: Valuation, points: int) -> None:
    exact, worth = Fraction(points * formula.fen, formula.points), formula.worth_of(points)
    off = {
        ValueRounding.DOWN: 0 <= exact - worth < formula.step_fen,
        ValueRounding.HALF_UP: -formula.step_fen <= 2 * (exact - worth) < formula.step_fen,
        ValueRounding.UP: 0 <= worth - exact < formula.step_fen,
    }

    assert (worth % formula.step_fen, off[formula.rounding]) == (0, True)


@given(formula=FORMULAS, fen=st.integers(0, 10**9))
@settings(max_examples=60, deadline=None)
def test_the_points_for_an_amount_are_the_fewest_that_are_worth_it(formula: Valuation, fen: int) -> None:
    needed = formula.points_for(fen)

    assert formula.worth_of(needed) >= fen
    assert needed == 0 or formula.worth_of(needed - 1) < fen
