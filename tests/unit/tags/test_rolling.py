"""Which rules the calendar alone can turn."""

from typing import Any

import pytest

from guibin.tags.rules import parse_rule
from guibin.tags.runs.rolling import STILL, UNBOUNDED, Rolling, of_rule


def events(days: int | None, where: dict[str, Any] | None = None) -> dict[str, Any]:
    window = {} if days is None else {"window": {"last_days": days}}
    return {"fact": {"count": "event", **window, **({"where": where} if where else {})}, "op": ">", "value": 1}


def over(window: dict[str, Any]) -> dict[str, Any]:
    return {"fact": {"count": "event", "window": window}, "op": ">", "value": 1}


AUM = {"fact": "aum", "op": ">=", "value": "1.00"}
CASES: list[tuple[dict[str, Any], Rolling]] = [
    (AUM, STILL),
    ({"fact": "points.reward", "op": ">", "value": 1}, STILL),
    ({"fact": "tenure_days", "op": ">", "value": 1}, UNBOUNDED),
    ({"fact": "aum_year_daily", "op": ">", "value": "1.00"}, UNBOUNDED),
    ({"fact": "aum_six_months", "op": ">", "value": "1.00"}, Rolling()),
    ({"not": {"fact": "tenure_days", "op": ">", "value": 1}}, UNBOUNDED),
    (events(None), STILL),
    (events(90), Rolling(frozenset({90}))),
    ({"all": [AUM, {"any": [events(7), {"not": events(30)}]}]}, Rolling(frozenset({7, 30}))),
    (events(7, {"fact": "event.date", "op": "within_days", "value": -3}), Rolling(frozenset({7}), unbounded=True)),
    (over({"from": "2026-01-01"}), STILL),
    (over({"before_days": 30}), UNBOUNDED),
    (over({"period": "this_month"}), UNBOUNDED),
    ({"tag": "rich"}, UNBOUNDED),
    ({"fact": {"max": "event.date"}, "op": "<", "value": {"days_from_now": -3}}, UNBOUNDED),
    ({"fact": {"max": "event.date"}, "op": "in_period", "value": "this_month"}, UNBOUNDED),
    ({"fact": {"max": "event.date"}, "op": "within_days", "value": -3}, UNBOUNDED),
]


@pytest.mark.parametrize(("rule", "expected"), CASES)
def test_a_rule_moves_by_its_windows_or_in_a_way_that_nobody_can_bound(rule: dict[str, Any], expected: Rolling) -> None:
    assert of_rule(parse_rule(rule)) == expected
