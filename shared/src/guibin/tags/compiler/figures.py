"""What a family of operands adds to the pass over `customer_fact`: one join, and a column for each operand."""

from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import CTE, FromClause, Select, Uuid, literal, select

from guibin.core.arrays import looked_up
from guibin.tags.compiler.columns import Column
from guibin.tags.rules import Operand


@dataclass(frozen=True, slots=True)
class Figures:
    """`joined` has at most one row for each customer, by `customer_id`; `columns` are read where it has one or none."""

    joined: FromClause
    columns: dict[Operand, Column]


@dataclass(frozen=True, slots=True)
class Pass:
    """As of which closed business day rules run, and over whom: one customer, those of a set, or all."""

    day: date
    customer_id: UUID | None = None
    among: CTE | None = None

    def narrowed(self, statement: Select[Any], customer_id: Column) -> Select[Any]:
        """Let a statement read no more than the customers that the rules run over."""
        if self.customer_id is not None:
            return statement.where(customer_id == self.customer_id)
        chosen = self.chosen()
        return statement if chosen is None else statement.where(looked_up(customer_id, chosen))

    def chosen(self) -> Select[Any] | None:
        """Select the customers that the rules run over; None for all."""
        if self.customer_id is not None:
            return select(literal(self.customer_id, Uuid))
        return None if self.among is None else select(self.among.c.customer_id)
