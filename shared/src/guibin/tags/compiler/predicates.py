"""From a node to a Boolean expression over columns that somebody else has found.

The expressions know true and false only: every condition states what a missing value makes of it, so that NOT means the
same as in the evaluation. Everything that a rule says reaches the database as a bound parameter.
"""

from collections.abc import Callable
from datetime import date
from typing import Any, Final

from sqlalchemy import (
    ARRAY,
    BigInteger,
    BindParameter,
    Boolean,
    ColumnElement,
    Date,
    Numeric,
    Text,
    all_,
    and_,
    any_,
    bindparam,
    func,
    literal,
    not_,
    or_,
)
from sqlalchemy.sql.functions import coalesce
from sqlalchemy.types import TypeEngine

from guibin.tags.compiler.columns import Column
from guibin.tags.evaluation import holds, in_days
from guibin.tags.rules import AllOf, AnyOf, Condition, Node, Not, Operand
from guibin.tags.vocabulary import TRUE_WHEN_MISSING, FactType, Operator

ColumnOf = Callable[[Operand], Column]


def predicate_of(node: Node, column_of: ColumnOf, day: date) -> ColumnElement[bool]:
    """Make a Boolean expression, never unknown, of a node; relative days count from the closed business day."""
    match node:
        case AllOf(nodes):
            return and_(*(predicate_of(child, column_of, day) for child in nodes)).self_group()
        case AnyOf(nodes):
            return or_(*(predicate_of(child, column_of, day) for child in nodes)).self_group()
        case Not(inner):
            return not_(predicate_of(inner, column_of, day))
        case _:
            return _condition(node, column_of, day)


def narrowing_of(node: Node, column_of: ColumnOf, day: date) -> ColumnElement[bool] | None:
    """Make what is true wherever a node holds, unknown or false elsewhere; None where nothing of the kind can be said.

    `predicate_of` never leaves the database a guess: a join that finds nothing is 0, and nobody can tell how often what
    may be missing is true. This says the same as far as a condition asks for something that is there, so that a few
    customers are looked up and not searched for among all.
    """
    match node:
        case AllOf(nodes):
            parts = [narrowing_of(child, column_of, day) for child in nodes]
            some = [part for part in parts if part is not None]
            return and_(*some).self_group() if some else None
        case AnyOf(nodes):
            parts = [narrowing_of(child, column_of, day) for child in nodes]
            every = [part for part in parts if part is not None]
            return or_(*every).self_group() if len(every) == len(parts) else None
        case Not():
            return None
        case _:
            return _narrowing(node, column_of, day)


def _narrowing(condition: Condition, column_of: ColumnOf, day: date) -> ColumnElement[bool] | None:
    operator, column = condition.operator, _there(condition, column_of(condition.fact), day)
    if operator in TRUE_WHEN_MISSING or operator is Operator.EXISTS:
        return None
    return column if operator is Operator.HOLDS else _test(condition, column, column_of, day)


def _there(condition: Condition, column: Column, day: date) -> Column:
    """Leave away what a column is where nothing was found, if the condition does not hold of that."""
    if not isinstance(column, coalesce) or isinstance(condition.value, Operand):
        return column
    found, nothing = column.clauses
    of_nothing = nothing.value if isinstance(nothing, BindParameter) else None
    return column if holds(condition.operator, of_nothing, condition.value, day) else found


def _condition(condition: Condition, column_of: ColumnOf, day: date) -> ColumnElement[bool]:
    column, operator = column_of(condition.fact), condition.operator
    if operator is Operator.HOLDS:
        return column
    if operator is Operator.EXISTS or operator is Operator.MISSING:
        is_set = condition.fact.type is FactType.SET
        known = func.coalesce(func.cardinality(column), literal(0)) > literal(0) if is_set else column.is_not(None)
        return known if operator is Operator.EXISTS else not_(known)
    return func.coalesce(_test(condition, column, column_of, day), literal(operator in TRUE_WHEN_MISSING))


def _test(condition: Condition, column: Column, column_of: ColumnOf, day: date) -> ColumnElement[bool]:
    """Compare two sides, as SQL does: unknown where one of them is."""
    fact_type, operator = condition.fact.type, condition.operator
    if isinstance(condition.value, Operand):
        return _TESTS[operator](column, column_of(condition.value))
    value = in_days(operator, condition.value, day)
    if operator in _STRETCHES:
        first, last = value
        return column.between(_bound(first, fact_type), _bound(last, fact_type))
    return _TESTS[operator](column, _bound(value, fact_type))


_STRETCHES: Final = frozenset({Operator.BETWEEN, Operator.WITHIN_DAYS, Operator.IN_PERIOD})
"""Operators that compare with a first and a last value."""


def _bound(value: object, fact_type: FactType) -> Column:
    """Bind what a rule compares with: amounts and numbers as bigint, a list as one array."""
    kind = _BOUND_TYPES[fact_type]
    if isinstance(value, tuple):
        return bindparam(None, list(value), type_=ARRAY(kind))
    return bindparam(None, value, type_=kind)


_BOUND_TYPES: Final[dict[FactType, TypeEngine[Any]]] = {
    FactType.MONEY: BigInteger(),
    FactType.INTEGER: BigInteger(),
    FactType.TEXT: Text(),
    FactType.SET: Text(),
    FactType.DATE: Date(),
    FactType.DECIMAL: Numeric(),
}
_TESTS: Final[dict[Operator, Callable[[Column, Column], ColumnElement[bool]]]] = {
    Operator.EQUAL: lambda left, right: left == right,
    Operator.NOT_EQUAL: lambda left, right: left != right,
    Operator.BELOW: lambda left, right: left < right,
    Operator.AT_MOST: lambda left, right: left <= right,
    Operator.ABOVE: lambda left, right: left > right,
    Operator.AT_LEAST: lambda left, right: left >= right,
    Operator.IN: lambda left, right: left == any_(right),
    Operator.NOT_IN: lambda left, right: left != all_(right),
    Operator.CONTAINS: lambda left, right: func.strpos(left, right) > literal(0),
    Operator.STARTS: lambda left, right: func.starts_with(left, right, type_=Boolean),
    Operator.ENDS: lambda left, right: func.right(left, func.length(right)) == right,
    Operator.HAS_ANY: lambda left, right: left.op("&&", is_comparison=True)(right),
    Operator.HAS_ALL: lambda left, right: left.op("@>", is_comparison=True)(right),
    Operator.HAS_NONE: lambda left, right: not_(left.op("&&", is_comparison=True)(right)),
}
