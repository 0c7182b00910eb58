"""The steps of a segment's rule."""

from typing import Any

import pytest

from guibin.tags.rules import parse_rule
from guibin.tags.segments.rules import steps_of

A: dict[str, Any] = {"fact": "aum", "op": ">", "value": "1.00"}
B: dict[str, Any] = {"tag": "payroll"}


@pytest.mark.parametrize(
    ("rule", "kinds"),
    [
        (A, ["start"]),
        ({"all": [A, B, {"not": B}]}, ["start", "intersect", "subtract"]),
        ({"any": [A, {"not": B}]}, ["start", "unite"]),
        ({"not": {"any": [A, B]}}, ["start"]),
    ],
)
def test_a_group_is_cut_into_steps_that_each_hold_what_came_before(rule: dict[str, Any], kinds: list[str]) -> None:
    steps = steps_of(parse_rule(rule))
    assert [step.kind for step in steps] == kinds
    assert steps[-1].so_far == parse_rule(rule)
