"""Values that travel to the database as one array: a statement takes 32,767 values, and a night has more customers."""

from collections.abc import Collection
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, SQLColumnExpression, Uuid, any_, literal
from sqlalchemy.dialects.postgresql import ARRAY


def among(column: SQLColumnExpression[Any], ids: Collection[UUID]) -> ColumnElement[bool]:
    """Return whether a column is one of some ids, however many they are."""
    return column == any_(literal(list(ids), ARRAY(Uuid())))
