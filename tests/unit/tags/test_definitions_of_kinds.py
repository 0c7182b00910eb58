"""What the definitions of the kinds of tags may say, and where a wrong one is refused."""

from decimal import Decimal
from typing import Any

import pytest

from guibin.core.errors import Refusal
from guibin.tags.kinds import Cases, Figure, Listed, Range, read_definition
from guibin.tags.kinds.definitions import values_of
from guibin.tags.models import TagKind

OLD = {"fact": "age", "op": ">=", "value": 60}
CASE = {"value": "gold", "when": OLD}
CELL = {"value": "best", "recency": [3, 3]}
RFM = {"recency": [7, 30], "frequency": [2, 5], "monetary": ["1.00", "9.00"], "cells": [CELL]}

WRONG: dict[str, tuple[TagKind, Any, str]] = {
    "no object": (TagKind.VALUES, [], "rule"),
    "another kind's form": (TagKind.VALUES, OLD, "rule"),
    "no value": (TagKind.VALUES, {"values": []}, "rule/values"),
    "21 values": (TagKind.VALUES, {"values": [CASE] * 21}, "rule/values"),
    "a value twice": (TagKind.VALUES, {"values": [CASE, CASE]}, "rule/values"),
    "no code": (TagKind.VALUES, {"values": [CASE | {"value": "Gold!"}]}, "rule/values/0/value"),
    "a name too long": (TagKind.VALUES, {"values": [CASE | {"name_zh": "金" * 41}]}, "rule/values/0/name_zh"),
    "a wrong rule": (
        TagKind.LIFE_CYCLE,
        {"stages": [{"value": "new", "when": {"all": [OLD, OLD | {"fact": "x"}]}}]},
        "rule/stages/0/when/all/1/fact",
    ),
    "a set as figure": (TagKind.AGGREGATE, {"figure": "products"}, "rule/figure"),
    "an unknown figure": (TagKind.AGGREGATE, {"figure": {"median": "event.amount"}}, "rule/figure/fact"),
    "text in ranges": (TagKind.AGGREGATE, {"figure": "tier", "ranges": [{"value": "a"}]}, "rule/figure"),
    "falling ranges": (
        TagKind.AGGREGATE,
        {"figure": "aum", "ranges": [{"value": "a", "below": "2.00"}, {"value": "b", "below": "1.00"}]},
        "rule/ranges/1/below",
    ),
    "an open range before another": (
        TagKind.AGGREGATE,
        {"figure": "age", "ranges": [{"value": "a"}, {"value": "b", "below": 3}]},
        "rule/ranges/0/below",
    ),
    "an amount for a number": (
        TagKind.AGGREGATE,
        {"figure": "age", "ranges": [{"value": "a", "below": "1.00"}]},
        "rule/ranges/0/below",
    ),
    "one part": (TagKind.ARITHMETIC, {"formula": {"add": ["1"]}}, "rule/formula/add"),
    "a float": (TagKind.ARITHMETIC, {"formula": {"add": ["1", 0.5]}}, "rule/formula/add/1"),
    "another operation": (TagKind.ARITHMETIC, {"formula": {"power": ["1", "2"]}}, "rule/formula"),
    "text in a formula": (TagKind.ARITHMETIC, {"formula": {"fact": "tier"}}, "rule/formula"),
    "a formula too deep": (
        TagKind.ARITHMETIC,
        {"formula": {"add": ["1", {"add": ["1", {"add": ["1", {"add": ["1", {"add": ["1", "1"]}]}]}]}]}},
        "rule/formula/add/1/add/1/add/1/add/1/add/0",
    ),
    "points of text": (TagKind.SCORE, {"score": [{"points": "5", "when": OLD}]}, "rule/score/0/points"),
    "a preference for amounts": (TagKind.PREFERENCE, {"most": "event.amount"}, "rule/most"),
    "six favourites": (TagKind.PREFERENCE, {"most": "event.channel", "at_most": 6}, "rule/at_most"),
    "by rank": (TagKind.PREFERENCE, {"most": "event.channel", "by": "rank"}, "rule/by"),
    "a score beyond the limits": (
        TagKind.RFM,
        RFM | {"cells": [CELL | {"recency": [1, 4]}]},
        "rule/cells/0/recency/1",
    ),
    "limits that fall": (TagKind.RFM, RFM | {"frequency": [5, 2]}, "rule/frequency/1"),
    "a list and numbers": (TagKind.IMPORTED, {"numeric": True, "values": [{"value": "a"}]}, "rule/numeric"),
}


@pytest.mark.parametrize("row", WRONG)
def test_a_wrong_definition_is_refused_with_its_place(row: str) -> None:
    kind, raw, place = WRONG[row]
    with pytest.raises(Refusal) as refused:
        read_definition(kind, raw)
    assert refused.value.facts["place"] == place


def test_the_later_stage_takes_precedence() -> None:
    stages = [{"value": code, "when": OLD} for code in ("new", "grown", "lost")]
    read = read_definition(TagKind.LIFE_CYCLE, {"stages": stages})
    assert isinstance(read, Cases)
    assert [case.value for case in read.cases] == ["lost", "grown", "new"]


def test_ranges_are_read_in_the_unit_of_their_figure() -> None:
    amounts = read_definition(TagKind.AGGREGATE, {"figure": "aum", "ranges": [{"value": "low", "below": "5.00"}, {}]})
    counts = read_definition(TagKind.AGGREGATE, {"figure": "age", "ranges": [{"value": "low", "below": 5}]})
    assert isinstance(amounts, Figure)
    assert isinstance(counts, Figure)
    assert amounts.ranges == (Range("low", Decimal(500)), Range(None, None))
    assert counts.ranges == (Range("low", Decimal(5)),)


def test_what_comes_from_outside_may_list_its_values() -> None:
    listed = read_definition(TagKind.MODEL, {"values": [{"value": "high", "name_zh": "高"}, {"value": "low"}]})
    assert listed == Listed(frozenset({"high", "low"}), numeric=False)
    assert values_of(listed) == ("high", "low")
    assert read_definition(TagKind.IMPORTED, {"numeric": True}) == Listed(frozenset(), numeric=True)
