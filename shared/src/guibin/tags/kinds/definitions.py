"""What gives a tag, by its kind. Every definition yields a value for each customer, or none.

The value of a tag that one has or has not is the empty text. Numbers are values too: amounts as `1234.50`, counts as
`12`, days as `2026-11-26`; put into ranges, the range's code is the value.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from decimal import Decimal
from enum import StrEnum
from typing import Final

from guibin.tags.rules import (
    ROOT,
    AllOf,
    AnyOf,
    Condition,
    EventAggregate,
    Held,
    Modifier,
    Node,
    Not,
    Operand,
    Window,
    operands_of,
    tags_in,
)
from guibin.tags.vocabulary import AggregateFunction, Fact, FactType, Operator, event_fact

HAS: Final = ""
"""The value of a tag that one has or has not."""

DIVISION_PLACES: Final = 6
RESULT_PLACES: Final = 2
"""The decimal policy of formulas: a division is rounded half up to six places, the result half up to two."""


@dataclass(frozen=True, slots=True)
class Case:
    """A value, and the rule that gives it."""

    value: str
    when: Node
    place: str


@dataclass(frozen=True, slots=True)
class Cases:
    """Values that exclude each other, in the order of precedence: the first one whose rule holds is given."""

    cases: tuple[Case, ...]


@dataclass(frozen=True, slots=True)
class Range:
    """The numbers below a bound that are in no range before; without a value they give none."""

    value: str | None
    below: Decimal | None


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure over a window, put into ranges if there are any. Ranges of amounts are in fen."""

    operand: Operand
    ranges: tuple[Range, ...]


class Arithmetic(StrEnum):
    """What a formula can do."""

    ADD = "add"
    SUBTRACT = "subtract"
    MULTIPLY = "multiply"
    DIVIDE = "divide"


@dataclass(frozen=True, slots=True)
class Number:
    """A number of a formula."""

    value: Decimal


@dataclass(frozen=True, slots=True)
class Term:
    """A figure of the customer in a formula; amounts count in CNY."""

    operand: Operand


@dataclass(frozen=True, slots=True)
class Operation:
    """An operation from left to right over two or more parts."""

    arithmetic: Arithmetic
    parts: "tuple[Expression, ...]"


Expression = Number | Term | Operation


@dataclass(frozen=True, slots=True)
class Formula:
    """A formula over figures. What is missing, or divided by zero, gives no value."""

    expression: Expression
    ranges: tuple[Range, ...]


@dataclass(frozen=True, slots=True)
class ScorePart:
    """Points, and the rule that adds them."""

    points: int
    when: Node
    place: str


@dataclass(frozen=True, slots=True)
class Score:
    """Points of independent rules, added up, put into ranges if there are any."""

    parts: tuple[ScorePart, ...]
    ranges: tuple[Range, ...]
    modifier: Modifier | None = None
    """What staff added for a customer; None for a score of which it is not known whose it is."""


@dataclass(frozen=True, slots=True)
class Preference:
    """The categories that are most frequent, or weigh most, among a customer's events.

    At most `at_most` of them, each with at least `least_percent` of the whole.
    """

    field: Fact
    where: Node | None
    window: Window | None
    by_amount: bool
    at_most: int
    least_percent: int


@dataclass(frozen=True, slots=True)
class Axis:
    """An axis of RFM: a figure scored from 1 (below all limits) up to one more than there are limits.

    Limits are days for recency, where fewer are better, a number for frequency, fen for the amount.
    """

    operand: EventAggregate
    limits: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Cell:
    """A named part of the cube of scores: lowest and highest score on each axis."""

    value: str
    recency: tuple[int, int]
    frequency: tuple[int, int]
    monetary: tuple[int, int]


@dataclass(frozen=True, slots=True)
class Rfm:
    """Recency, frequency and amount of events, scored; the first cell in which the three scores lie is the value.

    Who has no such event in the window has no value.
    """

    recency: Axis
    frequency: Axis
    monetary: Axis
    cells: tuple[Cell, ...]


@dataclass(frozen=True, slots=True)
class Listed:
    """Values that come from outside: one of these, or whole numbers, or none but to have the tag."""

    values: frozenset[str]
    numeric: bool


Definition = Cases | Figure | Formula | Score | Preference | Rfm | Listed


def having(node: Node) -> Cases:
    """Return the definition of a tag that those have for whom a rule holds."""
    return Cases((Case(HAS, node, ROOT),))


_DATE: Final = event_fact("event.date")
_AMOUNT: Final = event_fact("event.amount")


def axes_operands(where: Node | None, window: Window | None) -> tuple[EventAggregate, EventAggregate, EventAggregate]:
    """Return the figures of RFM: day of the last event, number of events, their sum."""
    return (
        EventAggregate(AggregateFunction.MAX, _DATE, where, window),
        EventAggregate(AggregateFunction.COUNT, None, where, window),
        EventAggregate(AggregateFunction.SUM, _AMOUNT, where, window),
    )


def rules_in(definition: Definition) -> Iterator[tuple[str, Node]]:
    """Walk over the rules of a definition, each with its place."""
    match definition:
        case Cases(cases):
            yield from ((case.place, case.when) for case in cases)
        case Score(parts):
            yield from ((part.place, part.when) for part in parts)
        case _:
            return


def figures_in(definition: Definition) -> Iterator[Operand]:
    """Walk over the figures that a definition reads outside its rules."""
    match definition:
        case Figure(operand, _):
            yield operand
        case Formula(expression, _):
            yield from _terms(expression)
        case Score(modifier=Modifier() as modifier):
            yield modifier
        case Rfm(recency, frequency, monetary, _):
            yield from (axis.operand for axis in (recency, frequency, monetary))
        case _:
            return


def reads(definition: Definition) -> Iterator[Node]:
    """Walk over everything that a definition reads, as rules: its figures are asked whether they are known."""
    yield from (node for _, node in rules_in(definition))
    yield from (Condition(operand, Operator.EXISTS, None) for operand in figures_in(definition))


def tags_of(definition: Definition) -> frozenset[str]:
    """Return the codes of the tags that a definition refers to."""
    return frozenset[str]().union(*map(tags_in, reads(definition)))


def modified_for(definition: Definition, code: str) -> Definition:
    """Say whose a definition is: to the score of a tag count the points that staff added to it."""
    return replace(definition, modifier=Modifier(code)) if isinstance(definition, Score) else definition


def held_in(definition: Definition) -> frozenset[Held]:
    """Return the parts of a definition that ask for how long a rule has held."""
    return frozenset(
        operand for node in reads(definition) for operand in operands_of(node) if isinstance(operand, Held)
    )


def assuming(definition: Definition, held: Collection[Held]) -> Definition:
    """Let some rules count as if they had held long enough: they are asked for today alone."""
    if not held:
        return definition
    match definition:
        case Cases(cases):
            return Cases(tuple(replace(one, when=_assumed(one.when, held)) for one in cases))
        case Score(parts):
            return replace(definition, parts=tuple(replace(one, when=_assumed(one.when, held)) for one in parts))
        case _:
            return definition


def _assumed(node: Node, held: Collection[Held]) -> Node:
    match node:
        case AllOf(nodes):
            return AllOf(tuple(_assumed(one, held) for one in nodes))
        case AnyOf(nodes):
            return AnyOf(tuple(_assumed(one, held) for one in nodes))
        case Not(inner):
            return Not(_assumed(inner, held))
        case Condition(fact=Held() as asked) if asked in held:
            return asked.node
        case _:
            return node


def values_of(definition: Definition) -> tuple[str, ...]:
    """Return the values that a definition can give, in order, where they are a closed list; empty otherwise."""
    match definition:
        case Cases(cases):
            return tuple(case.value for case in cases if case.value != HAS)
        case Figure(_, ranges) | Formula(_, ranges) | Score(_, ranges, _):
            return tuple(one.value for one in ranges if one.value is not None)
        case Rfm(_, _, _, cells):
            return tuple(dict.fromkeys(cell.value for cell in cells))
        case Listed(values, _):
            return tuple(sorted(values))
        case _:
            return ()


def _terms(expression: Expression) -> Iterator[Operand]:
    match expression:
        case Term(operand):
            yield operand
        case Operation(_, parts):
            for part in parts:
                yield from _terms(part)
        case _:
            return


ORDERED_TYPES: Final = frozenset({FactType.MONEY, FactType.INTEGER, FactType.DECIMAL})
"""Types that can be put into ranges and calculated with."""
