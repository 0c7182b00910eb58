"""When a batch can be fulfilled, in which order its files are taken, and where file and manifest differ."""

from dataclasses import replace
from typing import Any

import pytest

from guibin.feeds.batches.rules import AnnouncedFile, ControlSum, Measured, differences, in_turn, manifest_fault
from guibin.feeds.models import FeedKind, FeedMode

PARTIES = AnnouncedFile("who.csv", FeedKind.PARTIES, b"\1" * 32, 100, 3)
BALANCES = AnnouncedFile("much.csv", FeedKind.BALANCES, b"\2" * 32, 200, 5, 1_000)
EVENTS = AnnouncedFile("what.csv", FeedKind.EVENTS, b"\3" * 32, 300, 7, 0)


def test_files_are_taken_in_the_order_of_their_kinds() -> None:
    assert in_turn([EVENTS, BALANCES, PARTIES]) == [PARTIES, BALANCES, EVENTS]


@pytest.mark.parametrize(
    ("mode", "files", "fault"),
    [
        (FeedMode.FULL, [PARTIES, BALANCES, EVENTS], None),
        (FeedMode.DELTA, [BALANCES, replace(BALANCES, name="more.csv")], None),
        (FeedMode.FULL, [BALANCES, replace(BALANCES, name="more.csv")], "full_kind_twice"),
        (FeedMode.DELTA, [PARTIES, replace(BALANCES, name="who.csv")], "name_twice"),
        (FeedMode.DELTA, [replace(BALANCES, control_fen=None)], "control_sum_missing"),
        (FeedMode.DELTA, [replace(PARTIES, control_fen=0)], "control_sum_of_other_kind"),
    ],
)
def test_a_manifest_that_cannot_be_fulfilled_says_why(
    mode: FeedMode, files: list[AnnouncedFile], fault: str | None
) -> None:
    assert manifest_fault(mode, files) == fault


@pytest.mark.parametrize(
    ("found", "told"),
    [
        ({}, []),
        ({"size": 201}, [("bytes", "200", "201")]),
        ({"sha256": b"\4" * 32}, [("sha256", "02" * 32, "04" * 32)]),
        ({"rows": 4, "control_fen": 999}, [("rows", "5", "4"), ("control_sum", "10.00", "9.99")]),
    ],
)
def test_each_figure_that_differs_is_named(found: dict[str, Any], told: list[tuple[str, str, str]]) -> None:
    measured = replace(Measured(b"\2" * 32, 200, 5, 1_000), **found)
    named = [(one.what, one.announced, one.found) for one in differences(BALANCES, measured)]
    assert named == told


def test_a_control_sum_adds_what_can_be_read() -> None:
    control = ControlSum(FeedKind.BALANCES)
    for cells in (["H1", "2026-11-24", " 10.50 "], ["H2", "2026-11-24", "-0.25"], ["H3", "2026-11-24", "x"]):
        control.add(cells)
    assert control.fen == 1_025
    assert ControlSum(FeedKind.PARTIES).fen is None
