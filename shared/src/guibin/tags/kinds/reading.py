"""Definitions of tags from JSON values, each kind with its own form; all else is refused with its place."""

import re
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any, Final

from guibin.core.money import parse_cny
from guibin.tags.errors import RuleFieldUnknown, RuleTooComplex, RuleValueInvalid
from guibin.tags.kinds.definitions import (
    ORDERED_TYPES,
    Arithmetic,
    Axis,
    Case,
    Cases,
    Cell,
    Definition,
    Expression,
    Figure,
    Formula,
    Listed,
    Number,
    Operation,
    Preference,
    Range,
    Rfm,
    Score,
    ScorePart,
    Term,
    axes_operands,
    having,
)
from guibin.tags.models import TagKind
from guibin.tags.rules import ROOT, EventAggregate, Node, Operand, Window, parse_rule
from guibin.tags.rules.reader import MAX_DEPTH, MAX_NODES
from guibin.tags.rules.values import MAX_INTEGER
from guibin.tags.vocabulary import Fact, FactType

MAX_TAG_VALUES: Final = 20
MAX_LIMITS: Final = 9
MAX_FAVOURITES: Final = 5
MAX_POINTS: Final = 1_000_000
_VALUE: Final = re.compile(r"[a-z][a-z0-9_]{0,39}")
_DECIMAL: Final = re.compile(r"-?\d{1,15}(\.\d{1,6})?")
_NAMES: Final = frozenset({"name_zh", "name_en"})
_MAX_NAME: Final = 40
_PERCENT: Final = 100
_PAIR: Final = 2

Raw = dict[str, Any]
Unit = Callable[[object], Decimal | None]


def read_definition(kind: TagKind, raw: object) -> Definition:
    """Read the definition of a kind of tag from JSON values.

    Raises:
        RuleFieldUnknown, RuleOperatorInvalid, RuleValueInvalid, RuleTooComplex: it is wrong, with the place.
    """
    if kind in {TagKind.RULE, TagKind.SEGMENT}:
        return having(parse_rule(raw))
    if not isinstance(raw, dict):
        raise RuleValueInvalid(place=ROOT, expected="an object")
    return _READERS[kind](raw)


def _keys(raw: object, place: str, required: set[str], optional: frozenset[str] | set[str] = frozenset()) -> Raw:
    if not isinstance(raw, dict) or not required <= raw.keys() <= required | optional:
        raise RuleValueInvalid(place=place, expected=", ".join([*sorted(required), *sorted(f"{o}?" for o in optional)]))
    return raw


def _list(raw: object, place: str, most: int) -> Iterator[tuple[Any, str]]:
    if not isinstance(raw, list) or not 1 <= len(raw) <= most:
        raise RuleValueInvalid(place=place, expected=f"a list of 1 to {most}")
    return ((item, f"{place}/{index}") for index, item in enumerate(raw))


def _code(raw: object, place: str) -> str:
    if not isinstance(raw, str) or not _VALUE.fullmatch(raw):
        raise RuleValueInvalid(place=place, expected="a code of small letters, digits and _, at most 40 long")
    return raw


def _named_value(raw: Raw, place: str) -> str:
    for name in _NAMES & raw.keys():
        text = raw[name]
        if not isinstance(text, str) or not 1 <= len(text) <= _MAX_NAME or not text.isprintable():
            raise RuleValueInvalid(place=f"{place}/{name}", expected=f"text of 1 to {_MAX_NAME} characters")
    return _code(raw["value"], f"{place}/value")


def _whole(raw: object, place: str, least: int, most: int) -> int:
    if not isinstance(raw, int) or isinstance(raw, bool) or not least <= raw <= most:
        raise RuleValueInvalid(place=place, expected=f"an integer from {least} to {most}")
    return raw


def _cases(raw: Raw, word: str) -> list[Case]:
    root = f"{ROOT}/{word}"
    found = []
    for item, place in _list(_keys(raw, ROOT, {word})[word], root, MAX_TAG_VALUES):
        _keys(item, place, {"value", "when"}, _NAMES)
        found.append(Case(_named_value(item, place), parse_rule(item["when"], place=f"{place}/when"), f"{place}/when"))
    _once([case.value for case in found], root)
    return found


def _once(values: list[str], place: str) -> None:
    if len(set(values)) != len(values):
        raise RuleValueInvalid(place=place, expected="each value once")


def _read_values(raw: Raw) -> Definition:
    return Cases(tuple(_cases(raw, "values")))


def _read_stages(raw: Raw) -> Definition:
    """Of several stages the later one wins: the order of precedence is from the last to the first."""
    return Cases(tuple(reversed(_cases(raw, "stages"))))


def _operand(raw: object, place: str) -> Operand:
    """Read a figure as a rule names it."""
    read = parse_rule({"fact": raw, "op": "exists"}, place=place)
    return read.fact  # type: ignore[union-attr] # a condition is read as one


def _read_figure(raw: Raw) -> Definition:
    _keys(raw, ROOT, {"figure"}, {"ranges"})
    operand = _operand(raw["figure"], f"{ROOT}/figure")
    if operand.type is FactType.SET or ("ranges" in raw and operand.type not in ORDERED_TYPES):
        raise RuleValueInvalid(place=f"{ROOT}/figure", expected="a figure that can be ordered")
    unit = {FactType.MONEY: _fen, FactType.DECIMAL: _decimal}.get(operand.type, _integer)
    return Figure(operand, _ranges(raw, unit))


def _ranges(raw: Raw, unit: Unit) -> tuple[Range, ...]:
    """Read ranges in ascending order; only the last one may be without a bound."""
    if "ranges" not in raw:
        return ()
    found: list[Range] = []
    for item, place in _list(raw["ranges"], f"{ROOT}/ranges", MAX_TAG_VALUES):
        _keys(item, place, set(), {"value", "below"} | _NAMES)
        below = unit(item["below"]) if "below" in item else None
        last = place.endswith(f"/{len(raw['ranges']) - 1}")
        lower = found[-1].below if found else None
        if (below is None and not ("below" not in item and last)) or (
            below is not None and lower is not None and below <= lower
        ):
            raise RuleValueInvalid(place=f"{place}/below", expected="bounds that rise")
        found.append(Range(_named_value(item, place) if "value" in item else None, below))
    _once([one.value for one in found if one.value is not None], f"{ROOT}/ranges")
    return tuple(found)


def _fen(raw: object) -> Decimal | None:
    fen = parse_cny(raw) if isinstance(raw, str) else None
    return None if fen is None else Decimal(fen)


def _integer(raw: object) -> Decimal | None:
    whole = isinstance(raw, int) and not isinstance(raw, bool) and abs(raw) <= MAX_INTEGER
    return Decimal(raw) if whole else None  # type: ignore[arg-type] # an integer


def _decimal(raw: object) -> Decimal | None:
    return Decimal(raw) if isinstance(raw, str) and raw.isascii() and _DECIMAL.fullmatch(raw) else None


def _read_formula(raw: Raw) -> Definition:
    _keys(raw, ROOT, {"formula"}, {"ranges"})
    nodes = [0]
    expression = _expression(raw["formula"], f"{ROOT}/formula", 1, nodes)
    return Formula(expression, _ranges(raw, _decimal))


def _expression(raw: object, place: str, depth: int, nodes: list[int]) -> Expression:
    nodes[0] += 1
    if depth > MAX_DEPTH or nodes[0] > MAX_NODES:
        raise RuleTooComplex(place=place, max_depth=MAX_DEPTH, max_nodes=MAX_NODES)
    number = _decimal(raw)
    if number is not None:
        return Number(number)
    if not isinstance(raw, dict) or len(raw) != 1:
        raise RuleValueInvalid(
            place=place, expected="a decimal as text, a fact, a tag, or add, subtract, multiply, divide"
        )
    ((word, inner),) = raw.items()
    if word == "tag":
        return Term(_operand({"tag_number": inner}, place))
    if word == "fact":
        operand = _operand(inner, place)
        if operand.type not in ORDERED_TYPES:
            raise RuleValueInvalid(place=place, expected="an amount or a number")
        return Term(operand)
    if word not in set(Arithmetic):
        raise RuleFieldUnknown(place=place)
    parts = [_expression(item, at, depth + 1, nodes) for item, at in _list(inner, f"{place}/{word}", MAX_NODES)]
    if len(parts) < _PAIR:
        raise RuleValueInvalid(place=f"{place}/{word}", expected="two parts or more")
    return Operation(Arithmetic(word), tuple(parts))


def _read_score(raw: Raw) -> Definition:
    _keys(raw, ROOT, {"score"}, {"ranges"})
    parts = []
    for item, place in _list(raw["score"], f"{ROOT}/score", MAX_TAG_VALUES):
        _keys(item, place, {"points", "when"})
        points = _whole(item["points"], f"{place}/points", -MAX_POINTS, MAX_POINTS)
        parts.append(ScorePart(points, parse_rule(item["when"], place=f"{place}/when"), f"{place}/when"))
    return Score(tuple(parts), _ranges(raw, _integer))


def _events(raw: Raw) -> tuple[Node | None, Window | None]:
    """Read which events count, as an aggregate of a rule names them."""
    chosen = {name: raw[name] for name in ("where", "window") if name in raw}
    aggregate = _operand({"count": "event"} | chosen, ROOT)
    if not isinstance(aggregate, EventAggregate):
        raise TypeError("a count of events is a figure of events")
    return aggregate.where, aggregate.window


def _read_preference(raw: Raw) -> Definition:
    _keys(raw, ROOT, {"most"}, {"by", "where", "window", "at_most", "least_percent"})
    last = _operand({"last": raw["most"]}, f"{ROOT}/most")
    field = last.field if isinstance(last, EventAggregate) else None
    if not isinstance(field, Fact) or field.type is not FactType.TEXT:
        raise RuleValueInvalid(place=f"{ROOT}/most", expected="a category of events")
    if raw.get("by", "count") not in {"count", "amount"}:
        raise RuleValueInvalid(place=f"{ROOT}/by", expected="count or amount")
    where, window = _events(raw)
    at_most = _whole(raw.get("at_most", 1), f"{ROOT}/at_most", 1, MAX_FAVOURITES)
    least = _whole(raw.get("least_percent", 0), f"{ROOT}/least_percent", 0, _PERCENT)
    return Preference(field, where, window, raw.get("by") == "amount", at_most, least)


def _read_rfm(raw: Raw) -> Definition:
    names = ("recency", "frequency", "monetary")
    _keys(raw, ROOT, {*names, "cells"}, {"where", "window"})
    operands = axes_operands(*_events(raw))
    units = (_integer, _integer, _fen)
    axes = [
        Axis(operand, _limits(raw[name], f"{ROOT}/{name}", unit))
        for name, operand, unit in zip(names, operands, units, strict=True)
    ]
    cells = []
    for item, place in _list(raw["cells"], f"{ROOT}/cells", MAX_TAG_VALUES):
        _keys(item, place, {"value"}, {*names, *_NAMES})
        spans = [
            _span(item[name], f"{place}/{name}", len(axis.limits) + 1) if name in item else (1, len(axis.limits) + 1)
            for name, axis in zip(names, axes, strict=True)
        ]
        cells.append(Cell(_named_value(item, place), *spans))
    recency, frequency, monetary = axes
    return Rfm(recency, frequency, monetary, tuple(cells))


def _limits(raw: object, place: str, unit: Unit) -> tuple[int, ...]:
    """Read the limits of an axis: written out, or at quantiles, which are drawn before anybody is tagged by them."""
    if isinstance(raw, dict):
        parts = _whole(
            _keys(raw, place, {"quantiles"}, {"limits"})["quantiles"], f"{place}/quantiles", _PAIR, MAX_LIMITS + 1
        )
        if "limits" not in raw:
            return tuple(range(1, parts))
        raw, place = raw["limits"], f"{place}/limits"
    found: list[int] = []
    for item, at in _list(raw, place, MAX_LIMITS):
        limit = unit(item)
        if limit is None or (found and limit <= found[-1]):
            raise RuleValueInvalid(place=at, expected="limits that rise")
        found.append(int(limit))
    return tuple(found)


def _span(raw: object, place: str, highest: int) -> tuple[int, int]:
    if not isinstance(raw, list) or len(raw) != _PAIR:
        raise RuleValueInvalid(place=place, expected="the lowest and the highest score")
    low, high = (_whole(item, f"{place}/{index}", 1, highest) for index, item in enumerate(raw))
    if low > high:
        raise RuleValueInvalid(place=place, expected="the lowest score first")
    return low, high


def _read_listed(raw: Raw) -> Definition:
    _keys(raw, ROOT, set(), {"values", "numeric"})
    numeric = raw.get("numeric", False)
    if not isinstance(numeric, bool) or (numeric and "values" in raw):
        raise RuleValueInvalid(place=f"{ROOT}/numeric", expected="true, and no list of values")
    values = []
    if "values" in raw:
        for item, place in _list(raw["values"], f"{ROOT}/values", MAX_TAG_VALUES):
            values.append(_named_value(_keys(item, place, {"value"}, _NAMES), place))
    _once(values, f"{ROOT}/values")
    return Listed(frozenset(values), numeric)


_READERS: Final[dict[TagKind, Callable[[Raw], Definition]]] = {
    TagKind.VALUES: _read_values,
    TagKind.LIFE_CYCLE: _read_stages,
    TagKind.AGGREGATE: _read_figure,
    TagKind.ARITHMETIC: _read_formula,
    TagKind.PREFERENCE: _read_preference,
    TagKind.RFM: _read_rfm,
    TagKind.SCORE: _read_score,
    TagKind.MODEL: _read_listed,
    TagKind.IMPORTED: _read_listed,
}
