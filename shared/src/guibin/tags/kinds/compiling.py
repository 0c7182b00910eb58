"""From definitions to SQL: for each customer, text expressions that are a value or NULL, over one source.

A definition is one expression, a preference as many as it may have values. All definitions that are compiled together
share the source that `guibin.tags.compiler` makes for the rules and figures in them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import reduce
from typing import Any, Final
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    CTE,
    ColumnElement,
    FromClause,
    Integer,
    Numeric,
    Subquery,
    Text,
    and_,
    case,
    cast,
    func,
    literal,
    null,
    or_,
    select,
)
from sqlalchemy.dialects.postgresql import aggregate_order_by

from guibin.tags.compiler import FACTS, compile_rules
from guibin.tags.compiler.columns import EVENTS
from guibin.tags.compiler.events import event_column, in_window
from guibin.tags.compiler.figures import Pass
from guibin.tags.compiler.predicates import predicate_of
from guibin.tags.kinds.definitions import (
    DIVISION_PLACES,
    RESULT_PLACES,
    Arithmetic,
    Axis,
    Cases,
    Definition,
    Expression,
    Figure,
    Formula,
    Number,
    Preference,
    Range,
    Rfm,
    Score,
    ScorePart,
    Term,
    reads,
)
from guibin.tags.rules import Node, Operand
from guibin.tags.vocabulary import FactType

Column = ColumnElement[Any]

_FEN: Final = Decimal(100)
_DIVISION_UNIT: Final = Decimal(10) ** DIVISION_PLACES
_NUMERIC: Final = Numeric()


@dataclass(frozen=True, slots=True)
class CompiledDefinitions:
    """Definitions over one source; `values` stand in their order, one expression or more for each.

    `narrowings` say of each what is true of everybody who has the tag, if anything can be said (see `narrowing_of`).
    `columns` gives what the definitions read of a customer, each fact, figure and ranking once.
    """

    source: FromClause
    values: tuple[tuple[Column, ...], ...]
    narrowings: tuple[ColumnElement[bool] | None, ...]
    columns: dict[Operand | Preference, Column]

    def has(self, position: int) -> ColumnElement[bool]:
        """Return whether a customer has the tag: it is never unknown."""
        first, *_ = self.values[position]
        return first.is_not(None)

    def hit_by_any(self) -> ColumnElement[bool]:
        """Return whether a customer has one of the tags, first what narrows the search for whom that may be."""
        hit = or_(*(self.has(position) for position in range(len(self.values))))
        narrowings = [one for one in self.narrowings if one is not None]
        return and_(or_(*narrowings), hit) if len(narrowings) == len(self.values) else hit


@dataclass(frozen=True, slots=True)
class _Columns:
    """What the expressions of definitions are made of."""

    day: date
    holds: dict[Node, ColumnElement[bool]]
    figures: dict[Operand | Preference, Column]


def compile_definitions(
    definitions: Sequence[Definition], *, day: date, customer_id: UUID | None = None, among: CTE | None = None
) -> CompiledDefinitions:
    """Compile definitions for one pass over `customer_fact`; windows of events end with `day`.

    `customer_id` narrows what is read beside the facts to one customer, `among` to those that a set names.
    """
    run = Pass(day, customer_id, among)
    nodes = list(dict.fromkeys(node for definition in definitions for node in reads(definition)))
    rules = compile_rules(nodes, day=day, customer_id=customer_id, among=among)
    source: FromClause = rules.source
    figures: dict[Operand | Preference, Column] = dict(rules.columns.items())
    preferences = dict.fromkeys(one for one in definitions if isinstance(one, Preference))
    for number, preference in enumerate(preferences):
        ranking = _ranking(preference, run).subquery(f"ranking_{number}")
        source = source.outerjoin(ranking, ranking.c.customer_id == FACTS.c.customer_id)
        figures[preference] = ranking.c.ranked
    columns = _Columns(day, dict(zip(nodes, rules.predicates, strict=True)), figures)
    values = tuple(_values(one, columns) for one in definitions)
    narrowing = dict(zip(nodes, rules.narrowings, strict=True))
    return CompiledDefinitions(source, values, tuple(_narrowing(one, narrowing) for one in definitions), figures)


def _narrowing(
    definition: Definition, narrowing: Mapping[Node, ColumnElement[bool] | None]
) -> ColumnElement[bool] | None:
    """Return what is true of everybody whom one of the cases meets; only cases say that by their rules."""
    found = [narrowing[one.when] for one in definition.cases] if isinstance(definition, Cases) else []
    known = [one for one in found if one is not None]
    return or_(*known) if known and len(known) == len(found) else None


def _values(definition: Definition, columns: _Columns) -> tuple[Column, ...]:
    match definition:
        case Preference():
            ranked = columns.figures[definition]
            return tuple(ranked[place] for place in range(1, definition.at_most + 1))
        case Cases(cases):
            value: Column = case(*((columns.holds[one.when], literal(one.value)) for one in cases), else_=null())
        case Figure(operand, ranges):
            figure = columns.figures[operand]
            value = _ranged(figure, ranges) if ranges else _written(figure, operand.type)
        case Formula(expression, ranges):
            value = _number(func.round(_calculated(expression, columns), RESULT_PLACES), ranges)
        case Score(parts, ranges, modifier):
            total = _total(parts, columns)
            value = _number(total if modifier is None else total + columns.figures[modifier], ranges)
        case Rfm():
            value = _cell(definition, columns)
        case _:
            value = cast(null(), Text)
    return (value,)


def _number(number: Column, ranges: tuple[Range, ...]) -> Column:
    return _ranged(number, ranges) if ranges else cast(number, Text)


def _total(parts: Sequence[ScorePart], columns: _Columns) -> Column:
    points = (case((columns.holds[part.when], literal(part.points)), else_=literal(0)) for part in parts)
    return reduce(lambda left, right: left + right, points)


def _ranged(number: Column, ranges: tuple[Range, ...]) -> Column:
    """Return the value of the range in which a number lies; a number that is missing lies in none."""
    whens = [
        (number.is_not(None) if one.below is None else number < literal(one.below, _NUMERIC), _literal(one.value))
        for one in ranges
    ]
    return case(*whens, else_=null())


def _literal(value: str | None) -> Column:
    return cast(null(), Text) if value is None else literal(value, Text)


def _written(figure: Column, fact_type: FactType) -> Column:
    match fact_type:
        case FactType.MONEY:
            return cast(func.round(cast(figure, _NUMERIC) / literal(_FEN, _NUMERIC), 2), Text)
        case FactType.DATE:
            return func.to_char(figure, "YYYY-MM-DD")
        case FactType.TEXT:
            return func.nullif(figure, "")
        case _:
            return cast(figure, Text)


def _calculated(expression: Expression, columns: _Columns) -> Column:
    match expression:
        case Number(value):
            return literal(value, _NUMERIC)
        case Term(operand):
            figure = cast(columns.figures[operand], _NUMERIC)
            return figure * literal(Decimal("0.01"), _NUMERIC) if operand.type is FactType.MONEY else figure
        case _:
            parts = [_calculated(part, columns) for part in expression.parts]
            return reduce(_OPERATIONS[expression.arithmetic], parts)


def _divided(left: Column, right: Column) -> Column:
    """Divide exactly and round half up, away from zero; by zero is missing."""
    size = func.abs(right)
    doubled = func.div(
        literal(2 * _DIVISION_UNIT, _NUMERIC) * func.abs(left) + size, func.nullif(literal(Decimal(2)) * size, 0)
    )
    return func.sign(left) * func.sign(right) * doubled * literal(1 / _DIVISION_UNIT, _NUMERIC)


_OPERATIONS: Final = {
    Arithmetic.ADD: lambda left, right: left + right,
    Arithmetic.SUBTRACT: lambda left, right: left - right,
    Arithmetic.MULTIPLY: lambda left, right: left * right,
    Arithmetic.DIVIDE: _divided,
}


def _cell(rfm: Rfm, columns: _Columns) -> Column:
    """Return the first cell in which the scores lie; without an event there is no recency, and no cell."""
    last, frequency, monetary = (columns.figures[axis.operand] for axis in (rfm.recency, rfm.frequency, rfm.monetary))
    days = cast(literal(columns.day) - last, Integer)
    scores = (
        _score([days <= literal(limit) for limit in rfm.recency.limits]),
        _score_of(frequency, rfm.frequency),
        _score_of(monetary, rfm.monetary),
    )
    cells = []
    for cell in rfm.cells:
        spans = zip(scores, (cell.recency, cell.frequency, cell.monetary), strict=True)
        inside = and_(last.is_not(None), *(score.between(low, high) for score, (low, high) in spans))
        cells.append((inside, literal(cell.value)))
    return case(*cells, else_=null())


def _score_of(figure: Column, axis: Axis) -> Column:
    return _score([figure >= literal(limit) for limit in axis.limits])


def _score(reached: list[ColumnElement[bool]]) -> Column:
    points = (cast(one, Integer) for one in reached)
    return reduce(lambda left, right: left + right, points, literal(1))


def _ranking(preference: Preference, run: Pass) -> Any:
    """Rank the categories of each customer, the heaviest first; of equal ones the first of the alphabet."""
    weighed = _weights(preference, run)
    enough = weighed.c.weight * 100 >= weighed.c.whole * literal(preference.least_percent)
    ordered = aggregate_order_by(weighed.c.category, weighed.c.weight.desc(), weighed.c.category)
    return (
        select(weighed.c.customer_id, func.array_agg(ordered, type_=ARRAY(Text)).label("ranked"))
        .where(enough, weighed.c.weight > 0)
        .group_by(weighed.c.customer_id)
    )


def _weights(preference: Preference, run: Pass) -> Subquery:
    category = event_column(preference.field)
    weight = func.sum(func.coalesce(EVENTS.c.amount_fen, 0)) if preference.by_amount else func.count()
    found = (
        select(
            EVENTS.c.customer_id,
            category.label("category"),
            weight.label("weight"),
            func.sum(weight).over(partition_by=EVENTS.c.customer_id).label("whole"),
        )
        .where(EVENTS.c.occurred_on <= run.day, category != "")
        .group_by(EVENTS.c.customer_id, category)
    )
    if preference.window is not None:
        found = found.where(in_window(preference.window, run.day))
    if preference.where is not None:
        found = found.where(predicate_of(preference.where, event_column, run.day))
    return run.narrowed(found, EVENTS.c.customer_id).subquery()
