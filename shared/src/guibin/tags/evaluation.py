"""A rule judged over one customer's facts as plain values, with a verdict for every node: the answer to "why".

The same semantics as `guibin.tags.compiler` gives to the database; a property test holds the two together.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from guibin.tags.rules import ROOT, AllOf, AnyOf, Condition, Node, Not, Operand, Period, RelativeDay, Scalar
from guibin.tags.vocabulary import TRUE_WHEN_MISSING, Operator

Plain = int | str | date | Decimal | frozenset[str] | None
"""A fact's value: fen, number, text, day, set, or whether something holds; None is unknown."""

ReadFact = Callable[[Operand], Plain]


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a node holds; a condition also has the actual value, and the other fact's where it has one."""

    place: str
    node: Node
    met: bool
    children: "tuple[Verdict, ...]" = ()
    actual: Plain = None
    other: Plain = None

    def conditions(self) -> "Iterator[Verdict]":
        """Walk over the conditions in the order in which they stand in the rule."""
        if isinstance(self.node, Condition):
            yield self
        for child in self.children:
            yield from child.conditions()

    def first_failing(self) -> "Verdict | None":
        """Return the first condition that keeps the rule from holding, None when it holds.

        Below a `not` that is a condition which holds.
        """
        return None if self.met else next(self.causes())

    def causes(self) -> "Iterator[Verdict]":
        """Walk over the conditions that make this node what it is."""
        if isinstance(self.node, Condition):
            yield self
        elif isinstance(self.node, Not):
            yield from self.children[0].causes()
        else:
            for child in self.children:
                if child.met is self.met:
                    yield from child.causes()


def evaluate(node: Node, read: ReadFact, day: date, place: str = ROOT) -> Verdict:
    """Judge a rule over the facts that `read` gives, as of a closed business day."""
    match node:
        case AllOf(nodes):
            children = tuple(evaluate(child, read, day, f"{place}/all/{i}") for i, child in enumerate(nodes))
            return Verdict(place, node, all(child.met for child in children), children)
        case AnyOf(nodes):
            children = tuple(evaluate(child, read, day, f"{place}/any/{i}") for i, child in enumerate(nodes))
            return Verdict(place, node, any(child.met for child in children), children)
        case Not(inner):
            child = evaluate(inner, read, day, f"{place}/not")
            return Verdict(place, node, not child.met, (child,))
        case _:
            actual, value = read(node.fact), node.value
            if isinstance(value, Operand):
                other = read(value)
                return Verdict(place, node, holds(node.operator, actual, other, day), actual=actual, other=other)
            return Verdict(place, node, holds(node.operator, actual, value, day), actual=actual)


def holds(operator: Operator, actual: Plain, value: Plain | Scalar | tuple[Scalar, ...], day: date) -> bool:
    """Judge one condition. A value that is missing on either side decides by `TRUE_WHEN_MISSING` alone."""
    if operator is Operator.HOLDS:
        return actual is True
    known = actual is not None and actual != frozenset()
    if operator is Operator.EXISTS:
        return known
    if not known or (value is None and operator is not Operator.MISSING):
        return operator in TRUE_WHEN_MISSING
    if operator is Operator.MISSING:
        return False
    return _TESTS[operator](actual, in_days(operator, value, day))


def in_days(operator: Operator, value: Any, day: date) -> Any:
    """Return what a condition compares with, where it speaks of days from the closed business day: those days.

    Both operators that ask for a stretch of days get its first and its last one.
    """
    match operator, value:
        case Operator.WITHIN_DAYS, int(days):
            return tuple(sorted((day, day + timedelta(days=days))))
        case Operator.IN_PERIOD, Period():
            return value.bounds(day)
        case _, RelativeDay():
            return value.on(day)
        case _, tuple():
            return tuple(in_days(operator, one, day) for one in value)
    return value


_TESTS: dict[Operator, Callable[..., bool]] = {
    Operator.EQUAL: lambda actual, value: actual == value,
    Operator.NOT_EQUAL: lambda actual, value: actual != value,
    Operator.BELOW: lambda actual, value: actual < value,
    Operator.AT_MOST: lambda actual, value: actual <= value,
    Operator.ABOVE: lambda actual, value: actual > value,
    Operator.AT_LEAST: lambda actual, value: actual >= value,
    Operator.BETWEEN: lambda actual, value: value[0] <= actual <= value[1],
    Operator.WITHIN_DAYS: lambda actual, value: value[0] <= actual <= value[1],
    Operator.IN_PERIOD: lambda actual, value: value[0] <= actual <= value[1],
    Operator.IN: lambda actual, value: actual in value,
    Operator.NOT_IN: lambda actual, value: actual not in value,
    Operator.CONTAINS: lambda actual, value: value in actual,
    Operator.STARTS: lambda actual, value: actual.startswith(value),
    Operator.ENDS: lambda actual, value: actual.endswith(value),
    Operator.HAS_ANY: lambda actual, value: not actual.isdisjoint(value),
    Operator.HAS_ALL: lambda actual, value: actual.issuperset(value),
    Operator.HAS_NONE: lambda actual, value: actual.isdisjoint(value),
}
