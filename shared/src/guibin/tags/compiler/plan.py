"""All rules of a run as one pass over `customer_fact`, joined to what their figures need."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final
from uuid import UUID

from sqlalchemy import CTE, ColumnElement, FromClause

from guibin.tags.compiler.columns import FACTS, Column, column_of_fact
from guibin.tags.compiler.events import event_figures
from guibin.tags.compiler.figures import Figures, Pass
from guibin.tags.compiler.memberships import membership_figures
from guibin.tags.compiler.predicates import predicate_of
from guibin.tags.rules import EventAggregate, HasTag, Node, Operand, operands_of
from guibin.tags.vocabulary import Fact

_FAMILIES: Final[tuple[tuple[type, Callable[[Sequence[Any], Pass], Figures]], ...]] = (
    (EventAggregate, event_figures),
    (HasTag, membership_figures),
)
"""Which operands are read together, by one join each."""


@dataclass(frozen=True, slots=True)
class CompiledRules:
    """Rules over one source: `source` joins the facts with the figures, `predicates` stand in rule order.

    `columns` gives what the rules read of a customer, each fact and figure once.
    """

    source: FromClause
    predicates: tuple[ColumnElement[bool], ...]
    columns: dict[Operand, Column]


def compile_rules(
    rules: Sequence[Node], *, day: date, customer_id: UUID | None = None, among: CTE | None = None
) -> CompiledRules:
    """Compile rules for one pass over `customer_fact`; windows of events end with `day`.

    `customer_id` narrows what is aggregated to one customer, `among` to those that a set names (one column,
    customer_id).
    """
    operands = list(dict.fromkeys(operand for rule in rules for operand in operands_of(rule)))
    columns: dict[Operand, Column] = {}
    source: FromClause = FACTS
    for kind, figures_of in _FAMILIES:
        wanted = [operand for operand in operands if isinstance(operand, kind)]
        if wanted:
            figures = figures_of(wanted, Pass(day, customer_id, among))
            source = source.outerjoin(figures.joined, figures.joined.c.customer_id == FACTS.c.customer_id)
            columns |= figures.columns
    read = {operand: column_of_fact(operand) if isinstance(operand, Fact) else columns[operand] for operand in operands}
    return CompiledRules(source, tuple(predicate_of(rule, read.__getitem__, day) for rule in rules), read)
