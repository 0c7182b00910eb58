"""What a missing value makes of each operator, and what a verdict says to somebody who asks why."""

from datetime import date
from typing import Any

import pytest

from guibin.tags.evaluation import Plain, Verdict, evaluate, holds
from guibin.tags.rules import Operand, parse_rule
from guibin.tags.vocabulary import TRUE_WHEN_MISSING, Fact, Operator

DAY = date(2026, 11, 24)
SOME_VALUE: dict[Operator, Any] = {
    Operator.BETWEEN: (1, 2),
    Operator.IN: (1,),
    Operator.NOT_IN: (1,),
    Operator.HAS_ANY: ("a",),
    Operator.HAS_ALL: ("a",),
    Operator.HAS_NONE: ("a",),
    Operator.MISSING: None,
    Operator.EXISTS: None,
}


def judge(rule: object, **facts: Plain) -> Verdict:
    def read(operand: Operand) -> Plain:
        assert isinstance(operand, Fact)
        return facts.get(operand.name)

    return evaluate(parse_rule(rule), read, DAY)


@pytest.mark.parametrize("operator", list(Operator))
def test_a_missing_fact_makes_only_the_negative_operators_true(operator: Operator) -> None:
    assert holds(operator, None, SOME_VALUE.get(operator, 1), DAY) is (operator in TRUE_WHEN_MISSING)


@pytest.mark.parametrize("operator", [Operator.HAS_ANY, Operator.HAS_ALL, Operator.HAS_NONE, Operator.MISSING])
def test_a_set_without_members_counts_as_missing(operator: Operator) -> None:
    assert holds(operator, frozenset(), SOME_VALUE[operator], DAY) is (operator in TRUE_WHEN_MISSING)


@pytest.mark.parametrize(("operator", "expected"), [("<", False), ("=", False), ("!=", True)])
def test_a_missing_value_on_the_other_side_decides_alike(operator: str, *, expected: bool) -> None:
    assert judge({"fact": "aum", "op": operator, "value": {"fact": "aum_mda"}}, aum=5).met is expected


def test_not_around_a_condition_over_a_missing_fact_is_true() -> None:
    assert judge({"not": {"fact": "age", "op": ">", "value": 60}}).met


@pytest.mark.parametrize(
    ("days", "actual", "expected"),
    [
        (7, date(2026, 11, 24), True),
        (7, date(2026, 12, 1), True),
        (7, date(2026, 12, 2), False),
        (7, date(2026, 11, 23), False),
        (-7, date(2026, 11, 17), True),
        (-7, date(2026, 11, 16), False),
        (-7, date(2026, 11, 25), False),
        (0, date(2026, 11, 24), True),
    ],
)
def test_within_days_includes_both_ends(days: int, actual: date, *, expected: bool) -> None:
    assert holds(Operator.WITHIN_DAYS, actual, days, DAY) is expected


def test_within_days_compares_nothing_but_dates() -> None:
    with pytest.raises(TypeError):
        holds(Operator.WITHIN_DAYS, 7, 7, DAY)


def test_a_verdict_names_each_condition_with_its_actual_value() -> None:
    rule = {"all": [{"fact": "age", "op": ">=", "value": 60}, {"not": {"fact": "gender", "op": "=", "value": "M"}}]}
    conditions = list(judge(rule, age=59, gender="F").conditions())
    assert [(one.place, one.actual, one.met) for one in conditions] == [
        ("rule/all/0", 59, False),
        ("rule/all/1/not", "F", False),
    ]


def test_a_verdict_has_the_other_fact_too() -> None:
    verdict = judge({"fact": "aum", "op": "<", "value": {"fact": "aum_mda"}}, aum=5, aum_mda=6)
    assert (verdict.met, verdict.actual, verdict.other) == (True, 5, 6)


@pytest.mark.parametrize(
    ("facts", "place"),
    [
        ({"age": 59, "tier": "T1", "gender": "F"}, "rule/all/0"),
        ({"age": 60, "tier": "T1", "gender": "F"}, "rule/all/1/any/0"),
        ({"age": 60, "tier": "T2", "gender": "M"}, "rule/all/2/not/any/1"),
        ({"age": 60, "tier": "T2", "gender": "F"}, None),
    ],
)
def test_the_first_failing_condition_is_found(facts: dict[str, Plain], place: str | None) -> None:
    rule = {
        "all": [
            {"fact": "age", "op": ">=", "value": 60},
            {"any": [{"fact": "tier", "op": "=", "value": "T2"}, {"fact": "tier", "op": "=", "value": "T3"}]},
            {"not": {"any": [{"fact": "branch", "op": "exists"}, {"fact": "gender", "op": "=", "value": "M"}]}},
        ]
    }
    failing = judge(rule, **facts).first_failing()
    assert (failing.place if failing else None) == place
