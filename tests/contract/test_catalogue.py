"""Every row of the bad-input catalogue has a test that is called after it, and every route has rows (T-API-2)."""

import re
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest
from contract.catalogue import LATER, ROWS
from contract.rows_of_routes import ROWS_OF_ROUTES

from support.routes import all_routes

TESTS = Path(__file__).parents[1]
NAMED = re.compile(r"^(?:async )?def test_((?:[a-z]\d+_(?:to_)?)+)", re.MULTILINE)
PART = re.compile(r"(to_)?([a-z])(\d+)_")
EVERY_ROUTE = {"H", "B", "P", "C"}
"""Groups that are asked of every route (test_bad_requests.py, test_bad_bodies.py) and so belong to none: XML too."""


def named_rows(named: str) -> Iterator[str]:
    """Read `b9_to_b12_p1_` as the rows B9 to B12 and P1."""
    parts = PART.findall(named)
    for (_, group, first), (is_range, _, last) in pairwise([*parts, ("", "", "0")]):
        end = int(last) if is_range else int(first) + 1
        yield from (f"{group.upper()}{number}" for number in range(int(first), end))


def rows_with_a_test() -> set[str]:
    files = (file.read_text("utf-8") for file in TESTS.rglob("test_*.py"))
    return {row for content in files for named in NAMED.findall(content) for row in named_rows(named)}


@pytest.mark.parametrize(
    ("named", "rows"),
    [
        ("h5_", ["H5"]),
        ("a1_a3_", ["A1", "A3"]),
        ("b9_to_b12_p1_", ["B9", "B10", "B11", "B12", "P1"]),
    ],
)
def test_the_name_of_a_test_tells_its_rows(named: str, rows: list[str]) -> None:
    assert list(named_rows(named)) == rows


def test_every_row_has_a_test_or_a_reason_why_not() -> None:
    assert len(ROWS) == 184
    assert set(ROWS) - rows_with_a_test() == set(LATER)


def test_no_test_names_a_row_that_there_is_not() -> None:
    assert rows_with_a_test() <= set(ROWS)


def test_every_route_says_which_rows_are_its_own() -> None:
    assert {route.operation_id for route in all_routes()} == set(ROWS_OF_ROUTES)


def test_the_rows_of_routes_are_rows_and_none_belongs_to_no_route() -> None:
    used = {row for rows in ROWS_OF_ROUTES.values() for row in rows}
    assert used <= set(ROWS)
    own = {row for row in ROWS if row[0] not in EVERY_ROUTE}
    assert own - used - set(LATER) == set()
