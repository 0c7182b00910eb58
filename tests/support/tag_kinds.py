"""Random definitions of every kind of tag that a run gives, and the categories of a preference in plain Python."""

from collections import Counter
from datetime import date
from typing import Any

from hypothesis import strategies as st

from guibin.tags.evaluation import evaluate
from guibin.tags.kinds import Preference
from guibin.tags.models import TagKind
from support.rule_customers import DAY, Facts, money, numbers
from support.rule_trees import event_trees, money_figures, number_figures, rules

VALUES = ("gold", "silver", "other")
_codes = st.permutations(VALUES)


def _with_ranges(form: st.SearchStrategy[dict[str, Any]], bounds: st.SearchStrategy[Any]) -> Any:
    """Add two bounded ranges, the second one without a value, and an open one; or none at all."""
    pairs = st.lists(bounds, min_size=2, max_size=2, unique=True).map(lambda two: sorted(two, key=float))
    ranges = st.builds(
        lambda two, codes: {
            "ranges": [{"value": codes[0], "below": two[0]}, {"below": two[1]}, {"value": codes[1]}],
        },
        pairs,
        _codes,
    )
    return st.builds(lambda found, more: found | more, form, st.just({}) | ranges)


def _cases(word: str) -> Any:
    return st.builds(
        lambda codes, nodes: {word: [{"value": code, "when": node} for code, node in zip(codes, nodes, strict=False)]},
        _codes,
        st.lists(rules, min_size=1, max_size=3),
    )


_facts_of_formulas = (money_figures | number_figures).map(lambda fact: {"fact": fact})
_decimals = st.sampled_from(("0", "1", "3", "0.5", "-2.25", "0.000001"))
_formulas = st.recursive(
    _facts_of_formulas | _decimals,
    lambda parts: st.builds(
        lambda word, found: {word: found},
        st.sampled_from(("add", "subtract", "multiply", "divide")),
        st.lists(parts, min_size=2, max_size=3),
    ),
    max_leaves=4,
)
_events = st.builds(
    lambda where, window: where | window,
    st.just({}) | event_trees.map(lambda node: {"where": node}),
    st.just({}) | st.sampled_from((7, 30)).map(lambda last: {"window": {"last_days": last}}),
)
_parts = st.builds(lambda points, when: {"points": points, "when": when}, numbers, rules)
_cells = st.lists(
    st.builds(
        lambda code, spans: (
            {"value": code}
            | {name: span for name, span in zip(("recency", "frequency", "monetary"), spans, strict=True) if span}
        ),
        st.sampled_from(VALUES),
        st.tuples(*[st.none() | st.sampled_from(([1, 1], [2, 3], [1, 2], [3, 3]))] * 3),
    ),
    min_size=1,
    max_size=3,
)

definitions: Any = st.one_of(
    _cases("values").map(lambda raw: (TagKind.VALUES, raw)),
    _cases("stages").map(lambda raw: (TagKind.LIFE_CYCLE, raw)),
    _with_ranges(money_figures.map(lambda figure: {"figure": figure}), money).map(
        lambda raw: (TagKind.AGGREGATE, raw)
    ),
    _with_ranges(number_figures.map(lambda figure: {"figure": figure}), numbers).map(
        lambda raw: (TagKind.AGGREGATE, raw)
    ),
    _with_ranges(_formulas.map(lambda formula: {"formula": formula}), money).map(
        lambda raw: (TagKind.ARITHMETIC, raw)
    ),
    _with_ranges(
        st.lists(_parts, min_size=1, max_size=2).map(lambda parts: {"score": parts}),
        numbers,
    ).map(lambda raw: (TagKind.SCORE, raw)),
    st.builds(
        lambda events, field, by, at_most, least: (
            TagKind.PREFERENCE,
            events | {"most": field, "by": by, "at_most": at_most, "least_percent": least},
        ),
        _events,
        st.sampled_from(("event.channel", "event.type", "event.merchant_category")),
        st.sampled_from(("count", "amount")),
        st.integers(1, 3),
        st.sampled_from((0, 34, 50)),
    ),
    st.builds(
        lambda events, cells: (
            TagKind.RFM,
            events
            | {"recency": [7, 20], "frequency": [2, 3], "monetary": ["0.50", "1.00"], "cells": cells},
        ),
        _events,
        _cells,
    ),
)  # fmt: skip
"""Pairs of a kind and the definition in JSON values."""


def ranked(preference: Preference, customer: Facts) -> list[str]:
    """Rank a customer's categories in plain Python, the heaviest first."""
    first, last = (None, DAY) if preference.window is None else preference.window.bounds(DAY)
    weights: Counter[str] = Counter()
    for event in customer.events:
        category = event.read(preference.field)
        chosen = preference.where is None or evaluate(preference.where, event.read, DAY).met
        if (first or date.min) <= event.occurred_on <= last and chosen and isinstance(category, str):
            weights[category] += (event.amount_fen or 0) if preference.by_amount else 1
    enough = [
        (-weight, category)
        for category, weight in weights.items()
        if weight > 0 and weight * 100 >= weights.total() * preference.least_percent
    ]
    return [category for _, category in sorted(enough)]
