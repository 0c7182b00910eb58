"""The feature ledger is truthful: a row that works names tests that exist."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
STATES = {"works", "partly", "planned", "dropped"}
ROW = re.compile(r"^\| ([A-Z]{3,4}-\d\d) \| ([^|]+) \| (\w+) \| ([^|]+) \| ([^|]+) \| ([^|]+) \|$", re.MULTILINE)
ROWS = ROW.findall((ROOT / "docs/features.md").read_text("utf-8"))


def test_the_ledger_has_every_row_once() -> None:
    ids = [row[0] for row in ROWS]
    assert len(ids) == len(set(ids)) == 263


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0])
def test_a_row_tells_its_state_and_what_holds_it(row: tuple[str, ...]) -> None:
    _, _, state, here, where, tests = row
    assert state in STATES
    if state in {"works", "partly"}:
        assert here != "-"
        assert where != "-"
        named = re.findall(r"`([^`]+)`", tests)
        assert named
        for name in named:
            path, _, test = name.partition("::")
            assert (ROOT / path).is_file(), name
            assert not test or f"def {test}(" in (ROOT / path).read_text("utf-8"), name
    if state == "dropped":
        assert here != "-"
