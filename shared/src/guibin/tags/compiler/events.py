"""Figures over events: one aggregation of `customer_event` for all of them, each with its own FILTER."""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Final

from sqlalchemy import ARRAY, ColumnElement, and_, func, literal, or_, select, type_coerce
from sqlalchemy.dialects.postgresql import aggregate_order_by

from guibin.core.zone import start_of_day
from guibin.tags.compiler.aggregates import FUNCTIONS, Over, or_nothing, over_rows
from guibin.tags.compiler.columns import EVENTS, Column, column_of_fact
from guibin.tags.compiler.figures import Figures, Pass
from guibin.tags.compiler.predicates import predicate_of
from guibin.tags.rules import EventAggregate, LastEvent, Node, Operand, Window
from guibin.tags.vocabulary import AggregateFunction, Fact

FEW: Final = 4
"""Of how many figures at most it is asked of each event beforehand whether one of them counts it."""


def event_figures(wanted: Sequence[EventAggregate | LastEvent], run: Pass) -> Figures:
    """Aggregate the events once for all figures, over the longest of their windows.

    For a few figures only what one of them counts is aggregated; for many it would be asked of each event twice.
    """
    counted = [_counted(one, run.day) for one in wanted]
    columns = [
        _figure(one, rows, run.day).label(f"figure_{i}")
        for i, (one, rows) in enumerate(zip(wanted, counted, strict=True))
    ]
    statement = select(EVENTS.c.customer_id, *columns).where(in_any_window([one.window for one in wanted], run.day))
    known = [rows for rows in counted if rows is not None]
    if len(known) == len(wanted) <= FEW:
        statement = statement.where(or_(*known))
    joined = run.narrowed(statement, EVENTS.c.customer_id).group_by(EVENTS.c.customer_id).subquery("event_figures")
    return Figures(joined, {one: _over_nothing(joined.c[f"figure_{i}"], one) for i, one in enumerate(wanted)})


def in_any_window(windows: Sequence[Window | None], day: date) -> ColumnElement[bool]:
    """Let in the events of all windows together, none after the day.

    The first day is said as an instant too, which stands in the index of a customer's events.
    """
    firsts = [None if window is None else window.bounds(day)[0] for window in windows]
    known = [first for first in firsts if first is not None]
    until = EVENTS.c.occurred_on <= day
    if len(known) < len(firsts):
        return until
    first = max(min(known), date.min + timedelta(days=1))  # its instant is some hours before the day
    return and_(EVENTS.c.occurred_at >= start_of_day(first), EVENTS.c.occurred_on >= first, until)


def in_window(window: Window, day: date) -> ColumnElement[bool]:
    """Let in the events of a window."""
    first, last = window.bounds(day)
    until = EVENTS.c.occurred_on <= last
    return until if first is None else and_(EVENTS.c.occurred_on >= first, until)


def is_event(node: Node, day: date) -> ColumnElement[bool]:
    """Let in the events for which a node holds."""
    return predicate_of(node, event_column, day)


def _counted(one: EventAggregate | LastEvent, day: date) -> ColumnElement[bool] | None:
    """Let in the events that a figure is about; None: all of them."""
    conditions = [] if one.window is None else [in_window(one.window, day)]
    if one.where is not None:
        conditions.append(is_event(one.where, day))
    return and_(*conditions) if conditions else None


def _figure(one: EventAggregate | LastEvent, counted: ColumnElement[bool] | None, day: date) -> Column:
    over = over_rows(counted)
    if isinstance(one, LastEvent):
        return _last(is_event(one.satisfies, day), over)
    field = literal(1) if one.field is None else column_of_fact(one.field, EVENTS)
    figure: Column = (FUNCTIONS | _OF_ONE_EVENT)[one.function](field, over)
    return figure


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

_OF_ONE_EVENT: Final = {AggregateFunction.LAST: _last, AggregateFunction.FIRST: _first}


def _over_nothing(column: Column, one: EventAggregate | LastEvent) -> Column:
    if isinstance(one, LastEvent):
        return func.coalesce(column, literal(value=False))
    return or_nothing(column, one.function)


def event_column(operand: Operand) -> Column:
    """Return the column of a fact of single events: no figures stand inside a figure."""
    if not isinstance(operand, Fact):
        raise TypeError("a figure inside a figure")
    return column_of_fact(operand, EVENTS)
