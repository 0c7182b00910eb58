"""What a rule is made of once it has been read: nodes, and the operands that its conditions compare."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Final

from guibin.tags.rules.windows import Period, RelativeDay, Window
from guibin.tags.vocabulary import COUNTS, AggregateFunction, Circle, Fact, FactType, Operator, Quantifier

ROOT: Final = "rule"

Scalar = int | str | date | Decimal | RelativeDay | Period


@dataclass(frozen=True, slots=True)
class EventAggregate:
    """A figure over a customer's events: those that `where` lets in, of a window (None: all)."""

    function: AggregateFunction
    field: Fact | None
    where: "Node | None"
    window: Window | None

    @property
    def type(self) -> FactType:
        """The type of the figure."""
        return FactType.INTEGER if self.function in COUNTS or self.field is None else self.field.type


@dataclass(frozen=True, slots=True)
class LastEvent:
    """Whether the latest of the events that `where` lets in, of a window, is of a kind."""

    where: "Node | None"
    window: Window | None
    satisfies: "Node"

    @property
    def type(self) -> FactType:
        """Yes or no."""
        return FactType.FLAG


@dataclass(frozen=True, slots=True)
class Sequence:
    """Whether an event of one kind was followed, later and within so many days, by one of another kind."""

    first: "Node"
    then: "Node"
    within_days: int
    window: Window | None

    @property
    def type(self) -> FactType:
        """Yes or no."""
        return FactType.FLAG


@dataclass(frozen=True, slots=True)
class HoldingAggregate:
    """A figure over what a customer holds on the day: those holdings that `where` lets in."""

    function: AggregateFunction
    field: Fact | None
    where: "Node | None"

    @property
    def type(self) -> FactType:
        """The type of the figure."""
        return FactType.INTEGER if self.function in COUNTS or self.field is None else self.field.type


@dataclass(frozen=True, slots=True)
class HasTag:
    """Whether a customer has a tag on the day, as recorded, and has had it without a break for so many days.

    The rule of the other tag is never looked at: only who has it.
    """

    code: str
    for_days: int = 1

    @property
    def type(self) -> FactType:
        """Yes or no."""
        return FactType.FLAG


@dataclass(frozen=True, slots=True)
class FactAgo:
    """A fact as it was at the end of the day so many days before the closed business day."""

    fact: Fact
    days: int

    @property
    def type(self) -> FactType:
        """The type of the fact."""
        return self.fact.type


@dataclass(frozen=True, slots=True)
class Scaled:
    """An amount or a number times a factor: exact, never rounded."""

    operand: "Fact | FactAgo | EventAggregate | HoldingAggregate | TagNumber"
    times: Decimal

    @property
    def type(self) -> FactType:
        """The type of what is multiplied."""
        return self.operand.type


@dataclass(frozen=True, slots=True)
class TagNumber:
    """The value of a tag of a customer on the day, as recorded, where it is a number."""

    code: str

    @property
    def type(self) -> FactType:
        """A decimal."""
        return FactType.DECIMAL


@dataclass(frozen=True, slots=True)
class TagValues:
    """The values of a tag that a customer has on the day, as recorded."""

    code: str

    @property
    def type(self) -> FactType:
        """A set."""
        return FactType.SET


@dataclass(frozen=True, slots=True)
class Related:
    """What holds of the customers who are related: for one or all of them, or (`quantifier` None) for how many."""

    circle: Circle
    quantifier: Quantifier | None
    where: "Node | None"

    @property
    def type(self) -> FactType:
        """Yes or no, or a count."""
        return FactType.INTEGER if self.quantifier is None else FactType.FLAG


@dataclass(frozen=True, slots=True)
class Held:
    """Whether a rule has held for a customer on each of so many days, the closed business day the last of them.

    `key` tells the rule from all others: runs record by it since when it holds.
    """

    key: str
    node: "Node"
    days: int

    @property
    def type(self) -> FactType:
        """Yes or no."""
        return FactType.FLAG


@dataclass(frozen=True, slots=True)
class Modifier:
    """The points that staff added for a customer to a score."""

    code: str

    @property
    def type(self) -> FactType:
        """A number of points, 0 without any."""
        return FactType.INTEGER


Operand = (
    Fact
    | EventAggregate
    | LastEvent
    | Sequence
    | HoldingAggregate
    | HasTag
    | FactAgo
    | Scaled
    | TagNumber
    | TagValues
    | Related
    | Held
    | Modifier
)


@dataclass(frozen=True, slots=True)
class Condition:
    """A leaf: a fact, an operator and what it is compared with (a tuple for operators that take several values)."""

    fact: Operand
    operator: Operator
    value: Scalar | tuple[Scalar, ...] | Operand | None


@dataclass(frozen=True, slots=True)
class AllOf:
    """Every one of these holds."""

    nodes: "tuple[Node, ...]"


@dataclass(frozen=True, slots=True)
class AnyOf:
    """At least one of these holds."""

    nodes: "tuple[Node, ...]"


@dataclass(frozen=True, slots=True)
class Not:
    """This does not hold."""

    node: "Node"


Node = AllOf | AnyOf | Not | Condition


def operands_of(node: Node) -> Iterator[Operand]:
    """Walk over the facts and figures that a rule reads of a customer, equal ones as often as they stand in it."""
    match node:
        case AllOf(nodes) | AnyOf(nodes):
            for child in nodes:
                yield from operands_of(child)
        case Not(child):
            yield from operands_of(child)
        case _:
            yield node.fact
            if isinstance(node.value, Operand):
                yield node.value


def conditions_of(node: Node) -> Iterator[Condition]:
    """Walk over the conditions of a rule in the order in which they stand in it."""
    match node:
        case AllOf(nodes) | AnyOf(nodes):
            for child in nodes:
                yield from conditions_of(child)
        case Not(child):
            yield from conditions_of(child)
        case _:
            yield node


def node_at(raw: dict[str, Any], place: str) -> dict[str, Any]:
    """Return the node that stands at a place of a rule in JSON values, for example at `rule/all/0`."""
    found: Any = raw
    for part in place.split("/")[1:]:
        found = found[int(part)] if isinstance(found, list) else found[part]
    node: dict[str, Any] = found
    return node
