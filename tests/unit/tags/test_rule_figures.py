"""What a rule can say of days, of events in their order and of what is held, and what of it is refused."""

import json
import re
from datetime import date
from pathlib import Path

import pytest

from guibin.core.errors import Refusal
from guibin.tags.errors import RuleFieldUnknown, RuleValueInvalid
from guibin.tags.rules import (
    Condition,
    EventAggregate,
    HoldingAggregate,
    LastEvent,
    Period,
    RelativeDay,
    Sequence,
    parse_rule,
)
from guibin.tags.vocabulary import FactType, Operator

DAY = date(2026, 11, 24)
LANGUAGE = Path(__file__).parents[3] / "docs" / "rules.md"


def refusal_of(rule: object) -> Refusal:
    with pytest.raises(Refusal) as caught:
        parse_rule(rule)
    return caught.value


@pytest.mark.parametrize("example", re.findall(r"```json\n(.*?)```", LANGUAGE.read_text("utf-8"), re.DOTALL))
def test_the_examples_of_the_language_are_rules(example: str) -> None:
    assert parse_rule(json.loads(example))


@pytest.mark.parametrize(
    ("window", "bounds"),
    [
        ({"last_days": 1}, (DAY, DAY)),
        ({"last_days": 30}, (date(2026, 10, 26), DAY)),
        ({"before_days": 30}, (None, date(2026, 10, 25))),
        ({"from": "2026-01-01", "to": "2026-03-31"}, (date(2026, 1, 1), date(2026, 3, 31))),
        ({"from": "2026-01-01"}, (date(2026, 1, 1), DAY)),
        ({"to": "2030-01-01"}, (None, DAY)),
        ({"period": "this_month"}, (date(2026, 11, 1), DAY)),
        ({"period": "previous_quarter"}, (date(2026, 7, 1), date(2026, 9, 30))),
        ({"period": "previous_year"}, (date(2025, 1, 1), date(2025, 12, 31))),
    ],
)
def test_a_window_is_counted_from_the_closed_business_day(
    window: dict[str, object], bounds: tuple[date | None, date]
) -> None:
    rule = parse_rule({"fact": {"count": "event", "window": window}, "op": "between", "value": [1, 3]})
    assert isinstance(rule, Condition)
    assert isinstance(rule.fact, EventAggregate)
    assert rule.fact.window is not None
    assert rule.fact.window.bounds(DAY) == bounds


@pytest.mark.parametrize(
    ("period", "day", "first", "last"),
    [
        (Period.NEXT_MONTH, date(2026, 12, 31), date(2027, 1, 1), date(2027, 1, 31)),
        (Period.NEXT_QUARTER, date(2026, 11, 24), date(2027, 1, 1), date(2027, 3, 31)),
        (Period.PREVIOUS_MONTH, date(2028, 3, 1), date(2028, 2, 1), date(2028, 2, 29)),
        (Period.THIS_QUARTER, date(2026, 4, 1), date(2026, 4, 1), date(2026, 6, 30)),
        (Period.NEXT_YEAR, date(2026, 1, 1), date(2027, 1, 1), date(2027, 12, 31)),
    ],
)
def test_a_period_is_whole(period: Period, day: date, first: date, last: date) -> None:
    assert period.bounds(day) == (first, last)


def test_a_day_can_be_said_by_how_far_it_is() -> None:
    rule = parse_rule({"fact": "next_maturity", "op": "between", "value": [{"days_from_now": 1}, "2027-01-31"]})
    assert isinstance(rule, Condition)
    assert rule.value == (RelativeDay(1), date(2027, 1, 31))


def test_a_figure_of_holdings_has_a_filter_and_no_window() -> None:
    where = {"fact": "holding.class", "op": "=", "value": "fund"}
    rule = parse_rule({"fact": {"sum": "holding.balance", "where": where}, "op": ">", "value": "1.00"})
    assert isinstance(rule, Condition)
    assert isinstance(rule.fact, HoldingAggregate)
    assert rule.fact.type is FactType.MONEY
    refusal = refusal_of({"fact": {"count": "holding", "window": {"last_days": 3}}, "op": ">", "value": 1})
    assert refusal.facts["place"] == "rule/fact/window"


def test_the_last_event_and_a_sequence_are_conditions_by_themselves() -> None:
    is_login = {"fact": "event.type", "op": "=", "value": "login"}
    last = parse_rule({"last_event": {"where": is_login, "satisfies": {"fact": "event.channel", "op": "exists"}}})
    follows = parse_rule({"sequence": {"first": is_login, "then": is_login, "within_days": 0}})
    assert isinstance(last, Condition)
    assert isinstance(last.fact, LastEvent)
    assert isinstance(follows, Condition)
    assert isinstance(follows.fact, Sequence)
    assert (last.operator, follows.operator) == (Operator.HOLDS, Operator.HOLDS)


IS_LOGIN = {"fact": "event.type", "op": "=", "value": "login"}
COUNT = {"op": ">", "value": 1}
BACKWARDS = {"from": "2026-02-01", "to": "2026-01-01"}


@pytest.mark.parametrize(
    ("rule", "place"),
    [
        ({"fact": {"count": "event", "window": {"last_days": 1, "before_days": 1}}, **COUNT}, "rule/fact/window"),
        ({"fact": {"count": "event", "window": {}}, **COUNT}, "rule/fact/window"),
        ({"fact": {"count": "event", "window": {"period": "today"}}, **COUNT}, "rule/fact/window/period"),
        ({"fact": {"count": "event", "window": {"from": "2026-13-01"}}, **COUNT}, "rule/fact/window/from"),
        (
            {"fact": {"count": "event", "window": {"from": "2026-02-01", "to": "2026-01-01"}}, **COUNT},
            "rule/fact/window",
        ),
        ({"fact": "birthday", "op": "in_period", "value": "today"}, "rule/value"),
        ({"fact": "birthday", "op": "<", "value": {"days_from_now": "3"}}, "rule/value"),
        ({"fact": "age", "op": "<", "value": {"days_from_now": 3}}, "rule/value"),
        ({"fact": "birthday", "op": "between", "value": [{"days_from_now": 3}, {"days_from_now": 2}]}, "rule/value"),
        ({"last_event": {"where": IS_LOGIN}}, "rule/last_event"),
        ({"last_event": 1}, "rule"),
        ({"sequence": {"first": IS_LOGIN, "then": IS_LOGIN}}, "rule/sequence"),
        ({"sequence": {"first": IS_LOGIN, "then": IS_LOGIN, "within_days": -1}}, "rule/sequence/within_days"),
    ],
)
def test_days_events_and_sequences_of_another_form_are_refused(rule: dict[str, object], place: str) -> None:
    refusal = refusal_of(rule)
    assert isinstance(refusal, RuleValueInvalid)
    assert refusal.facts["place"] == place


@pytest.mark.parametrize(
    ("fact", "place"),
    [
        ({"last": "holding.class"}, "rule/fact/last"),
        ({"sum": "holding"}, "rule/fact/sum"),
        ({"sum": "holding.class"}, "rule/fact/sum"),
        ({"count": "holding", "where": IS_LOGIN}, "rule/fact/where/fact"),
        ("holding.balance", "rule/fact"),
        ("holiday.easter", "rule/fact"),
    ],
)
def test_what_there_is_not_over_holdings_is_refused(fact: object, place: str) -> None:
    refusal = refusal_of({"fact": fact, "op": "exists"})
    assert isinstance(refusal, RuleFieldUnknown)
    assert refusal.facts == {"place": place}
