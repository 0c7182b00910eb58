"""When a plan releases units, how many until now, and for whom."""

from datetime import datetime
from typing import Any

import pytest

from guibin.rights.releases import plan_of, released_to

DAILY = {"code": "daily", "daily": {"at": "10:00", "units": 5, "first_day": "2026-11-24", "last_day": "2026-11-26"}}
DATED = {
    "code": "dated",
    "dated": [
        {"at": "2026-11-25T10:00:00+08:00", "units": 3},
        {"at": "2026-12-01T00:00:00+08:00", "units": 4},
    ],
}


def at(text: str) -> datetime:
    return datetime.fromisoformat(f"2026-{text}+08:00")


@pytest.mark.parametrize(
    ("now", "released", "following"),
    [
        ("11-20T12:00:00", 0, "11-24T10:00:00"),
        ("11-24T09:59:59.999999", 0, "11-24T10:00:00"),
        ("11-24T10:00:00", 5, "11-25T10:00:00"),
        ("11-25T00:00:00", 5, "11-25T10:00:00"),
        ("11-26T09:00:00", 10, "11-26T10:00:00"),
        ("11-26T10:00:00", 15, None),
        ("12-31T23:00:00", 15, None),
    ],
)
def test_a_daily_line_releases_its_units_at_its_time_from_the_first_day_to_the_last(
    now: str, released: int, following: str | None
) -> None:
    (line,) = plan_of({"lines": [DAILY]})
    assert line.released(at(now)) == released
    assert line.next_at(at(now)) == (None if following is None else at(following))


def test_a_daily_line_without_a_last_day_goes_on() -> None:
    endless = DAILY | {"daily": {"at": "10:00", "units": 5, "first_day": "2026-11-24"}}
    (line,) = plan_of({"lines": [endless]})
    assert line.released(at("12-24T10:00:00")) == 31 * 5
    assert line.next_at(at("12-24T10:00:00")) == at("12-25T10:00:00")


def test_a_dated_line_releases_at_each_of_its_instants_and_both_kinds_add_up() -> None:
    (line,) = plan_of({"lines": [DATED | {"daily": DAILY["daily"]}]})
    assert [line.released(at(now)) for now in ("11-25T09:00:00", "11-25T10:00:00", "12-01T00:00:00")] == [5, 13, 22]
    assert line.next_at(at("11-26T11:00:00")) == at("12-01T00:00:00")
    assert line.next_at(at("12-01T00:00:00")) is None


@pytest.mark.parametrize(
    ("tier", "branches", "lines"),
    [
        (None, {"330000"}, ["dated"]),
        ("T3", {"330000"}, ["tier", "dated"]),
        ("T3", {"330100", "330000"}, ["tier", "branch", "dated"]),
    ],
)
def test_a_line_is_for_its_tier_and_for_its_branch_and_those_below(
    tier: str | None, branches: set[str], lines: list[str]
) -> None:
    plan: list[dict[str, Any]] = [
        DATED | {"code": "tier", "tier": "T3"},
        DATED | {"code": "branch", "branch": "330100"},
    ]
    released = released_to(plan_of({"lines": [*plan, DATED]}), tier, frozenset(branches), at("11-26T12:00:00"))
    assert released is not None
    assert [code for code, _ in released.lines] == lines


def test_some_line_has_to_have_all_of_the_units() -> None:
    released = released_to(plan_of({"lines": [DAILY, DATED]}), None, frozenset(), at("11-25T10:00:00"))
    assert released is not None
    assert released.lines == (("daily", 10), ("dated", 3))
    assert released.has(10, {})
    assert not released.has(4, {"daily": 7})
    assert released.has(3, {"daily": 10})


def test_without_a_plan_nothing_is_held_back() -> None:
    assert released_to(plan_of(None), None, frozenset(), at("11-25T10:00:00")) is None
