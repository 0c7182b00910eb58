"""Reads a rule tree from JSON values, and counts its nodes."""

import hashlib
import json
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Final

from guibin.core.text import is_code
from guibin.tags.errors import RuleFieldUnknown, RuleTooComplex, RuleValueInvalid
from guibin.tags.rules.tree import (
    ROOT,
    AllOf,
    AnyOf,
    Condition,
    EventAggregate,
    FactAgo,
    HasTag,
    Held,
    HoldingAggregate,
    LastEvent,
    Node,
    Not,
    Operand,
    Related,
    Scaled,
    Sequence,
    TagNumber,
    TagValues,
    operands_of,
)
from guibin.tags.rules.values import expected_of, read_days, read_operator, read_value, read_window
from guibin.tags.rules.windows import Window
from guibin.tags.vocabulary import (
    AGGREGABLE,
    FACT_AGAINST_FACT,
    AggregateFunction,
    Circle,
    Fact,
    FactType,
    Operator,
    Quantifier,
    customer_fact,
    dated_fact,
    event_fact,
    holding_fact,
    related_fact,
)

MAX_DEPTH: Final = 5
MAX_NODES: Final = 50

Lookup = Callable[[str], Fact | None]


def parse_rule(raw: object, lookup: Lookup = customer_fact, *, place: str = ROOT) -> Node:
    """Read a rule tree from JSON values over the facts that `lookup` knows; figures and tags are customers' alone.

    `place` is where the tree stands: refusals name their places from there.

    Raises:
        RuleFieldUnknown: a fact that there is not, or one of events or holdings outside `where`.
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

    def inside(self, lookup: Lookup, *parts: str | int) -> "_Spot":
        return replace(self.below(*parts), lookup=lookup)

    @property
    def of_customer(self) -> bool:
        """Whether figures and tags can stand here."""
        return self.lookup is customer_fact


class _Reader:
    """Reads one tree and counts its nodes."""

    def __init__(self) -> None:
        self._nodes = 0

    def node(self, raw: object, spot: _Spot) -> Node:
        self._nodes += 1
        if spot.depth > MAX_DEPTH or self._nodes > MAX_NODES:
            raise _too_complex(spot)
        if not isinstance(raw, dict):
            raise RuleValueInvalid(place=spot.place, expected=_NODE)
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
        flag = self._flag(raw, spot) if spot.of_customer else None
        if flag is not None:
            return Condition(flag, Operator.HOLDS, None)
        if not {"fact", "op"} <= raw.keys() <= {"fact", "op", "value"}:
            raise RuleValueInvalid(place=spot.place, expected=_NODE)
        fact = self._operand(raw["fact"], spot.at("fact"))
        operator = read_operator(raw["op"], fact.type, spot.at("op").place)
        if operator in {Operator.EXISTS, Operator.MISSING}:
            if "value" in raw:
                raise RuleValueInvalid(place=spot.at("value").place, expected="no value")
            return Condition(fact, operator, None)
        value = raw.get("value")
        if isinstance(value, dict) and "fact" in value:
            return Condition(fact, operator, self._other_fact(value, fact, operator, spot.at("value")))
        return Condition(fact, operator, read_value(value, fact, operator, spot.at("value").place))

    def _other_fact(self, raw: dict[str, object], fact: Operand, operator: Operator, spot: _Spot) -> Operand:
        if operator not in FACT_AGAINST_FACT or not {"fact"} <= raw.keys() <= {"fact", "times"}:
            raise RuleValueInvalid(place=spot.place, expected=expected_of(fact, operator))
        other = self._operand(raw["fact"], spot.at("fact"))
        if other.type is not fact.type:
            raise RuleValueInvalid(place=spot.place, expected=f"a fact of type {fact.type}")
        return _scaled(other, raw["times"], spot.at("times")) if "times" in raw else other

    def _operand(self, raw: object, spot: _Spot) -> Operand:
        if isinstance(raw, dict) and spot.of_customer:
            return self._of_several_parts(raw, spot)
        fact = spot.lookup(raw) if isinstance(raw, str) else None
        if fact is None:
            raise RuleFieldUnknown(place=spot.place)
        return fact

    def _of_several_parts(self, raw: dict[str, object], spot: _Spot) -> Operand:
        match raw:
            case {"fact": name, "days_ago": days, **others} if not others:
                return _read_fact_ago(name, days, spot)
            case {"tag_number": code, **others} if not others:
                return TagNumber(_read_code(code, spot.at("tag_number")))
            case {"tag_values": code, **others} if not others:
                return TagValues(_read_code(code, spot.at("tag_values")))
            case {"count": "related", "of": circle, **others} if not others.keys() - {"where"}:
                where = self.node(raw["where"], spot.inside(related_fact, "where")) if "where" in raw else None
                return Related(_read_circle(circle, spot.at("of")), None, where)
        return self._aggregate(raw, spot)

    def _aggregate(self, raw: dict[str, object], spot: _Spot) -> Operand:
        functions = [name for name in raw if name not in {"where", "window"}]
        if len(functions) != 1 or functions[0] not in set(AggregateFunction):
            raise RuleFieldUnknown(place=spot.place)
        function = AggregateFunction(functions[0])
        field, at = raw[function], spot.at(function).place
        if isinstance(field, str) and field.partition(".")[0] == "holding":
            if "window" in raw:
                raise RuleValueInvalid(place=spot.at("window").place, expected="no window: holdings of the day count")
            if function in OF_EVENTS_ALONE:
                raise RuleFieldUnknown(place=at)
            of_holding = _read_field(field, function, "holding", holding_fact, at)
            return HoldingAggregate(function, of_holding, self._where(raw, spot, holding_fact))
        of_event = _read_field(field, function, "event", event_fact, at)
        return EventAggregate(function, of_event, self._where(raw, spot, event_fact), _window(raw, spot))

    def _where(self, raw: dict[str, object], spot: _Spot, lookup: Lookup) -> Node | None:
        return self.node(raw["where"], spot.inside(lookup, "where")) if "where" in raw else None

    def _flag(self, raw: dict[str, object], spot: _Spot) -> Operand | None:
        """Read a condition that says yes or no by itself; None when it is none."""
        if "tag" in raw:
            return _read_tag(raw, spot)
        match raw:
            case {"last_event": dict(said), **others} if not others:
                return self._last_event(said, spot.at("last_event"))
            case {"sequence": dict(said), **others} if not others:
                return self._sequence(said, spot.at("sequence"))
            case {"related": dict(said), **others} if not others:
                return self._related(said, spot.at("related"))
            case {"held": dict(said), "for_days": days, **others} if not others:
                return self._held(said, days, spot)
        return None

    def _related(self, raw: dict[str, object], spot: _Spot) -> Related:
        if raw.keys() != {"of", "satisfies", "quantifier"}:
            raise RuleValueInvalid(place=spot.place, expected="of, quantifier and satisfies")
        quantifier = raw["quantifier"]
        if not isinstance(quantifier, str) or quantifier not in set(Quantifier):
            raise RuleValueInvalid(place=spot.at("quantifier").place, expected=f"one of {', '.join(Quantifier)}")
        where = self.node(raw["satisfies"], spot.inside(related_fact, "satisfies"))
        return Related(_read_circle(raw["of"], spot.at("of")), Quantifier(quantifier), where)

    def _held(self, raw: dict[str, object], days: object, spot: _Spot) -> Held:
        node = self.node(raw, spot.below("held"))
        if any(isinstance(operand, Held) for operand in operands_of(node)):
            raise RuleValueInvalid(place=spot.at("held").place, expected="a rule without held in it")
        return Held(key_of(raw), node, read_days(days, spot.at("for_days").place, least=_TWO_DAYS))

    def _last_event(self, raw: dict[str, object], spot: _Spot) -> LastEvent:
        if not {"satisfies"} <= raw.keys() <= {"where", "window", "satisfies"}:
            raise RuleValueInvalid(place=spot.place, expected="satisfies, and where and window if need be")
        satisfies = self.node(raw["satisfies"], spot.inside(event_fact, "satisfies"))
        return LastEvent(self._where(raw, spot, event_fact), _window(raw, spot), satisfies)

    def _sequence(self, raw: dict[str, object], spot: _Spot) -> Sequence:
        if not {"first", "then", "within_days"} <= raw.keys() <= {"first", "then", "within_days", "window"}:
            raise RuleValueInvalid(place=spot.place, expected="first, then and within_days, and window if need be")
        return Sequence(
            self.node(raw["first"], spot.inside(event_fact, "first")),
            self.node(raw["then"], spot.inside(event_fact, "then")),
            read_days(raw["within_days"], spot.at("within_days").place, least=0),
            _window(raw, spot),
        )


OF_EVENTS_ALONE: Final = frozenset({AggregateFunction.FIRST, AggregateFunction.LAST})
"""Functions for which what they work on must have an order."""

_NODE: Final = "an object: all, any, not, tag, last_event, sequence, related, held, or fact with op and value"
_TWO_DAYS: Final = 2
"""That a rule holds on one day is the rule itself."""
_TIMES: Final = re.compile(r"[0-9]{1,4}([.][0-9]{1,4})?")
_SCALED: Final = (Fact, FactAgo, EventAggregate, HoldingAggregate, TagNumber)


def key_of(raw: dict[str, object]) -> str:
    """Return what tells one rule from all others: the same words in the same places are the same rule."""
    written = json.dumps(raw, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(written.encode()).hexdigest()[:32]


def _scaled(operand: Operand, raw: object, spot: _Spot) -> Scaled:
    times = Decimal(raw) if isinstance(raw, str) and raw.isascii() and _TIMES.fullmatch(raw) else None
    countable = operand.type in {FactType.MONEY, FactType.INTEGER, FactType.DECIMAL}
    if not isinstance(operand, _SCALED) or not countable or not times:
        raise RuleValueInvalid(place=spot.place, expected="a factor as text, above 0, for an amount or a number")
    return Scaled(operand, times)


def _read_fact_ago(name: object, days: object, spot: _Spot) -> FactAgo:
    fact = dated_fact(name) if isinstance(name, str) else None
    if fact is None:
        raise RuleFieldUnknown(place=spot.at("fact").place)
    return FactAgo(fact, read_days(days, spot.at("days_ago").place))


def _read_circle(raw: object, spot: _Spot) -> Circle:
    if not isinstance(raw, str) or raw not in set(Circle):
        raise RuleValueInvalid(place=spot.place, expected=f"one of {', '.join(Circle)}")
    return Circle(raw)


def _read_code(raw: object, spot: _Spot) -> str:
    if not isinstance(raw, str) or not is_code(raw):
        raise RuleValueInvalid(place=spot.place, expected="the code of a tag")
    return raw


def _too_complex(spot: _Spot) -> RuleTooComplex:
    return RuleTooComplex(place=spot.place, max_depth=MAX_DEPTH, max_nodes=MAX_NODES)


def _read_field(raw: object, function: AggregateFunction, whole: str, lookup: Lookup, place: str) -> Fact | None:
    """Read what a function works on; counting takes the word `event` or `holding` too, for the whole of it."""
    if raw == whole and function is AggregateFunction.COUNT:
        return None
    fact = lookup(raw) if isinstance(raw, str) else None
    if fact is None or fact.type not in AGGREGABLE[function]:
        raise RuleFieldUnknown(place=place)
    return fact


def _read_tag(raw: dict[str, object], spot: _Spot) -> HasTag:
    """Read a reference to a tag; whether there is such a tag is for the caller to find out."""
    if not {"tag"} <= raw.keys() <= {"tag", "for_days"}:
        raise RuleValueInvalid(place=spot.place, expected="tag, and for_days if need be")
    code = _read_code(raw["tag"], spot.at("tag"))
    return HasTag(code, read_days(raw.get("for_days", 1), spot.at("for_days").place))


def _window(raw: dict[str, object], spot: _Spot) -> Window | None:
    return read_window(raw["window"], spot.at("window").place) if "window" in raw else None
