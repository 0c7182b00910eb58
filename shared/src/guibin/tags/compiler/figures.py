"""What a family of operands adds to the pass over `customer_fact`: one join, and a column for each operand."""

from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import FromClause, Select

from guibin.tags.compiler.columns import Column
from guibin.tags.rules import Operand


@dataclass(frozen=True, slots=True)
class Figures:
    """`joined` has at most one row for each customer, by `customer_id`; `columns` are read where it has one or none."""

    joined: FromClause
    columns: dict[Operand, Column]


@dataclass(frozen=True, slots=True)
class Pass:
    """As of which closed business day rules run, and over which one customer (None: over all)."""

    day: date
    customer_id: UUID | None = None

    def narrowed(self, statement: Select[Any], customer_id: Column) -> Select[Any]:
        """Let a statement read no more than the customers that the rules run over."""
        return statement if self.customer_id is None else statement.where(customer_id == self.customer_id)
