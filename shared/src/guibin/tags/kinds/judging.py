"""A definition judged over one customer's facts as plain values: which values it gives, and the verdict of each rule.

The same semantics as `guibin.tags.kinds.compiling` gives to the database; a property test holds the two together.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal, localcontext
from functools import reduce
from typing import Final

from guibin.core.money import format_cny
from guibin.tags.evaluation import Plain, ReadFact, Verdict, evaluate
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
    Term,
)
from guibin.tags.rules import Operand
from guibin.tags.vocabulary import FactType

_DIGITS: Final = 2_000
"""More than fifty factors of seventeen digits have: nothing but the policy rounds."""

Ranked = Sequence[str] | None


@dataclass(frozen=True, slots=True)
class Judgement:
    """The values that a definition gives, with the verdicts of its rules and the numbers that decided, by place."""

    values: tuple[str, ...]
    verdicts: tuple[Verdict, ...] = ()
    numbers: tuple[tuple[str, str | None], ...] = ()


def judge(definition: Definition, read: ReadFact, day: date, ranked: Ranked = None) -> Judgement:
    """Judge a definition over the facts that `read` gives; `ranked` are the categories of a preference, heaviest first.

    The verdicts stand in the order in which rules decide; those behind the one that decided are judged all the same.
    """
    match definition:
        case Cases(cases):
            verdicts = tuple(evaluate(one.when, read, day, one.place) for one in cases)
            given = (one.value for one, verdict in zip(cases, verdicts, strict=True) if verdict.met)
            found = Judgement(_one(next(given, None)), verdicts)
        case Score():
            found = _score(definition, read, day)
        case Figure(operand, ranges):
            written = _written(read(operand), operand.type)
            value = _ranged(_decimal(read(operand)), ranges) if ranges else written
            found = Judgement(_one(value), numbers=(("rule/figure", written),))
        case Formula(expression, ranges):
            result = _result(expression, read)
            value = _ranged(result, ranges) if ranges else _text(result)
            found = Judgement(_one(value), numbers=(("rule/formula", _text(result)),))
        case Preference():
            found = Judgement(tuple(ranked or ())[: definition.at_most])
        case Rfm():
            found = _cell(definition, read, day)
        case _:
            found = Judgement(())
    return found


def _score(score: Score, read: ReadFact, day: date) -> Judgement:
    verdicts = tuple(evaluate(part.when, read, day, part.place) for part in score.parts)
    total = sum(part.points for part, verdict in zip(score.parts, verdicts, strict=True) if verdict.met)
    numbers = [("rule/score", str(total))]
    added = 0 if score.modifier is None else read(score.modifier)
    if isinstance(added, int) and added:
        numbers.append(("modifier", str(added)))
        total += added
    value = _ranged(Decimal(total), score.ranges) if score.ranges else str(total)
    return Judgement(_one(value), verdicts, tuple(numbers))


def _one(value: str | None) -> tuple[str, ...]:
    return () if value is None else (value,)


def _text(number: Decimal | None) -> str | None:
    return None if number is None else f"{number:f}"


def _decimal(value: Plain) -> Decimal | None:
    return Decimal(value) if isinstance(value, int | Decimal) else None


def _ranged(number: Decimal | None, ranges: tuple[Range, ...]) -> str | None:
    if number is None:
        return None
    return next((one.value for one in ranges if one.below is None or number < one.below), None)


def _written(value: Plain, fact_type: FactType) -> str | None:
    if value is None or value == "":
        return None
    if fact_type is FactType.MONEY and isinstance(value, int):
        return format_cny(value)
    return value.isoformat() if isinstance(value, date) else str(value)


def _result(expression: Expression, read: ReadFact) -> Decimal | None:
    with localcontext(prec=_DIGITS):
        found = _calculated(expression, read)
        return None if found is None else _rounded(found, RESULT_PLACES)


def _rounded(number: Decimal, places: int) -> Decimal:
    rounded = number.quantize(Decimal(1).scaleb(-places), rounding=ROUND_HALF_UP)
    return abs(rounded) if rounded == 0 else rounded


def _calculated(expression: Expression, read: ReadFact) -> Decimal | None:
    match expression:
        case Number(value):
            return value
        case Term(operand):
            return _term(operand, read)
        case _:
            parts = [_calculated(part, read) for part in expression.parts]
            return reduce(_OPERATIONS[expression.arithmetic], parts)


def _term(operand: Operand, read: ReadFact) -> Decimal | None:
    number = _decimal(read(operand))
    return number / 100 if number is not None and operand.type is FactType.MONEY else number


def _known(operation: Callable[[Decimal, Decimal], Decimal | None]) -> Callable[..., Decimal | None]:
    return lambda left, right: None if left is None or right is None else operation(left, right)


_OPERATIONS: Final[dict[Arithmetic, Callable[..., Decimal | None]]] = {
    Arithmetic.ADD: _known(lambda left, right: left + right),
    Arithmetic.SUBTRACT: _known(lambda left, right: left - right),
    Arithmetic.MULTIPLY: _known(lambda left, right: left * right),
    Arithmetic.DIVIDE: _known(lambda left, right: None if right == 0 else _rounded(left / right, DIVISION_PLACES)),
}


def _cell(rfm: Rfm, read: ReadFact, day: date) -> Judgement:
    last, count, amount = (read(axis.operand) for axis in (rfm.recency, rfm.frequency, rfm.monetary))
    if not isinstance(last, date) or not isinstance(count, int):
        return Judgement((), numbers=(("rule/recency", None),))
    recency = 1 + sum((day - last).days <= limit for limit in rfm.recency.limits)
    frequency, monetary = _axis_score(count, rfm.frequency), _axis_score(amount, rfm.monetary)
    scores = {"rule/recency": recency, "rule/frequency": frequency, "rule/monetary": monetary}
    value = next(
        (
            cell.value
            for cell in rfm.cells
            if cell.recency[0] <= recency <= cell.recency[1]
            and cell.frequency[0] <= frequency <= cell.frequency[1]
            and cell.monetary[0] <= monetary <= cell.monetary[1]
        ),
        None,
    )
    return Judgement(_one(value), numbers=tuple((place, str(score)) for place, score in scores.items()))


def _axis_score(figure: Plain, axis: Axis) -> int:
    return 1 + sum(isinstance(figure, int) and figure >= limit for limit in axis.limits)
