"""Values that travel to the database as one array: a statement takes 32,767 values, and a night has more customers."""

from collections.abc import Collection
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, SQLColumnExpression, Uuid, any_, func, literal
from sqlalchemy.dialects.postgresql import ARRAY


def among(column: SQLColumnExpression[Any], ids: Collection[UUID]) -> ColumnElement[bool]:
    """Return whether a column is one of some ids, however many they are."""
    return column == any_(literal(list(ids), ARRAY(Uuid())))


def looked_up(column: SQLColumnExpression[Any], ids: Select[Any]) -> ColumnElement[bool]:
    """Return whether a column is one of the ids that a statement selects, which are found first and then looked up.

    For some of very many rows where nothing may be a nested loop: of a join the planner reads all rows then.
    """
    return column == any_(func.array(ids.scalar_subquery(), type_=ARRAY(Uuid())))


def one_of_few(column: SQLColumnExpression[Any], ids: Collection[UUID]) -> ColumnElement[bool]:
    """Return whether a column is one of a few ids, mostly of one alone.

    An equation is the cheapest that can be asked: a list is written out anew for each call, and of an array the planner
    of a kept plan believes that it is long.
    """
    if len(ids) == 1:
        return column == next(iter(ids))
    return column.in_(ids)
