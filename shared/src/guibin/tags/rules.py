"""The rule tree of tags: bounded, typed, checked as a whole before anything runs.

A node is `{"all": [...]}`, `{"any": [...]}`, `{"not": node}` or a condition `{"fact", "op", "value"}`. Whatever a rule
says beyond the words of `guibin.tags.vocabulary` is refused with its place in the tree and never with its text.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, Final, TypeGuard

from guibin.core.money import parse_cny
from guibin.core.text import has_lone_surrogate
from guibin.tags.errors import RuleFieldUnknown, RuleOperatorInvalid, RuleTooComplex, RuleValueInvalid
from guibin.tags.vocabulary import (
    AGGREGABLE,
    COUNTS,
    FACT_AGAINST_FACT,
    OPERATORS,
    AggregateFunction,
    Fact,
    FactType,
    Operator,
    customer_fact,
    event_fact,
)

MAX_DEPTH: Final = 5
MAX_NODES: Final = 50
MAX_VALUES: Final = 1_000
MAX_DAYS: Final = 366
MAX_TEXT: Final = 200
MAX_INTEGER: Final = 10**15
ROOT: Final = "rule"

Scalar = int | str | date
Lookup = Callable[[str], Fact | None]


@dataclass(frozen=True, slots=True)
class EventAggregate:
    """A figure over a customer's events: those that `where` lets in, of the `last_days` days (None: all)."""

    function: AggregateFunction
    field: Fact | None
    where: "Node | None"
    last_days: int | None

    @property
    def type(self) -> FactType:
        """The type of the figure."""
        return FactType.INTEGER if self.function in COUNTS or self.field is None else self.field.type


Operand = Fact | EventAggregate


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


def parse_rule(raw: object, lookup: Lookup = customer_fact) -> Node:
    """Read a rule tree from JSON values over the facts that `lookup` knows; figures over events are customers' alone.

    Raises:
        RuleFieldUnknown: a fact that there is not, or one of events outside `where`.
        RuleOperatorInvalid: an operator that there is not or that does not fit.
        RuleValueInvalid: a value, a window or a node of the wrong form.
        RuleTooComplex: deeper than 5, more than 50 nodes (leaves and `where` included), an empty group.
    """
    return _Reader().node(raw, _Spot(ROOT, 1, lookup))


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
            if isinstance(node.value, Fact | EventAggregate):
                yield node.value


def node_at(raw: dict[str, Any], place: str) -> dict[str, Any]:
    """Return the node that stands at a place of a rule in JSON values, for example at `rule/all/0`."""
    found: Any = raw
    for part in place.split("/")[1:]:
        found = found[int(part)] if isinstance(found, list) else found[part]
    node: dict[str, Any] = found
    return node


@dataclass(frozen=True, slots=True)
class _Spot:
    """Where in the tree something stands, how deep, and which facts can be named there."""

    place: str
    depth: int
    lookup: Lookup

    def at(self, *parts: str | int) -> "_Spot":
        return replace(self, place="/".join(map(str, (self.place, *parts))))

    def below(self, *parts: str | int) -> "_Spot":
        return replace(self.at(*parts), depth=self.depth + 1)

    def inside_events(self) -> "_Spot":
        return replace(self.below("where"), lookup=event_fact)


class _Reader:
    """Reads one tree and counts its nodes."""

    def __init__(self) -> None:
        self._nodes = 0

    def node(self, raw: object, spot: _Spot) -> Node:
        self._nodes += 1
        if spot.depth > MAX_DEPTH or self._nodes > MAX_NODES:
            raise _too_complex(spot)
        if not isinstance(raw, dict):
            raise RuleValueInvalid(place=spot.place, expected="an object: all, any, not, or fact with op")
        match list(raw):
            case ["all"]:
                return AllOf(self._children(raw["all"], spot, "all"))
            case ["any"]:
                return AnyOf(self._children(raw["any"], spot, "any"))
            case ["not"]:
                return Not(self.node(raw["not"], spot.below("not")))
        return self._condition(raw, spot)

    def _children(self, raw: object, spot: _Spot, group: str) -> tuple[Node, ...]:
        if not isinstance(raw, list):
            raise RuleValueInvalid(place=spot.at(group).place, expected="a list of nodes")
        if not raw:
            raise _too_complex(spot.at(group))
        return tuple(self.node(child, spot.below(group, index)) for index, child in enumerate(raw))

    def _condition(self, raw: dict[str, object], spot: _Spot) -> Condition:
        if not {"fact", "op"} <= raw.keys() <= {"fact", "op", "value"}:
            raise RuleValueInvalid(place=spot.place, expected="all, any, not, or fact with op and value")
        fact = self._operand(raw["fact"], spot.at("fact"))
        operator = _read_operator(raw["op"], fact.type, spot.at("op").place)
        if operator in {Operator.EXISTS, Operator.MISSING}:
            if "value" in raw:
                raise RuleValueInvalid(place=spot.at("value").place, expected="no value")
            return Condition(fact, operator, None)
        value = raw.get("value")
        if isinstance(value, dict):
            return Condition(fact, operator, self._other_fact(value, fact, operator, spot.at("value")))
        return Condition(fact, operator, _read_value(value, fact, operator, spot.at("value").place))

    def _other_fact(self, raw: dict[str, object], fact: Operand, operator: Operator, spot: _Spot) -> Operand:
        if operator not in FACT_AGAINST_FACT or list(raw) != ["fact"]:
            raise RuleValueInvalid(place=spot.place, expected=_expected(fact, operator))
        other = self._operand(raw["fact"], spot.at("fact"))
        if other.type is not fact.type:
            raise RuleValueInvalid(place=spot.place, expected=f"a fact of type {fact.type}")
        return other

    def _operand(self, raw: object, spot: _Spot) -> Operand:
        if isinstance(raw, dict) and spot.lookup is customer_fact:
            return self._aggregate(raw, spot)
        fact = spot.lookup(raw) if isinstance(raw, str) else None
        if fact is None:
            raise RuleFieldUnknown(place=spot.place)
        return fact

    def _aggregate(self, raw: dict[str, object], spot: _Spot) -> EventAggregate:
        functions = [name for name in raw if name not in {"where", "window"}]
        if len(functions) != 1 or functions[0] not in set(AggregateFunction):
            raise RuleFieldUnknown(place=spot.place)
        function = AggregateFunction(functions[0])
        return EventAggregate(
            function,
            _read_field(raw[function], function, spot.at(function).place),
            self.node(raw["where"], spot.inside_events()) if "where" in raw else None,
            _read_window(raw["window"], spot.at("window")) if "window" in raw else None,
        )


def _too_complex(spot: _Spot) -> RuleTooComplex:
    return RuleTooComplex(place=spot.place, max_depth=MAX_DEPTH, max_nodes=MAX_NODES)


def _read_field(raw: object, function: AggregateFunction, place: str) -> Fact | None:
    """Read what a function works on; counting takes the word `event` too, for whole events."""
    if raw == "event" and function is AggregateFunction.COUNT:
        return None
    fact = event_fact(raw) if isinstance(raw, str) else None
    if fact is None or fact.type not in AGGREGABLE[function]:
        raise RuleFieldUnknown(place=place)
    return fact


def _read_window(raw: object, spot: _Spot) -> int:
    if not isinstance(raw, dict) or list(raw) != ["last_days"]:
        raise RuleValueInvalid(place=spot.place, expected="last_days")
    days = raw["last_days"]
    if not _is_integer(days) or not 1 <= days <= MAX_DAYS:
        raise RuleValueInvalid(place=spot.at("last_days").place, expected=f"an integer from 1 to {MAX_DAYS}")
    return days


def _read_operator(raw: object, fact_type: FactType, place: str) -> Operator:
    allowed = OPERATORS[fact_type]
    if not isinstance(raw, str) or raw not in {str(operator) for operator in allowed}:
        raise RuleOperatorInvalid(place=place, allowed=allowed)
    return Operator(raw)


def _read_value(raw: object, fact: Operand, operator: Operator, place: str) -> Scalar | tuple[Scalar, ...]:
    match operator:
        case Operator.BETWEEN:
            return _read_bounds(raw, fact, place)
        case Operator.IN | Operator.NOT_IN | Operator.HAS_ANY | Operator.HAS_ALL | Operator.HAS_NONE:
            return _read_list(raw, fact, operator, place)
        case Operator.WITHIN_DAYS:
            if not _is_integer(raw) or not -MAX_DAYS <= raw <= MAX_DAYS:
                raise RuleValueInvalid(place=place, expected=_expected(fact, operator))
            return raw
        case _:
            return _read_scalar(raw, fact, operator, place)


def _read_bounds(raw: object, fact: Operand, place: str) -> tuple[Scalar, ...]:
    bounds = 2
    if not isinstance(raw, list) or len(raw) != bounds:
        raise RuleOperatorInvalid(place=place, allowed=OPERATORS[fact.type])
    low, high = (_read_scalar(item, fact, Operator.BETWEEN, f"{place}/{index}") for index, item in enumerate(raw))
    if low > high:  # type: ignore[operator] # both are of the one type of the fact
        raise RuleValueInvalid(place=place, expected="the lower bound first")
    return low, high


def _read_list(raw: object, fact: Operand, operator: Operator, place: str) -> tuple[Scalar, ...]:
    if not isinstance(raw, list) or not 1 <= len(raw) <= MAX_VALUES:
        raise RuleValueInvalid(place=place, expected=_expected(fact, operator))
    return tuple(_read_scalar(item, fact, operator, f"{place}/{index}") for index, item in enumerate(raw))


def _read_scalar(raw: object, fact: Operand, operator: Operator, place: str) -> Scalar:
    value = _READERS[fact.type](raw)
    if value is None or not _is_known(value, fact, operator):
        raise RuleValueInvalid(place=place, expected=_expected(fact, operator))
    return value


def _is_known(value: Scalar, fact: Operand, operator: Operator) -> bool:
    """Hold a value to the closed list of its fact; a search is for a part of a text."""
    if operator in {Operator.CONTAINS, Operator.STARTS, Operator.ENDS}:
        return True
    values = fact.values if isinstance(fact, Fact) else None
    return values is None or value in values


def _expected(fact: Operand, operator: Operator) -> str:
    if operator is Operator.WITHIN_DAYS:
        return f"an integer from -{MAX_DAYS} to {MAX_DAYS}"
    values = f": {', '.join(sorted(fact.values))}" if isinstance(fact, Fact) and fact.values else ""
    one = f"{_EXPECTED[fact.type]}{values}"
    takes_list = operator in {Operator.IN, Operator.NOT_IN, Operator.HAS_ANY, Operator.HAS_ALL, Operator.HAS_NONE}
    return f"a list of 1 to {MAX_VALUES}, each {one}" if takes_list else one


def _is_integer(raw: object) -> TypeGuard[int]:
    return isinstance(raw, int) and not isinstance(raw, bool)


def _read_money(raw: object) -> int | None:
    return parse_cny(raw) if isinstance(raw, str) else None


def _read_integer(raw: object) -> int | None:
    return raw if _is_integer(raw) and abs(raw) <= MAX_INTEGER else None


def _read_text(raw: object) -> str | None:
    """Take text that the database can hold and compare."""
    if not isinstance(raw, str) or not 1 <= len(raw) <= MAX_TEXT or "\0" in raw or has_lone_surrogate(raw):
        return None
    return raw


def _read_date(raw: object) -> date | None:
    if not isinstance(raw, str) or len(raw) != len("YYYY-MM-DD"):
        return None
    try:
        return date.fromisoformat(raw)
    except ValueError:
        return None


_READERS: Final[dict[FactType, Callable[[object], Scalar | None]]] = {
    FactType.MONEY: _read_money,
    FactType.INTEGER: _read_integer,
    FactType.TEXT: _read_text,
    FactType.SET: _read_text,
    FactType.DATE: _read_date,
}
_EXPECTED: Final = {
    FactType.MONEY: "an amount in CNY as text",
    FactType.INTEGER: "an integer",
    FactType.TEXT: f"text of 1 to {MAX_TEXT} characters",
    FactType.SET: f"text of 1 to {MAX_TEXT} characters",
    FactType.DATE: "a date YYYY-MM-DD",
}
