"""All rules of a run as one pass over `customer_fact`, joined to what their figures need."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final
from uuid import UUID

from sqlalchemy import CTE, ColumnElement, FromClause, Numeric, cast, literal

from guibin.tags.compiler.calendar import festival_column, yearly_figures
from guibin.tags.compiler.columns import FACTS, Column, column_of_fact
from guibin.tags.compiler.events import event_figures
from guibin.tags.compiler.figures import Figures, Pass
from guibin.tags.compiler.holdings import holding_figures
from guibin.tags.compiler.memberships import membership_figures
from guibin.tags.compiler.past import past_figures
from guibin.tags.compiler.predicates import narrowing_of, predicate_of
from guibin.tags.compiler.records import held_figures, modifier_figures
from guibin.tags.compiler.related import related_figures
from guibin.tags.compiler.sequences import sequence_figures
from guibin.tags.rules import (
    EventAggregate,
    FactAgo,
    HasTag,
    Held,
    HoldingAggregate,
    LastEvent,
    Modifier,
    Node,
    Operand,
    Related,
    Scaled,
    TagNumber,
    TagValues,
    operands_of,
)
from guibin.tags.rules import Sequence as SequenceOfEvents
from guibin.tags.vocabulary import FESTIVAL_FACTS, MATURITY_FACTS, YEARLY_FACTS, Fact


def _is_one_of(operand: Operand, names: Collection[str]) -> bool:
    return isinstance(operand, Fact) and operand.name in names


_FAMILIES: Final[tuple[tuple[Callable[[Operand], bool], Callable[[Sequence[Any], Pass], Figures]], ...]] = (
    (lambda operand: isinstance(operand, EventAggregate | LastEvent), event_figures),
    (lambda operand: isinstance(operand, SequenceOfEvents), sequence_figures),
    (lambda operand: isinstance(operand, HoldingAggregate) or _is_one_of(operand, MATURITY_FACTS), holding_figures),
    (lambda operand: isinstance(operand, HasTag | TagNumber | TagValues), membership_figures),
    (lambda operand: isinstance(operand, FactAgo), past_figures),
    (lambda operand: isinstance(operand, Related), related_figures),
    (lambda operand: isinstance(operand, Held), held_figures),
    (lambda operand: isinstance(operand, Modifier), modifier_figures),
    (lambda operand: _is_one_of(operand, YEARLY_FACTS), yearly_figures),
)
"""Which operands are read together, by one join each."""


@dataclass(frozen=True, slots=True)
class CompiledRules:
    """Rules over one source: `source` joins the facts with the figures, `predicates` stand in rule order.

    `narrowings` say of each rule what is true wherever it holds, if anything can be said (see `narrowing_of`).
    `columns` gives what the rules read of a customer, each fact and figure once.
    """

    source: FromClause
    predicates: tuple[ColumnElement[bool], ...]
    narrowings: tuple[ColumnElement[bool] | None, ...]
    columns: dict[Operand, Column]


def compile_rules(
    rules: Sequence[Node], *, day: date, customer_id: UUID | None = None, among: CTE | None = None
) -> CompiledRules:
    """Compile rules for one pass over `customer_fact`; windows of events end with `day`.

    `customer_id` narrows what is aggregated to one customer, `among` to those that a set names (one column,
    customer_id).
    """
    named = list(dict.fromkeys(operand for rule in rules for operand in operands_of(rule)))
    operands: list[Operand] = list(dict.fromkeys(one.operand if isinstance(one, Scaled) else one for one in named))
    read: dict[Operand, Column] = {}
    source: FromClause = FACTS
    for belongs, figures_of in _FAMILIES:
        wanted = [operand for operand in operands if belongs(operand)]
        if wanted:
            figures = figures_of(wanted, Pass(day, customer_id, among))
            source = source.outerjoin(figures.joined, figures.joined.c.customer_id == FACTS.c.customer_id)
            read |= figures.columns
    columns: dict[Operand, Column] = {
        operand: read[operand] if operand in read else _stored(operand, day) for operand in operands
    }
    columns |= {one: _times(columns[one.operand], one) for one in named if isinstance(one, Scaled)}
    predicates = tuple(predicate_of(rule, columns.__getitem__, day) for rule in rules)
    narrowings = tuple(narrowing_of(rule, columns.__getitem__, day) for rule in rules)
    return CompiledRules(source, predicates, narrowings, columns)


def _times(column: Column, scaled: Scaled) -> Column:
    """Multiply exactly: a factor of an amount is compared with an amount before anything is rounded."""
    return cast(column, Numeric) * literal(scaled.times, Numeric)


def _stored(operand: Operand, day: date) -> Column:
    """Return the column of a fact of customers, or of the calendar."""
    if not isinstance(operand, Fact):
        raise TypeError("a figure of no family")
    return festival_column(operand, day) if operand.name in FESTIVAL_FACTS else column_of_fact(operand, FACTS)
