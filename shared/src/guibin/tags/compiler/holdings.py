"""Figures over what customers hold on the day: one aggregation for all of them, each with its own FILTER."""

from collections.abc import Sequence
from typing import Final

from sqlalchemy import Subquery, and_, case, func, literal, null, select

from guibin.core.models import metadata
from guibin.holdings.held import holdings_of
from guibin.holdings.models import Holding
from guibin.holdings.months import Span
from guibin.tags.compiler.aggregates import FUNCTIONS, or_nothing, over_rows
from guibin.tags.compiler.columns import Column, column_of_fact
from guibin.tags.compiler.figures import Figures, Pass
from guibin.tags.compiler.predicates import predicate_of
from guibin.tags.rules import HoldingAggregate, Operand
from guibin.tags.vocabulary import COUNTS, Fact, FactType

_HOLDING: Final = metadata.tables[Holding.__tablename__]


def holding_figures(wanted: Sequence[HoldingAggregate | Fact], run: Pass) -> Figures:
    """Aggregate the open holdings once for all figures; facts are the next maturity and how far it is."""
    held = open_holdings(run)
    columns = [_figure(one, held, run).label(f"figure_{i}") for i, one in enumerate(wanted)]
    joined = select(held.c.customer_id, *columns).group_by(held.c.customer_id).subquery("holding_figures")
    return Figures(joined, {one: _shown(joined, f"figure_{i}", one, run) for i, one in enumerate(wanted)})


def open_holdings(run: Pass) -> Subquery:
    """One row for each holding that is open on the day, with its balance: NULL before the first one is known."""
    held = holdings_of(run.day, [Span(run.day, run.day)], among=run.chosen())
    same = and_(_HOLDING.c.customer_id == held.c.customer_id, _HOLDING.c.id == held.c.holding_id)
    return (
        select(*held.c, _HOLDING.c.side, _HOLDING.c.matures_on)
        .join(_HOLDING, same)
        .where(held.c.is_open)
        .subquery("holding_of_the_day")
    )


def _shown(joined: Subquery, name: str, one: HoldingAggregate | Fact, run: Pass) -> Column:
    """Say what a figure is for a customer who holds nothing; an unknown one stays unknown."""
    figure = joined.c[name]
    if isinstance(one, HoldingAggregate):
        nothing = or_nothing(null(), one.function)
        return case((joined.c.customer_id.is_(None), nothing), else_=figure)
    return figure if one.type is FactType.DATE else figure - literal(run.day)


def _figure(one: HoldingAggregate | Fact, held: Subquery, run: Pass) -> Column:
    def column_of(operand: Operand) -> Column:
        if not isinstance(operand, Fact):
            raise TypeError("a figure inside a figure")
        return column_of_fact(operand, held)

    if isinstance(one, Fact):
        return func.min(held.c.matures_on).filter(held.c.matures_on >= run.day)
    over = over_rows(None if one.where is None else predicate_of(one.where, column_of, run.day))
    if one.field is None:
        return FUNCTIONS[one.function](literal(1), over)
    field = column_of(one.field)
    figure = or_nothing(FUNCTIONS[one.function](field, over), one.function)
    if one.field.name != "holding.balance" or one.function in COUNTS:
        return figure
    return case((over(func.bool_or(field.is_(None))), null()), else_=figure)
