"""Compiled rules and evaluated rules are one language, and nothing that a rule says stands in the text of the SQL."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from sqlalchemy import ColumnElement, select, true
from sqlalchemy.dialects import postgresql
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.holdings.models import EventType
from guibin.security.actors import Scope
from guibin.tags.compiler import FACTS, compile_rules
from guibin.tags.errors import RuleTooComplex
from guibin.tags.evaluation import evaluate
from guibin.tags.kinds.definitions import having
from guibin.tags.matching import read_values
from guibin.tags.rules import Node, parse_rule
from support.fact_rows import store
from support.rule_customers import DAY, Event, Facts, Held, facts
from support.rule_trees import rules


async def matched(session: AsyncSession, nodes: Sequence[Node]) -> list[set[UUID]]:
    """Return for each rule the customers for whom its compiled form holds; what narrows the search leaves none out."""
    compiled = compile_rules(nodes, day=DAY)
    narrowings = [true() if one is None else one for one in compiled.narrowings]
    pairs = zip(compiled.predicates, narrowings, strict=True)
    columns: list[ColumnElement[Any]] = [FACTS.c.customer_id, *(column for pair in pairs for column in pair)]
    rows = (await session.execute(select(*columns).select_from(compiled.source))).all()
    assert all(row[at + 1] for row in rows for at in range(1, len(row), 2) if row[at])
    return [{row[0] for row in rows if row[1 + 2 * index]} for index in range(len(nodes))]


def read_or_skip(raw: object) -> Node:
    try:
        return parse_rule(raw)
    except RuleTooComplex:
        assume(condition=False)
        raise


async def check(session: AsyncSession, bank: list[Facts], raw_rules: list[object]) -> None:
    nodes = [read_or_skip(raw) for raw in raw_rules]
    inner = await session.begin_nested()
    try:
        ids = await store(session, bank)
        found = await matched(session, nodes)
    finally:
        await inner.rollback()
    for node, customers in zip(nodes, found, strict=True):
        expected = {key for key, one in zip(ids, bank, strict=True) if evaluate(node, one.read, DAY).met}
        assert customers == expected


BANKS = st.lists(facts, min_size=1, max_size=4)
SETS_OF_RULES = st.lists(rules, min_size=1, max_size=3)
QUIET = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large]


@settings(max_examples=100, deadline=None, suppress_health_check=QUIET)
@given(bank=BANKS, raw_rules=SETS_OF_RULES)
async def test_the_database_decides_as_the_evaluation_does(
    session: AsyncSession, bank: list[Facts], raw_rules: list[object]
) -> None:
    await check(session, bank, raw_rules)


@pytest.mark.nightly
@settings(max_examples=10_000, deadline=None, suppress_health_check=QUIET)
@given(bank=BANKS, raw_rules=SETS_OF_RULES)
async def test_the_database_decides_as_the_evaluation_does_over_10_000_rules(
    session: AsyncSession, bank: list[Facts], raw_rules: list[object]
) -> None:
    await check(session, bank, raw_rules)


MARK = "zq7"


def marked_rule() -> dict[str, object]:
    """Build a rule in which every value that a caller can choose carries a mark."""
    where = {
        "any": [
            {"fact": "event.channel", "op": "contains", "value": f"{MARK}' OR 1=1 --"},
            {"fact": "event.merchant_category", "op": "in", "value": [f"{MARK}%", f"{MARK}_"]},
            {"fact": "event.amount", "op": ">", "value": "98765.43"},
        ]
    }
    return {
        "all": [
            {"fact": f"points.{MARK}", "op": ">", "value": 987_654_3},
            {"fact": "tier", "op": "=", "value": f"{MARK}; select"},
            {"fact": "products", "op": "has_any", "value": [MARK]},
            {"fact": "branch", "op": "ends", "value": MARK},
            {"fact": "age", "op": "between", "value": [9_876_543, 9_876_544]},
            {"fact": {"count": "event", "where": where, "window": {"last_days": 366}}, "op": ">", "value": 9_876_543},
            {"fact": {"last": "event.date"}, "op": "=", "value": "2019-08-07"},
        ]
    }


def test_only_bound_parameters_of_a_rule_reach_the_database() -> None:
    compiled = compile_rules([parse_rule(marked_rule())], day=DAY)
    statement = select(FACTS.c.customer_id).select_from(compiled.source).where(*compiled.predicates)
    sql = str(statement.compile(dialect=postgresql.dialect()))  # type: ignore[no-untyped-call] # untyped in SQLAlchemy
    for literal in (MARK, "9876543", "2019", "366", "OR 1=1"):
        assert literal not in sql
    assert sql.count("customer_event") > 0
    assert sql.upper().count("JOIN") == 1


def test_only_bound_parameters_of_events_and_holdings_reach_the_database() -> None:
    marked = {"fact": "event.channel", "op": "=", "value": MARK}
    product = {"fact": "holding.product", "op": "in", "value": [f"{MARK}'"]}
    rule = {
        "all": [
            {"tag": MARK, "for_days": 321},
            {"last_event": {"where": marked, "satisfies": marked, "window": {"from": "2019-08-07"}}},
            {"sequence": {"first": marked, "then": marked, "within_days": 321}},
            {"fact": {"count": "holding", "where": product}, "op": ">", "value": 9_876_543},
            {"fact": "birthday", "op": "<", "value": {"days_from_now": 321}},
            {"fact": "holiday.qixi", "op": "in_period", "value": "next_year"},
        ]
    }
    compiled = compile_rules([parse_rule(rule)], day=DAY)
    statement = select(FACTS.c.customer_id).select_from(compiled.source).where(*compiled.predicates)
    sql = str(statement.compile(dialect=postgresql.dialect()))  # type: ignore[no-untyped-call] # untyped in SQLAlchemy
    for literal in (MARK, "9876543", "2019", "321", "2026", "2027"):
        assert literal not in sql


def test_rules_that_share_a_figure_aggregate_it_once() -> None:
    first = parse_rule({"fact": {"sum": "event.amount"}, "op": ">", "value": "1.00"})
    second = parse_rule({"fact": {"sum": "event.amount"}, "op": "<", "value": "2.00"})
    assert len(compile_rules([first, second], day=DAY).columns) == 1


def test_rules_without_events_read_the_facts_alone() -> None:
    assert compile_rules([parse_rule({"fact": "age", "op": "exists"})], day=DAY).source is FACTS


@pytest.mark.parametrize(
    "raw",
    [
        pytest.param({"not": {"not": {"not": {"not": {"fact": "age", "op": ">", "value": 1}}}}}, id="depth 5"),
        pytest.param({"any": [{"fact": "age", "op": "=", "value": year} for year in range(49)]}, id="50 nodes"),
        pytest.param({"fact": "city_code", "op": "in", "value": [str(i) for i in range(1_000)]}, id="1,000 values"),
    ],
)
async def test_a_tree_at_each_limit_runs_as_one_statement(session: AsyncSession, raw: dict[str, object]) -> None:
    assert await matched(session, [parse_rule(raw)]) == [set()]


NOBODY = Facts(
    aum_fen=None, aum_mda_fen=None, liabilities_fen=None, age=None, tenure_days=None, gender="U", branch="B1",
    city_code=None, tier=None, products=[], lines=[], customer_kinds=[], assets={}, liabilities={}, points={},
    events=[], tags={}, holdings=[], birth_mmdd=None, opened_on=None,
)  # fmt: skip
A_DAY = date(2026, 11, 20)
CARD = EventType.CARD_SPEND
SOME_EVENTS = [
    Event(0, CARD, 1, A_DAY, "travel", "pos", None),
    Event(1, CARD, 2, A_DAY, "travel", None, None),
    Event(2, EventType.LOGIN, None, date(2026, 11, 21), None, "online", None),
    Event(3, CARD, 40, date(2026, 10, 1), "fuel", "pos", None),
]


RECENT = {"window": {"last_days": 5}}
AT_THE_COUNTER = {"where": {"fact": "event.channel", "op": "=", "value": "counter"}}


@pytest.mark.parametrize(
    ("aggregate", "expected"),
    [
        ({"sum": "event.amount"}, 43),
        ({"sum": "event.amount"} | RECENT, 3),
        ({"avg": "event.amount"}, 14),
        ({"avg": "event.amount"} | RECENT, 2),
        ({"avg": "event.amount"} | AT_THE_COUNTER, None),
        ({"min": "event.amount"}, 1),
        ({"max": "event.amount"}, 40),
        ({"max": "event.amount"} | RECENT, 2),
        ({"max": "event.date"}, date(2026, 11, 21)),
        ({"count": "event"}, 4),
        ({"count": "event.amount"}, 3),
        ({"count": "event"} | AT_THE_COUNTER, 0),
        ({"distinct": "event.channel"}, 2),
        ({"last": "event.channel"}, "online"),
        ({"last": "event.amount"}, None),
    ],
)
async def test_every_figure_is_what_it_is_called(
    session: AsyncSession, aggregate: dict[str, object], expected: object
) -> None:
    customer_id, _ = await store(session, [replace(NOBODY, events=SOME_EVENTS), NOBODY])
    node = parse_rule({"fact": aggregate, "op": "exists"})
    found = await read_values(
        session, Scope(whole_bank=True), definition=having(node), customer_id=customer_id, day=DAY
    )
    assert found is not None
    assert list(found.values.values()) == [expected]


HELD = [
    Held("D1", "e_finance", None, None, A_DAY, None, {A_DAY: 100}),
    Held("D1", "e_finance", date(2026, 1, 1), None, DAY, 7, {A_DAY: -50}),
    Held("F1", "personal_finance", date(2026, 1, 1), DAY, None, None, {A_DAY: 1_000}),
]
DEPOSITS = {"where": {"fact": "holding.class", "op": "=", "value": "deposits"}}


@pytest.mark.parametrize(
    ("operand", "expected"),
    [
        ({"sum": "holding.balance"}, 50),
        ({"avg": "holding.balance"} | DEPOSITS, 25),
        ({"min": "holding.balance"}, -50),
        ({"count": "holding"}, 2),
        ({"distinct": "holding.product"}, 1),
        ({"max": "holding.credit_limit"}, 7),
        ({"min": "holding.matures_on"}, A_DAY),
        ("next_maturity", DAY),
        ("days_to_maturity", 0),
        ("birthday", date(2027, 2, 28)),
        ("days_to_anniversary", 364),
        ("holiday.spring_festival", date(2027, 2, 6)),
    ],
)
async def test_what_is_held_and_what_comes_next_is_found(
    session: AsyncSession, operand: object, expected: object
) -> None:
    customer = replace(NOBODY, holdings=HELD, birth_mmdd="0229", opened_on=date(2020, 11, 23))
    customer_id, _ = await store(session, [customer, NOBODY])
    node = parse_rule({"fact": operand, "op": "exists"})
    found = await read_values(
        session, Scope(whole_bank=True), definition=having(node), customer_id=customer_id, day=DAY
    )
    assert found is not None
    assert list(found.values.values()) == [expected]


async def test_a_sum_with_an_unknown_balance_is_missing_and_one_over_nothing_is_none(session: AsyncSession) -> None:
    unknown = Held("D1", "e_finance", None, None, None, None, {})
    ids = await store(session, [replace(NOBODY, holdings=[*HELD, unknown]), NOBODY])
    total = {"sum": "holding.balance"}
    found = await matched(session, [parse_rule({"fact": total, "op": "missing"}), parse_rule(zero(total))])
    assert found == [{ids[0]}, {ids[1]}]


def zero(operand: object) -> dict[str, object]:
    return {"fact": operand, "op": "=", "value": "0.00"}


GROWN_UP = {"fact": "age", "op": ">=", "value": 18}
EVENTS = {"fact": {"count": "event"}}


@pytest.mark.parametrize(
    ("raw", "narrows", "hits"),
    [
        (EVENTS | {"op": ">=", "value": 2}, True, {0}),
        (EVENTS | {"op": "<", "value": 2}, True, {1}),
        ({"tag": "t1"}, True, set()),
        ({"not": GROWN_UP}, False, {0, 1}),
        ({"fact": "age", "op": "!=", "value": 18}, False, {0, 1}),
        ({"all": [{"not": GROWN_UP}, EVENTS | {"op": ">", "value": 0}]}, True, {0}),
        ({"any": [GROWN_UP, EVENTS | {"op": "=", "value": 0}]}, True, {1}),
        ({"any": [GROWN_UP, {"fact": "age", "op": "missing"}]}, False, {0, 1}),
    ],
)
async def test_what_narrows_the_search_is_true_wherever_the_rule_holds(
    session: AsyncSession, raw: object, hits: set[int], *, narrows: bool
) -> None:
    ids = await store(session, [replace(NOBODY, events=SOME_EVENTS), NOBODY])
    rule = parse_rule(raw)
    [narrowing] = compile_rules([rule], day=DAY).narrowings
    assert (narrowing is not None) is narrows
    assert await matched(session, [rule]) == [{ids[number] for number in hits}]


def an_event(number: int, event_type: EventType, day: date) -> Event:
    return Event(number, event_type, None, day, None, None, None)


@pytest.mark.parametrize(
    ("events", "met"),
    [
        ([an_event(0, EventType.SALARY, A_DAY), an_event(1, CARD, A_DAY)], True),
        ([an_event(0, EventType.SALARY, A_DAY), an_event(0, CARD, date(2026, 11, 23))], True),
        ([an_event(0, EventType.SALARY, A_DAY), an_event(0, CARD, date(2026, 11, 24))], False),
        ([an_event(0, EventType.SALARY, A_DAY), an_event(0, CARD, A_DAY)], False),
        ([an_event(1, EventType.SALARY, A_DAY), an_event(0, CARD, A_DAY)], False),
        ([an_event(0, EventType.SALARY, date(2026, 11, 1)), an_event(0, EventType.SALARY, A_DAY)], False),
    ],
)
async def test_a_sequence_is_in_order_and_in_time(session: AsyncSession, events: list[Event], *, met: bool) -> None:
    salary = {"fact": "event.type", "op": "=", "value": "salary"}
    card = {"fact": "event.type", "op": "=", "value": "card_spend"}
    rule = parse_rule({"sequence": {"first": salary, "then": card, "within_days": 3}})
    [customer_id] = await store(session, [replace(NOBODY, events=events)])
    assert await matched(session, [rule]) == [{customer_id} if met else set()]
