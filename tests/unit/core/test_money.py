import pytest
from hypothesis import given
from hypothesis import strategies as st

from guibin.core.money import MAX_FEN, divide_half_up, format_cny, parse_cny


@given(fen=st.integers(-MAX_FEN + 1, MAX_FEN - 1))
def test_an_amount_comes_back_to_the_fen(fen: int) -> None:
    assert parse_cny(format_cny(fen)) == fen


@pytest.mark.parametrize(
    ("text", "fen"), [("0.29", 29), ("1.1", 110), ("-0.05", -5), ("123456789012.57", 12345678901257)]
)
def test_an_amount_is_read_exactly(text: str, fen: int) -> None:
    assert parse_cny(text) == fen


@pytest.mark.parametrize("text", ["", "1.", ".5", "01", "1.234", "+1", "1,000", "1e3", "１", " 1", "NaN"])
def test_what_is_no_amount_is_none(text: str) -> None:
    assert parse_cny(text) is None


@pytest.mark.parametrize(("total", "count", "mean"), [(5, 2, 3), (4, 3, 1), (10**17, 3, 33333333333333333), (0, 31, 0)])
def test_a_mean_is_rounded_half_up(total: int, count: int, mean: int) -> None:
    assert divide_half_up(total, count) == mean
