"""From a rule tree to SQL: a Boolean expression over `customer_fact` and one aggregation of `customer_event`.

Everything that a rule says reaches the database as a bound parameter. All rules that are compiled together share one
aggregation, in which each different figure of events stands once with its own FILTER. The expressions know true and
false only: every condition states what a missing value makes of it, so that NOT means the same as in the evaluation.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    ColumnElement,
    Date,
    FromClause,
    Subquery,
    Text,
    all_,
    and_,
    any_,
    bindparam,
    case,
    cast,
    func,
    literal,
    not_,
    or_,
    select,
    type_coerce,
)
from sqlalchemy.dialects.postgresql import aggregate_order_by
from sqlalchemy.types import TypeEngine

from guibin.core.models import metadata
from guibin.holdings.models import CustomerEvent
from guibin.tags.models import CustomerFact
from guibin.tags.rules import AllOf, AnyOf, Condition, EventAggregate, Node, Not, Operand, operands_of
from guibin.tags.vocabulary import TRUE_WHEN_MISSING, ZERO_OVER_NOTHING, AggregateFunction, Fact, FactType, Operator

FACTS: Final = metadata.tables[CustomerFact.__tablename__]
EVENTS: Final = metadata.tables[CustomerEvent.__tablename__]

Column = ColumnElement[Any]
ColumnOf = Callable[[Operand], Column]
Over = Callable[[Any], Any]
"""Puts the FILTER of a figure behind an aggregate function."""

_COLUMNS: Final[dict[str, Column]] = {
    "aum": FACTS.c.aum_fen,
    "aum_mda": FACTS.c.aum_mda_fen,
    "liabilities": FACTS.c.liabilities_fen,
    "products": FACTS.c.products,
    "lines": FACTS.c.lines,
    "customer_kinds": FACTS.c.customer_kinds,
    "age": FACTS.c.age,
    "gender": FACTS.c.gender,
    "city_code": FACTS.c.city_code,
    "branch": FACTS.c.branch,
    "tenure_days": FACTS.c.tenure_days,
    "tier": FACTS.c.tier,
    "event.type": EVENTS.c.event_type,
    "event.amount": EVENTS.c.amount_fen,
    "event.merchant_category": EVENTS.c.merchant_category,
    "event.channel": EVENTS.c.channel,
    "event.inflow_class": EVENTS.c.inflow_class,
    "event.date": EVENTS.c.occurred_on,
}
_MAPS: Final[dict[str, Column]] = {
    "asset": FACTS.c.assets,
    "liability": FACTS.c.liabilities,
    "points": FACTS.c.points,
}


@dataclass(frozen=True, slots=True)
class CompiledRules:
    """Rules over one source: `source` joins the facts with the figures of events, `predicates` stand in rule order.

    `columns` gives what the rules read of a customer, each fact and figure once.
    """

    source: FromClause
    predicates: tuple[ColumnElement[bool], ...]
    columns: dict[Operand, Column]


def compile_rules(rules: Sequence[Node], *, day: date, customer_id: UUID | None = None) -> CompiledRules:
    """Compile rules for one pass over `customer_fact`; windows of events end with `day`.

    `customer_id` narrows the aggregation of events to one customer.
    """
    operands = list(dict.fromkeys(operand for rule in rules for operand in operands_of(rule)))
    aggregates = [operand for operand in operands if isinstance(operand, EventAggregate)]
    columns: dict[Operand, Column] = {fact: _column(fact) for fact in operands if isinstance(fact, Fact)}
    source: FromClause = FACTS
    if aggregates:
        events = _aggregation(aggregates, day, customer_id)
        columns |= {aggregate: _figure(events.c[f"figure_{i}"], aggregate) for i, aggregate in enumerate(aggregates)}
        source = FACTS.outerjoin(events, events.c.customer_id == FACTS.c.customer_id)
    return CompiledRules(source, tuple(_predicate(rule, columns.__getitem__, day) for rule in rules), columns)


def _aggregation(wanted: Sequence[EventAggregate], day: date, customer_id: UUID | None) -> Subquery:
    """Aggregate the events once for all figures, over the longest of their windows."""
    columns = [_aggregate(aggregate, day).label(f"figure_{i}") for i, aggregate in enumerate(wanted)]
    statement = select(EVENTS.c.customer_id, *columns).where(EVENTS.c.occurred_on <= day)
    windows = [aggregate.last_days for aggregate in wanted]
    longest = [days for days in windows if days is not None]
    if len(longest) == len(windows):
        statement = statement.where(EVENTS.c.occurred_on > day - timedelta(days=max(longest)))
    if customer_id is not None:
        statement = statement.where(EVENTS.c.customer_id == customer_id)
    return statement.group_by(EVENTS.c.customer_id).subquery("event_figures")


def _aggregate(aggregate: EventAggregate, day: date) -> Column:
    conditions: list[ColumnElement[bool]] = []
    if aggregate.last_days is not None:
        conditions.append(EVENTS.c.occurred_on > day - timedelta(days=aggregate.last_days))
    if aggregate.where is not None:
        conditions.append(_predicate(aggregate.where, _event_column, day))
    where = and_(*conditions) if conditions else None
    field = literal(1) if aggregate.field is None else _column(aggregate.field)
    return _FUNCTIONS[aggregate.function](field, lambda function: function if where is None else function.filter(where))


def _average(field: Column, over: Over) -> Column:
    """Divide amounts, which are never negative, and round half up to fen."""
    total, count = over(func.sum(field)), over(func.count(field))
    return cast(func.div(2 * total + count, func.nullif(2 * count, 0)), BigInteger)


def _last(field: Column, over: Over) -> Column:
    """Take the field of the latest event; line and reference decide between events of one instant."""
    latest = (EVENTS.c.occurred_at.desc(), EVENTS.c.line.desc(), EVENTS.c.reference.desc())
    values = over(func.array_agg(aggregate_order_by(field, *latest)))
    return type_coerce(values, ARRAY(field.type))[1]


_FUNCTIONS: Final[dict[AggregateFunction, Callable[[Column, Over], Column]]] = {
    AggregateFunction.SUM: lambda field, over: cast(over(func.sum(field)), BigInteger),
    AggregateFunction.AVG: _average,
    AggregateFunction.MIN: lambda field, over: over(func.min(field)),
    AggregateFunction.MAX: lambda field, over: over(func.max(field)),
    AggregateFunction.COUNT: lambda field, over: over(func.count(field)),
    AggregateFunction.DISTINCT: lambda field, over: over(func.count(func.distinct(field))),
    AggregateFunction.LAST: _last,
}


def _figure(column: Column, aggregate: EventAggregate) -> Column:
    return func.coalesce(column, literal(0)) if aggregate.function in ZERO_OVER_NOTHING else column


def _event_column(operand: Operand) -> Column:
    """Return the column of a fact of single events: no figures stand inside a figure."""
    if isinstance(operand, EventAggregate):
        raise TypeError("a figure inside a figure")
    return _column(operand)


def _column(fact: Fact) -> Column:
    """Return the column of a fact; a class or a wallet of which the customer has nothing counts 0."""
    found = _COLUMNS.get(fact.name)
    if found is not None:
        return found
    kind, _, key = fact.name.partition(".")
    amounts: Any = _MAPS[kind]
    return case((amounts.has_key(key), cast(amounts[key].astext, BigInteger)), else_=literal(0))


def _predicate(node: Node, column_of: ColumnOf, day: date) -> ColumnElement[bool]:
    match node:
        case AllOf(nodes):
            return and_(*(_predicate(child, column_of, day) for child in nodes)).self_group()
        case AnyOf(nodes):
            return or_(*(_predicate(child, column_of, day) for child in nodes)).self_group()
        case Not(inner):
            return not_(_predicate(inner, column_of, day))
        case _:
            return _condition(node, column_of, day)


def _condition(condition: Condition, column_of: ColumnOf, day: date) -> ColumnElement[bool]:
    column, operator = column_of(condition.fact), condition.operator
    if operator is Operator.EXISTS or operator is Operator.MISSING:
        is_set = condition.fact.type is FactType.SET
        known = func.coalesce(func.cardinality(column), literal(0)) > literal(0) if is_set else column.is_not(None)
        return known if operator is Operator.EXISTS else not_(known)
    return func.coalesce(_test(condition, column, column_of, day), literal(operator in TRUE_WHEN_MISSING))


def _test(condition: Condition, column: Column, column_of: ColumnOf, day: date) -> ColumnElement[bool]:
    """Compare two sides, as SQL does: unknown where one of them is."""
    fact_type, operator = condition.fact.type, condition.operator
    match operator, condition.value:
        case Operator.WITHIN_DAYS, int(days):
            first, last = sorted((day, day + timedelta(days=days)))
            return column.between(first, last)
        case Operator.BETWEEN, (low, high):
            return column.between(_bound(low, fact_type), _bound(high, fact_type))
        case _, (Fact() | EventAggregate()) as other:
            return _TESTS[operator](column, column_of(other))
        case _:
            return _TESTS[operator](column, _bound(condition.value, fact_type))


def _bound(value: object, fact_type: FactType) -> Column:
    """Bind what a rule compares with: amounts and numbers as bigint, a list as one array."""
    kind = _BOUND_TYPES[fact_type]
    if isinstance(value, tuple):
        return bindparam(None, list(value), type_=ARRAY(kind))
    return bindparam(None, value, type_=kind)


_BOUND_TYPES: Final[dict[FactType, TypeEngine[Any]]] = {
    FactType.MONEY: BigInteger(),
    FactType.INTEGER: BigInteger(),
    FactType.TEXT: Text(),
    FactType.SET: Text(),
    FactType.DATE: Date(),
}
_TESTS: Final[dict[Operator, Callable[[Column, Column], ColumnElement[bool]]]] = {
    Operator.EQUAL: lambda left, right: left == right,
    Operator.NOT_EQUAL: lambda left, right: left != right,
    Operator.BELOW: lambda left, right: left < right,
    Operator.AT_MOST: lambda left, right: left <= right,
    Operator.ABOVE: lambda left, right: left > right,
    Operator.AT_LEAST: lambda left, right: left >= right,
    Operator.IN: lambda left, right: left == any_(right),
    Operator.NOT_IN: lambda left, right: left != all_(right),
    Operator.CONTAINS: lambda left, right: func.strpos(left, right) > literal(0),
    Operator.STARTS: lambda left, right: func.starts_with(left, right, type_=Boolean),
    Operator.ENDS: lambda left, right: func.right(left, func.length(right)) == right,
    Operator.HAS_ANY: lambda left, right: left.op("&&", is_comparison=True)(right),
    Operator.HAS_ALL: lambda left, right: left.op("@>", is_comparison=True)(right),
    Operator.HAS_NONE: lambda left, right: not_(left.op("&&", is_comparison=True)(right)),
}
