"""The text form of rules: the same as the tree, both ways, and what is wrong is shown at its place."""

from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings

from guibin.core.errors import Refusal
from guibin.tags.errors import RuleTextInvalid
from guibin.tags.rules import parse_rule, parse_text, write_text
from support.rule_trees import rules

QUIET = [HealthCheck.too_slow, HealthCheck.data_too_large]


@settings(max_examples=100, deadline=None, suppress_health_check=QUIET)
@given(rule=rules)
def test_what_is_written_is_read_back_as_the_same_tree(rule: dict[str, Any]) -> None:
    try:
        node = parse_rule(rule)
    except Refusal:
        assume(condition=False)
        raise
    text = write_text(rule)
    assert parse_rule(parse_text(text)) == node
    assert write_text(parse_text(text)) == text


def test_a_rule_reads_as_people_say_it() -> None:
    text = 'aum_mda >= 1000000.00 and not (products has_any ["GOLD"] or count(event where event.type = "salary") >= 2)'
    salary = {"fact": "event.type", "op": "=", "value": "salary"}
    assert parse_text(text) == {
        "all": [
            {"fact": "aum_mda", "op": ">=", "value": "1000000.00"},
            {
                "not": {
                    "any": [
                        {"fact": "products", "op": "has_any", "value": ["GOLD"]},
                        {"fact": {"count": "event", "where": salary}, "op": ">=", "value": 2},
                    ]
                }
            },
        ]
    }


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("age > 60 且 非 (tier missing 或 age = 1)", "age > 60 and not (tier missing or age = 1)"),
        ("birthday within next 7 days # soon", "birthday within next 7 days"),
        ("  age\n  >=\n 60 ", "age >= 60"),
        ('tag("rich", for 30 days)', 'tag("rich", for 30 days)'),
        ("max(event.date, last 30 days) < today - 7 days", "max(event.date, last 30 days) < today - 7 days"),
    ],
)  # fmt: skip
def test_words_of_both_languages_blanks_and_remarks_say_the_same(text: str, rule: str) -> None:
    assert write_text(parse_text(text)) == rule


@pytest.mark.parametrize(
    ("text", "line", "column", "reason"),
    [
        ("", 1, 1, "not_understood"),
        ("age >", 1, 5, "not_understood"),
        ("age > 60 and", 1, 10, "not_understood"),
        ('age > 60\nand (gender = "F"', 2, 15, "not_understood"),
        ("age ~ 60", 1, 5, "not_understood"),
        ("age > 60 and\n  wealth > 1", 2, 3, "rule_field_unknown"),
        ('age contains "6"', 1, 1, "rule_operator_invalid"),
        ("age > 60 and aum > 5", 1, 14, "rule_value_invalid"),
        ('gender = "X"', 1, 1, "rule_value_invalid"),
        ("count(event where age > 1) > 1", 1, 19, "rule_field_unknown"),
        ("not not not not not age > 1", 1, 21, "rule_too_complex"),
        ("(" * 5_000 + "age > 1", 1, 5_007, "not_understood"),
        ("a" * 20_001, 1, 1, "too_long"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_shown_at_its_place(text: str, line: int, column: int, reason: str) -> None:
    with pytest.raises(RuleTextInvalid) as caught:
        parse_text(text)
    facts = caught.value.facts
    assert (facts["line"], facts["column"], facts["reason"]) == (line, column, reason)


def test_what_could_stand_there_is_said() -> None:
    with pytest.raises(RuleTextInvalid) as caught:
        parse_text("age 60")
    assert "exists, missing" in str(caught.value.facts["expected"])
    with pytest.raises(RuleTextInvalid) as caught:
        parse_text('gender = "X"')
    assert str(caught.value.facts["expected"]).endswith(": F, M, U")
