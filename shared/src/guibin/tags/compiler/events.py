"""Figures over events: one aggregation of `customer_event` for all of them, each with its own FILTER."""

from collections.abc import Callable, Sequence
from datetime import date, timedelta
from typing import Any, Final

from sqlalchemy import ARRAY, BigInteger, ColumnElement, and_, cast, func, literal, select, type_coerce
from sqlalchemy.dialects.postgresql import aggregate_order_by

from guibin.tags.compiler.columns import EVENTS, Column, column_of_fact
from guibin.tags.compiler.figures import Figures, Pass
from guibin.tags.compiler.predicates import predicate_of
from guibin.tags.rules import EventAggregate, Operand
from guibin.tags.vocabulary import ZERO_OVER_NOTHING, AggregateFunction, Fact

Over = Callable[[Any], Any]
"""Puts the FILTER of a figure behind an aggregate function."""


def event_figures(wanted: Sequence[EventAggregate], run: Pass) -> Figures:
    """Aggregate the events once for all figures, over the longest of their windows."""
    columns = [_aggregate(aggregate, run.day).label(f"figure_{i}") for i, aggregate in enumerate(wanted)]
    statement = select(EVENTS.c.customer_id, *columns).where(EVENTS.c.occurred_on <= run.day)
    windows = [aggregate.last_days for aggregate in wanted]
    longest = [days for days in windows if days is not None]
    if len(longest) == len(windows):
        statement = statement.where(EVENTS.c.occurred_on > run.day - timedelta(days=max(longest)))
    joined = run.narrowed(statement, EVENTS.c.customer_id).group_by(EVENTS.c.customer_id).subquery("event_figures")
    return Figures(joined, {one: _figure(joined.c[f"figure_{i}"], one) for i, one in enumerate(wanted)})


def _aggregate(aggregate: EventAggregate, day: date) -> Column:
    conditions: list[ColumnElement[bool]] = []
    if aggregate.last_days is not None:
        conditions.append(EVENTS.c.occurred_on > day - timedelta(days=aggregate.last_days))
    if aggregate.where is not None:
        conditions.append(predicate_of(aggregate.where, event_column, day))
    where = and_(*conditions) if conditions else None
    field = literal(1) if aggregate.field is None else column_of_fact(aggregate.field)
    return _FUNCTIONS[aggregate.function](field, lambda function: function if where is None else function.filter(where))


def _average(field: Column, over: Over) -> Column:
    """Divide amounts, which are never negative, and round half up to fen."""
    total, count = over(func.sum(field)), over(func.count(field))
    return cast(func.div(2 * total + count, func.nullif(2 * count, 0)), BigInteger)


def _last(field: Column, over: Over) -> Column:
    """Take the field of the latest event; line and reference decide between events of one instant."""
    return _of_one_event(field, over, *(column.desc() for column in _ORDER_OF_EVENTS))


def _first(field: Column, over: Over) -> Column:
    """Take the field of the earliest event."""
    return _of_one_event(field, over, *_ORDER_OF_EVENTS)


def _of_one_event(field: Column, over: Over, *order: Column) -> Column:
    values = over(func.array_agg(aggregate_order_by(field, *order)))
    return type_coerce(values, ARRAY(field.type))[1]


_ORDER_OF_EVENTS: Final = (EVENTS.c.occurred_at, EVENTS.c.line, EVENTS.c.reference)


_FUNCTIONS: Final[dict[AggregateFunction, Callable[[Column, Over], Column]]] = {
    AggregateFunction.SUM: lambda field, over: cast(over(func.sum(field)), BigInteger),
    AggregateFunction.AVG: _average,
    AggregateFunction.MIN: lambda field, over: over(func.min(field)),
    AggregateFunction.MAX: lambda field, over: over(func.max(field)),
    AggregateFunction.COUNT: lambda field, over: over(func.count(field)),
    AggregateFunction.DISTINCT: lambda field, over: over(func.count(func.distinct(field))),
    AggregateFunction.LAST: _last,
    AggregateFunction.FIRST: _first,
}


def _figure(column: Column, aggregate: EventAggregate) -> Column:
    return func.coalesce(column, literal(0)) if aggregate.function in ZERO_OVER_NOTHING else column


def event_column(operand: Operand) -> Column:
    """Return the column of a fact of single events: no figures stand inside a figure."""
    if not isinstance(operand, Fact):
        raise TypeError("a figure inside a figure")
    return column_of_fact(operand)
