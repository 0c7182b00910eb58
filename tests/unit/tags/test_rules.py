"""The tree of a rule: what is read, what is refused, and where the refusal says that it stands (BAD-T1 to BAD-T4)."""

from datetime import date

import pytest

from guibin.core.errors import Refusal
from guibin.tags.errors import RuleFieldUnknown, RuleOperatorInvalid, RuleTooComplex, RuleValueInvalid
from guibin.tags.rules import (
    AllOf,
    AnyOf,
    Condition,
    EventAggregate,
    HasTag,
    LastDays,
    Not,
    node_at,
    operands_of,
    parse_rule,
)
from guibin.tags.vocabulary import AggregateFunction, Fact, FactType, Operator, customer_fact, event_fact

AGE = {"fact": "age", "op": ">=", "value": 60}
RICH = {"fact": "aum_mda", "op": ">=", "value": "1000000.00"}
SPENT = {
    "fact": {
        "sum": "event.amount",
        "where": {"fact": "event.type", "op": "=", "value": "card_spend"},
        "window": {"last_days": 90},
    },
    "op": ">",
    "value": "50000.00",
}


def nested(depth: int) -> dict[str, object]:
    tree: dict[str, object] = AGE
    for _ in range(depth - 1):
        tree = {"not": tree}
    return tree


def leaves(count: int) -> list[dict[str, object]]:
    return [AGE] * count


def refusal_of(rule: object) -> Refusal:
    with pytest.raises(Refusal) as caught:
        parse_rule(rule)
    return caught.value


def test_an_amount_is_read_as_fen() -> None:
    assert parse_rule(RICH) == Condition(Fact("aum_mda", FactType.MONEY), Operator.AT_LEAST, 100_000_000)


def test_groups_keep_their_nodes_in_order() -> None:
    rich, old = parse_rule(RICH), parse_rule(AGE)
    assert parse_rule({"all": [RICH, {"any": [AGE, {"not": RICH}]}]}) == AllOf((rich, AnyOf((old, Not(rich)))))


def test_a_figure_of_events_has_its_filter_and_its_window() -> None:
    spent = parse_rule(SPENT)
    assert isinstance(spent, Condition)
    event_type = event_fact("event.type")
    assert event_type is not None
    assert spent.fact == EventAggregate(
        AggregateFunction.SUM,
        event_fact("event.amount"),
        Condition(event_type, Operator.EQUAL, "card_spend"),
        LastDays(90),
    )


def test_a_fact_can_be_compared_with_another_of_its_type() -> None:
    rule = parse_rule({"fact": "aum", "op": "<", "value": {"fact": "aum_mda"}})
    assert rule == Condition(Fact("aum", FactType.MONEY), Operator.BELOW, customer_fact("aum_mda"))


def test_counting_takes_whole_events() -> None:
    rule = parse_rule({"fact": {"count": "event"}, "op": ">=", "value": 3})
    assert isinstance(rule, Condition)
    assert rule.fact == EventAggregate(AggregateFunction.COUNT, None, None, None)


def test_dates_of_events_are_compared_by_days_from_the_closed_day() -> None:
    rule = parse_rule({"fact": {"last": "event.date"}, "op": "within_days", "value": -30})
    assert isinstance(rule, Condition)
    assert (rule.fact.type, rule.value) == (FactType.DATE, -30)


def test_a_bound_may_be_a_date() -> None:
    rule = parse_rule({"fact": {"max": "event.date"}, "op": "<", "value": "2026-10-31"})
    assert isinstance(rule, Condition)
    assert rule.value == date(2026, 10, 31)


def test_what_a_rule_reads_is_found_wherever_it_stands() -> None:
    other = {"fact": "aum", "op": "<", "value": {"fact": {"max": "event.amount"}}}
    rule = parse_rule({"any": [{"not": SPENT}, {"all": [other, AGE]}]})
    names = [type(operand).__name__ for operand in operands_of(rule)]
    assert names == ["EventAggregate", "Fact", "EventAggregate", "Fact"]


def test_a_tag_is_a_condition_by_itself() -> None:
    assert parse_rule({"tag": "rich"}) == Condition(HasTag("rich", 1), Operator.HOLDS, None)
    assert parse_rule({"tag": "rich", "for_days": 30}) == Condition(HasTag("rich", 30), Operator.HOLDS, None)


@pytest.mark.parametrize(
    ("rule", "place"),
    [
        ({"tag": "rich", "op": "="}, "rule"),
        ({"tag": ""}, "rule/tag"),
        ({"tag": "a b"}, "rule/tag"),
        ({"tag": "a\n"}, "rule/tag"),
        ({"tag": ["rich"]}, "rule/tag"),
        ({"tag": "rich", "for_days": 0}, "rule/for_days"),
        ({"tag": "rich", "for_days": 367}, "rule/for_days"),
        ({"tag": "rich", "for_days": True}, "rule/for_days"),
        ({"fact": {"count": "event", "where": {"tag": "rich"}}, "op": ">", "value": 1}, "rule/fact/where"),
    ],
)
def test_a_reference_of_another_form_is_refused(rule: dict[str, object], place: str) -> None:
    refusal = refusal_of(rule)
    assert isinstance(refusal, RuleValueInvalid)
    assert refusal.facts["place"] == place


@pytest.mark.parametrize(
    ("place", "node"), [("rule", {"any": [RICH, {"not": AGE}]}), ("rule/any/0", RICH), ("rule/any/1/not", AGE)]
)
def test_a_node_is_found_by_its_place(place: str, node: dict[str, object]) -> None:
    assert node_at({"any": [RICH, {"not": AGE}]}, place) == node


@pytest.mark.parametrize(
    "name",
    [
        *("aum", "aum_mda", "liabilities", "asset.fund", "asset.certificate_of_deposit", "liability.micro_loans"),
        *("age", "tenure_days", "points.reward", "gender", "city_code", "branch", "tier"),
        *("products", "lines", "customer_kinds", "household_aum", "household_size", "household_role"),
        *("birthday", "days_to_maturity", "holiday.mid_autumn"),
    ],
)
def test_every_fact_of_customers_is_known(name: str) -> None:
    assert isinstance(parse_rule({"fact": name, "op": "exists"}), Condition)


@pytest.mark.parametrize(
    "name",
    [
        *("1;select", "id_no", "__class__", "customer.password", "", "asset.", "asset.gold", "points.", "AUM"),
        *("points.reward'--", "points.Reward", "event", "event.type", "customer_id", None, 1, ["aum"], True),
    ],
)
def test_a_fact_that_there_is_not_is_refused(name: object) -> None:
    refusal = refusal_of({"all": [AGE, {"fact": name, "op": "exists"}]})
    assert isinstance(refusal, RuleFieldUnknown)
    assert refusal.facts == {"place": "rule/all/1/fact"}


@pytest.mark.parametrize(
    ("aggregate", "place"),
    [
        ({"median": "event.amount"}, "rule/fact"),
        ({"sum": "event.amount", "max": "event.amount"}, "rule/fact"),
        ({}, "rule/fact"),
        ({"where": AGE}, "rule/fact"),
        ({"sum": "event.type"}, "rule/fact/sum"),
        ({"sum": "event"}, "rule/fact/sum"),
        ({"avg": "aum"}, "rule/fact/avg"),
        ({"min": "event.channel"}, "rule/fact/min"),
        ({"count": {"count": "event"}}, "rule/fact/count"),
        ({"count": "event", "where": AGE}, "rule/fact/where/fact"),
        ({"count": "event", "where": SPENT}, "rule/fact/where/fact"),
    ],
)
def test_a_figure_that_there_is_not_is_refused(aggregate: object, place: str) -> None:
    refusal = refusal_of({"fact": aggregate, "op": "exists"})
    assert isinstance(refusal, RuleFieldUnknown)
    assert refusal.facts == {"place": place}


@pytest.mark.parametrize(
    "operator", ["regex", "distance", "sql", "", "==", "like", None, 1, ["="], "has_any", "starts"]
)
def test_an_operator_that_there_is_not_or_does_not_fit_is_refused(operator: object) -> None:
    refusal = refusal_of({"fact": "age", "op": operator, "value": 1})
    assert isinstance(refusal, RuleOperatorInvalid)
    assert refusal.facts["place"] == "rule/op"
    assert refusal.facts["allowed"] == sorted(
        ["=", "!=", "<", "<=", ">", ">=", "between", "in", "not_in", "exists", "missing"]
    )


@pytest.mark.parametrize("bounds", [[1], [1, 2, 3], [], 1, "12", None])
def test_between_takes_two_bounds(bounds: object) -> None:
    refusal = refusal_of({"fact": "age", "op": "between", "value": bounds})
    assert isinstance(refusal, RuleOperatorInvalid)
    assert refusal.facts["place"] == "rule/value"


@pytest.mark.parametrize(
    "condition",
    [
        {"fact": "age", "op": ">", "value": "60"},
        {"fact": "age", "op": ">", "value": 60.5},
        {"fact": "age", "op": ">", "value": True},
        {"fact": "age", "op": ">", "value": None},
        {"fact": "age", "op": ">"},
        {"fact": "age", "op": ">", "value": 10**16},
        {"fact": "aum", "op": ">", "value": 60},
        {"fact": "aum", "op": ">", "value": "1,000.00"},
        {"fact": "aum", "op": ">", "value": "1.005"},
        {"fact": "gender", "op": "=", "value": "X"},
        {"fact": "gender", "op": "=", "value": 1},
        {"fact": "city_code", "op": "=", "value": ""},
        {"fact": "city_code", "op": "=", "value": "a\0b"},
        {"fact": "city_code", "op": "=", "value": "\ud800"},
        {"fact": "city_code", "op": "=", "value": "x" * 201},
        {"fact": "age", "op": "in", "value": []},
        {"fact": "age", "op": "in", "value": list(range(1_001))},
        {"fact": "age", "op": "in", "value": 1},
        {"fact": "lines", "op": "has_any", "value": "e_finance"},
        {"fact": "customer_kinds", "op": "has_any", "value": ["wealthy"]},
        {"fact": "products", "op": "has_any", "value": {"fact": "lines"}},
        {"fact": "age", "op": "between", "value": [2, 1]},
        {"fact": "age", "op": "<", "value": {"fact": "aum"}},
        {"fact": "age", "op": "<", "value": {"fact": "tenure_days", "plus": 1}},
        {"fact": "age", "op": "in", "value": {"fact": "tenure_days"}},
        {"fact": {"last": "event.date"}, "op": "=", "value": "2026-02-30"},
        {"fact": {"last": "event.date"}, "op": "=", "value": "20260228"},
        {"fact": {"last": "event.date"}, "op": "within_days", "value": 367},
        {"fact": {"last": "event.date"}, "op": "within_days", "value": "7"},
        {"fact": {"last": "event.type"}, "op": "=", "value": "gift"} | {"fact": "tier", "value": ["T1"]},
        {"fact": "age", "op": "exists", "value": None},
    ],
)
def test_a_value_of_the_wrong_kind_is_refused(condition: dict[str, object]) -> None:
    refusal = refusal_of(condition)
    assert isinstance(refusal, RuleValueInvalid)
    assert str(refusal.facts["place"]).startswith("rule/value")


@pytest.mark.parametrize("days", [0, -1, 367, "90", 90.0, True, None])
def test_a_window_has_1_to_366_days(days: object) -> None:
    refusal = refusal_of({"fact": {"count": "event", "window": {"last_days": days}}, "op": "exists"})
    assert isinstance(refusal, RuleValueInvalid)
    assert refusal.facts["place"] == "rule/fact/window/last_days"


@pytest.mark.parametrize("window", [{}, {"last_weeks": 2}, {"last_days": 2, "from": 1}, 90, None])
def test_a_window_is_a_number_of_last_days(window: object) -> None:
    refusal = refusal_of({"fact": {"count": "event", "window": window}, "op": "exists"})
    assert isinstance(refusal, RuleValueInvalid)
    assert refusal.facts["place"] == "rule/fact/window"


@pytest.mark.parametrize(
    ("rule", "place"),
    [
        (None, "rule"),
        ([], "rule"),
        ("age > 60", "rule"),
        ({}, "rule"),
        ({"and": [AGE]}, "rule"),
        ({"all": [AGE], "any": [AGE]}, "rule"),
        ({"all": AGE}, "rule/all"),
        ({"all": [AGE, 1]}, "rule/all/1"),
        ({"not": [AGE]}, "rule/not"),
        ({"fact": "age"}, "rule"),
        ({"fact": "age", "op": "=", "value": 1, "unit": "years"}, "rule"),
    ],
)
def test_a_node_of_another_shape_is_refused(rule: object, place: str) -> None:
    refusal = refusal_of(rule)
    assert isinstance(refusal, RuleValueInvalid)
    assert refusal.facts["place"] == place


@pytest.mark.parametrize(
    "rule",
    [
        pytest.param(nested(6), id="depth 6"),
        pytest.param({"all": leaves(50)}, id="51 nodes"),
        pytest.param({"all": [{"all": leaves(24)}, {"any": leaves(25)}]}, id="52 nodes in two groups"),
        pytest.param({"all": []}, id="empty all"),
        pytest.param({"not": {"any": []}}, id="empty any"),
        pytest.param({"not": {"not": {"not": {"not": SPENT}}}}, id="where below depth 5"),
        pytest.param({"all": [*leaves(48), SPENT]}, id="where is the 51st node"),
    ],
)
def test_a_tree_beyond_the_limits_is_refused(rule: object) -> None:
    refusal = refusal_of(rule)
    assert isinstance(refusal, RuleTooComplex)
    assert (refusal.facts["max_depth"], refusal.facts["max_nodes"]) == (5, 50)


@pytest.mark.parametrize(
    "rule",
    [
        pytest.param(nested(5), id="depth 5"),
        pytest.param({"all": leaves(49)}, id="50 nodes"),
        pytest.param({"not": {"not": {"not": SPENT}}}, id="where at depth 5"),
        pytest.param({"all": [*leaves(47), SPENT]}, id="where is the 50th node"),
        pytest.param({"fact": "age", "op": "in", "value": list(range(1_000))}, id="1,000 values"),
    ],
)
def test_a_tree_at_the_limits_is_read(rule: object) -> None:
    assert parse_rule(rule)


def test_a_tree_as_deep_as_json_allows_is_refused_before_it_is_walked() -> None:
    assert isinstance(refusal_of(nested(900)), RuleTooComplex)


def test_a_refusal_never_carries_what_the_caller_wrote() -> None:
    secret = "110101199003071233"
    for rule in (
        {"fact": secret, "op": "="},
        {"fact": "age", "op": secret},
        {"fact": "age", "op": "=", "value": secret},
    ):
        assert secret not in repr(refusal_of(rule).facts)
