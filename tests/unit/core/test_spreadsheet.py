"""CSV that no spreadsheet takes for formulas (T-CSV-1)."""

import csv
import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from guibin.core.spreadsheet import BOM, csv_bytes

FORMULAS = ("=", "+", "-", "@", "\t", "\r", "\n", "\0", "\uff1d", "\uff0b", "\uff0d", "\uff20")
cells = st.one_of(
    st.text(max_size=30),
    st.tuples(st.sampled_from(FORMULAS), st.text(max_size=20)).map("".join),
    st.sampled_from(["'", '"', ",", "", "''=1", '=HYPERLINK("x")', "+8613812345678", "-1"]),
)


def read_back(written: bytes) -> list[list[str]]:
    """Read a file as RFC 4180 says, as it stands in it."""
    text = written.decode("utf-8")
    assert text.startswith(BOM)
    return list(csv.reader(io.StringIO(text.removeprefix(BOM), newline="")))


tables = st.lists(st.lists(cells, min_size=3, max_size=3), max_size=5)


@settings(max_examples=100)
@given(tables)
def test_no_cell_begins_like_a_formula_and_what_is_read_back_is_what_was_written(rows: list[list[str]]) -> None:
    hold(rows)


@pytest.mark.nightly
@settings(max_examples=5_000)
@given(tables)
def test_the_same_for_five_thousand_tables(rows: list[list[str]]) -> None:
    hold(rows)


def hold(rows: list[list[str]]) -> None:
    """Hold a written table to both."""
    table = read_back(csv_bytes(["one", "two", "three"], rows))
    assert table[0] == ["one", "two", "three"]
    assert not any(cell.startswith(FORMULAS) for row in table for cell in row)
    assert [[unquoted(cell) for cell in row] for row in table[1:]] == rows


def unquoted(cell: str) -> str:
    return cell.removeprefix("'")


@pytest.mark.parametrize("cell", ["=1+1", "＝1+1", "\t=1", "-1"])
def test_x5_a_formula_gets_a_quote_before_it(cell: str) -> None:
    assert read_back(csv_bytes(["a"], [[cell]]))[1] == [f"'{cell}"]
