"""Whose word counts for a field."""

from dataclasses import dataclass
from datetime import date

import pytest
from pydantic import ValidationError

from guibin.core.lines import Line
from guibin.customers.policy.rules import FieldRule, IdentityPolicy, PolicyField, Strategy


@dataclass(frozen=True)
class Told:
    line: Line
    as_of: date
    is_ended: bool = False


FINANCE = Told(Line.PERSONAL_FINANCE, date(2026, 11, 1))
CARDS = Told(Line.CREDIT_CARD, date(2026, 11, 20))
PAYROLL = Told(Line.CORPORATE_INDIVIDUAL, date(2026, 10, 1))
GONE = Told(Line.PERSONAL_FINANCE, date(2026, 11, 24), is_ended=True)
ALL = (CARDS, GONE, PAYROLL, FINANCE)


@pytest.mark.parametrize(
    ("rule", "order"),
    [
        (FieldRule(), [FINANCE, CARDS, PAYROLL, GONE]),
        (FieldRule(lines=(Line.CORPORATE_INDIVIDUAL,)), [PAYROLL, FINANCE, CARDS, GONE]),
        (FieldRule(strategy=Strategy.SOURCE_PRIORITY, lines=(Line.CREDIT_CARD, Line.AGRI_CREDIT)), [CARDS]),
        (FieldRule(strategy=Strategy.MOST_RECENT), [CARDS, FINANCE, PAYROLL, GONE]),
        (FieldRule(strategy=Strategy.OLDEST), [PAYROLL, FINANCE, CARDS, GONE]),
    ],
)
def test_records_are_heard_in_the_order_of_the_strategy_and_ended_ones_last(rule: FieldRule, order: list[Told]) -> None:
    assert rule.in_order(ALL) == order


@pytest.mark.parametrize("lines", [(), (Line.CREDIT_CARD, Line.CREDIT_CARD)])
def test_a_rule_asks_each_line_once_and_one_at_least(lines: tuple[Line, ...]) -> None:
    with pytest.raises(ValidationError):
        FieldRule(lines=lines)


def test_what_is_named_as_it_always_was_is_no_rule_of_the_banks_own() -> None:
    policy = IdentityPolicy(
        fields={PolicyField.PHONE: FieldRule(), PolicyField.NAME: FieldRule(strategy=Strategy.OLDEST)}
    )
    assert [field for field, _ in policy.own_rules] == [PolicyField.NAME]
