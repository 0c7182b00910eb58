"""Reads a rule tree from JSON values, and counts its nodes."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

from guibin.core.text import is_code
from guibin.tags.errors import RuleFieldUnknown, RuleTooComplex, RuleValueInvalid
from guibin.tags.rules.tree import ROOT, AllOf, AnyOf, Condition, EventAggregate, HasTag, Node, Not, Operand
from guibin.tags.rules.values import MAX_DAYS, expected_of, is_integer, read_operator, read_value
from guibin.tags.vocabulary import (
    AGGREGABLE,
    FACT_AGAINST_FACT,
    AggregateFunction,
    Fact,
    Operator,
    customer_fact,
    event_fact,
)

MAX_DEPTH: Final = 5
MAX_NODES: Final = 50

Lookup = Callable[[str], Fact | None]


def parse_rule(raw: object, lookup: Lookup = customer_fact, *, place: str = ROOT) -> Node:
    """Read a rule tree from JSON values over the facts that `lookup` knows; figures and tags are customers' alone.

    `place` is where the tree stands: refusals name their places from there.

    Raises:
        RuleFieldUnknown: a fact that there is not, or one of events outside `where`.
        RuleOperatorInvalid: an operator that there is not or that does not fit.
        RuleValueInvalid: a value, a window or a node of the wrong form.
        RuleTooComplex: deeper than 5, more than 50 nodes (leaves and `where` included), an empty group.
    """
    return _Reader().node(raw, _Spot(place, 1, lookup))


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
            raise RuleValueInvalid(place=spot.place, expected="an object: all, any, not, tag, or fact with op")
        match list(raw):
            case ["all"]:
                return AllOf(self._children(raw["all"], spot, "all"))
            case ["any"]:
                return AnyOf(self._children(raw["any"], spot, "any"))
            case ["not"]:
                return Not(self.node(raw["not"], spot.below("not")))
        if "tag" in raw and spot.lookup is customer_fact:
            return Condition(_read_tag(raw, spot), Operator.HOLDS, None)
        return self._condition(raw, spot)

    def _children(self, raw: object, spot: _Spot, group: str) -> tuple[Node, ...]:
        if not isinstance(raw, list):
            raise RuleValueInvalid(place=spot.at(group).place, expected="a list of nodes")
        if not raw:
            raise _too_complex(spot.at(group))
        return tuple(self.node(child, spot.below(group, index)) for index, child in enumerate(raw))

    def _condition(self, raw: dict[str, object], spot: _Spot) -> Condition:
        if not {"fact", "op"} <= raw.keys() <= {"fact", "op", "value"}:
            raise RuleValueInvalid(place=spot.place, expected="all, any, not, tag, or fact with op and value")
        fact = self._operand(raw["fact"], spot.at("fact"))
        operator = read_operator(raw["op"], fact.type, spot.at("op").place)
        if operator in {Operator.EXISTS, Operator.MISSING}:
            if "value" in raw:
                raise RuleValueInvalid(place=spot.at("value").place, expected="no value")
            return Condition(fact, operator, None)
        value = raw.get("value")
        if isinstance(value, dict):
            return Condition(fact, operator, self._other_fact(value, fact, operator, spot.at("value")))
        return Condition(fact, operator, read_value(value, fact, operator, spot.at("value").place))

    def _other_fact(self, raw: dict[str, object], fact: Operand, operator: Operator, spot: _Spot) -> Operand:
        if operator not in FACT_AGAINST_FACT or list(raw) != ["fact"]:
            raise RuleValueInvalid(place=spot.place, expected=expected_of(fact, operator))
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


def _read_tag(raw: dict[str, object], spot: _Spot) -> HasTag:
    """Read a reference to a tag; whether there is such a tag is for the caller to find out."""
    if not {"tag"} <= raw.keys() <= {"tag", "for_days"}:
        raise RuleValueInvalid(place=spot.place, expected="tag, and for_days if need be")
    code, days = raw["tag"], raw.get("for_days", 1)
    if not isinstance(code, str) or not is_code(code):
        raise RuleValueInvalid(place=spot.at("tag").place, expected="the code of a tag")
    return HasTag(code, _read_days(days, spot.at("for_days")))


def _read_window(raw: object, spot: _Spot) -> int:
    if not isinstance(raw, dict) or list(raw) != ["last_days"]:
        raise RuleValueInvalid(place=spot.place, expected="last_days")
    return _read_days(raw["last_days"], spot.at("last_days"))


def _read_days(raw: object, spot: _Spot) -> int:
    if not is_integer(raw) or not 1 <= raw <= MAX_DAYS:
        raise RuleValueInvalid(place=spot.place, expected=f"an integer from 1 to {MAX_DAYS}")
    return raw
