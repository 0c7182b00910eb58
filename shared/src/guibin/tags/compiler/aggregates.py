"""What each function of figures is in SQL, over whatever rows."""

from collections.abc import Callable
from typing import Any, Final

from sqlalchemy import BigInteger, cast, func, literal

from guibin.tags.compiler.columns import Column
from guibin.tags.vocabulary import ZERO_OVER_NOTHING, AggregateFunction

Over = Callable[[Any], Any]
"""Puts the FILTER of a figure behind an aggregate function."""


def over_rows(where: Column | None) -> Over:
    """Aggregate the rows for which a condition holds, all without one."""
    return lambda function: function if where is None else function.filter(where)


def or_nothing(column: Column, function: AggregateFunction) -> Column:
    """Say what a figure is for a customer without a row."""
    return func.coalesce(column, literal(0)) if function in ZERO_OVER_NOTHING else column


def _average(field: Column, over: Over) -> Column:
    """Divide a sum of amounts and round half up to fen, below zero too."""
    total, count = over(func.sum(field)), over(func.count(field))
    doubled, by = 2 * total + count, func.nullif(2 * count, 0)
    rest = func.mod(func.mod(doubled, by) + by, by)
    return cast(func.div(doubled - rest, by), BigInteger)


FUNCTIONS: Final[dict[AggregateFunction, Callable[[Column, Over], Column]]] = {
    AggregateFunction.SUM: lambda field, over: cast(over(func.sum(field)), BigInteger),
    AggregateFunction.AVG: _average,
    AggregateFunction.MIN: lambda field, over: over(func.min(field)),
    AggregateFunction.MAX: lambda field, over: over(func.max(field)),
    AggregateFunction.COUNT: lambda field, over: over(func.count(field)),
    AggregateFunction.DISTINCT: lambda field, over: over(func.count(func.distinct(field))),
}
"""`first` and `last` stand with the events: they need an order."""
