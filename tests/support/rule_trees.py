"""Random rules of every fact, figure and operator."""

from datetime import date
from typing import Any

from hypothesis import strategies as st

from guibin.tags.festivals import Festival
from guibin.tags.rules import Period
from support.rule_customers import (
    CLASSES,
    INFLOWS,
    KINDS,
    LINES,
    PRODUCTS,
    TAGS,
    TEXTS,
    TYPES,
    days,
    money,
    numbers,
    texts,
)


def _ordered(fact: st.SearchStrategy[Any], value: st.SearchStrategy[Any], others: st.SearchStrategy[Any]) -> Any:
    compared = st.builds(
        lambda name, op, against: {"fact": name, "op": op, "value": against},
        fact,
        st.sampled_from(("=", "!=", "<", "<=", ">", ">=")),
        value | others.map(lambda other: {"fact": other}),
    )
    between = st.builds(
        lambda name, pair: {"fact": name, "op": "between", "value": pair},
        fact,
        st.tuples(value, value).map(lambda pair: sorted(pair, key=lambda item: float(item) if _number(item) else item)),
    )
    return compared | between | _listed(fact, value, ("in", "not_in")) | _known(fact)


def _number(item: object) -> bool:
    return isinstance(item, int) or (isinstance(item, str) and item.replace(".", "").isdigit())


def _listed(fact: st.SearchStrategy[Any], value: st.SearchStrategy[Any], ops: tuple[str, ...]) -> Any:
    return st.builds(
        lambda name, op, values: {"fact": name, "op": op, "value": values},
        fact,
        st.sampled_from(ops),
        st.lists(value, min_size=1, max_size=3),
    )


def _known(fact: st.SearchStrategy[Any]) -> Any:
    return st.builds(lambda name, op: {"fact": name, "op": op}, fact, st.sampled_from(("exists", "missing")))


def _text(fact: st.SearchStrategy[Any], value: st.SearchStrategy[Any], others: st.SearchStrategy[Any]) -> Any:
    compared = st.builds(
        lambda name, op, against: {"fact": name, "op": op, "value": against},
        fact,
        st.sampled_from(("=", "!=")),
        value | others.map(lambda other: {"fact": other}),
    )
    searched = st.builds(
        lambda name, op, against: {"fact": name, "op": op, "value": against},
        fact,
        st.sampled_from(("contains", "starts", "ends")),
        texts | others.map(lambda other: {"fact": other}),
    )
    return compared | searched | _listed(fact, value, ("in", "not_in")) | _known(fact)


def _dated(fact: st.SearchStrategy[Any]) -> Any:
    within = st.builds(lambda name, back: {"fact": name, "op": "within_days", "value": back}, fact, st.integers(-40, 5))
    period = st.builds(
        lambda name, which: {"fact": name, "op": "in_period", "value": which}, fact, st.sampled_from(tuple(Period))
    )
    relative = st.builds(
        lambda name, op, off: {"fact": name, "op": op, "value": {"days_from_now": off}},
        fact,
        st.sampled_from(("=", "!=", "<", "<=", ">", ">=")),
        st.integers(-40, 40),
    )
    return within | period | relative | _ordered(fact, days.map(date.isoformat), fact)


def _sets(name: str, values: tuple[str, ...]) -> Any:
    fact = st.just(name)
    return _listed(fact, st.sampled_from(values), ("has_any", "has_all", "has_none")) | _known(fact)


_amount, _words = st.just("event.amount"), st.sampled_from(("event.channel", "event.merchant_category"))
_event_leaves = st.deferred(
    lambda: (
        _ordered(_amount, money, _amount)
        | _text(_words, texts, _words)
        | _text(st.just("event.type"), st.sampled_from(TYPES), _words)
        | _text(st.just("event.inflow_class"), st.sampled_from(INFLOWS), _words)
        | _dated(st.just("event.date"))
    )
)


_balance = st.sampled_from(("holding.balance", "holding.credit_limit"))
_holding_leaves = st.deferred(
    lambda: (
        _ordered(_balance, money, _balance)
        | _text(st.just("holding.class"), st.sampled_from(CLASSES), st.just("holding.product"))
        | _text(st.just("holding.product"), st.sampled_from(tuple(PRODUCTS)), st.just("holding.line"))
        | _text(st.just("holding.side"), st.sampled_from(("asset", "liability")), st.just("holding.line"))
        | _dated(st.sampled_from(("holding.opened_on", "holding.matures_on")))
    )
)


def _trees(leaves: Any, size: int) -> Any:
    return st.recursive(
        leaves,
        lambda nodes: (
            st.lists(nodes, min_size=1, max_size=3).map(lambda found: {"all": found})
            | st.lists(nodes, min_size=1, max_size=3).map(lambda found: {"any": found})
            | nodes.map(lambda found: {"not": found})
        ),
        max_leaves=size,
    )


def _figures(functions: tuple[str, ...], fields: tuple[str, ...]) -> Any:
    return st.builds(
        lambda function, field, where, window: {function: field} | where | window,
        st.sampled_from(functions),
        st.sampled_from(fields),
        st.just({}) | _trees(_event_leaves, 2).map(lambda node: {"where": node}),
        windows,
    )


windows: st.SearchStrategy[Any] = st.just({}) | (
    st.sampled_from((1, 7, 30, 366)).map(lambda last: {"last_days": last})
    | st.sampled_from((1, 7, 30)).map(lambda back: {"before_days": back})
    | st.sampled_from(tuple(Period)).map(lambda period: {"period": period})
    | st.tuples(days, days).map(lambda pair: dict(zip(("from", "to"), map(date.isoformat, sorted(pair)), strict=True)))
    | days.map(lambda first: {"from": first.isoformat()})
).map(lambda window: {"window": window})


def _figures_of_holdings(functions: tuple[str, ...], fields: tuple[str, ...]) -> Any:
    return st.builds(
        lambda function, field, where: {function: field} | where,
        st.sampled_from(functions),
        st.sampled_from(fields),
        st.just({}) | _trees(_holding_leaves, 2).map(lambda node: {"where": node}),
    )


_EVERY_FIELD = ("event.type", "event.amount", "event.channel", "event.inflow_class", "event.date")
_money_facts = st.deferred(
    lambda: (
        st.sampled_from(("aum", "aum_mda", "liabilities", *(f"asset.{name}" for name in CLASSES), "liability.cards"))
        | _figures(("sum", "avg", "min", "max", "last", "first"), ("event.amount",))
        | _figures_of_holdings(("sum", "avg", "min", "max"), ("holding.balance", "holding.credit_limit"))
    )
)  # fmt: skip
_number_facts = st.deferred(
    lambda: (
        st.sampled_from(("age", "tenure_days", "points.reward", "points.unheard_of"))
        | st.sampled_from(("days_to_birthday", "days_to_anniversary", "days_to_maturity"))
        | _figures_of_holdings(("count", "distinct"), ("holding.class", "holding.balance", "holding.matures_on"))
        | _figures_of_holdings(("count",), ("holding",))
        | _figures(("count", "distinct"), _EVERY_FIELD)
        | _figures(("count",), ("event",))
    )
)
_text_facts = st.deferred(
    lambda: st.sampled_from(("city_code", "branch", "tier")) | _figures(("last", "first"), ("event.channel",))
)
money_figures, number_figures = _money_facts, _number_facts
event_trees = st.deferred(lambda: _trees(_event_leaves, 2))

_tags = st.builds(
    lambda code, days_of: {"tag": code} | days_of,
    st.sampled_from((*TAGS, "unheard_of")),
    st.just({}) | st.sampled_from((1, 3, 30)).map(lambda found: {"for_days": found}),
)

_DAYS = ("birthday", "anniversary", "next_maturity", *(f"holiday.{name}" for name in Festival))
_last_events = st.builds(
    lambda where, window, node: {"last_event": where | window | {"satisfies": node}},
    st.just({}) | event_trees.map(lambda node: {"where": node}),
    windows,
    event_trees,
)
_sequences = st.builds(
    lambda first, then, within, window: {"sequence": {"first": first, "then": then, "within_days": within} | window},
    event_trees,
    event_trees,
    st.sampled_from((0, 1, 7, 30)),
    windows,
)

_scaled = st.builds(
    lambda name, op, other, times: {"fact": name, "op": op, "value": {"fact": other, "times": times}},
    _money_facts,
    st.sampled_from(("=", "!=", "<", "<=", ">", ">=")),
    _money_facts,
    st.sampled_from(("0.5", "0.8", "2", "1.3333")),
)
_values = st.builds(
    lambda code, op, values: {"fact": {"tag_values": code}, "op": op, "value": values},
    st.sampled_from((*TAGS, "unheard_of")),
    st.sampled_from(("has_any", "has_all", "has_none")),
    st.lists(st.sampled_from(("12", "gold")), min_size=1, max_size=2, unique=True),
)
_numbers_of = st.builds(
    lambda code, op, value: {"fact": {"tag_number": code}, "op": op, "value": value},
    st.sampled_from((*TAGS, "unheard_of")),
    st.sampled_from(("=", "!=", "<", ">=")),
    st.sampled_from(("12", "3.50")),
)

rules = _trees(
    _ordered(_money_facts, money, _money_facts)
    | _ordered(_number_facts, numbers, _number_facts)
    | _text(_text_facts, texts, _text_facts)
    | _text(st.just("gender"), st.sampled_from("FMU"), _text_facts)
    | _dated(_figures(("min", "max", "last", "first"), ("event.date",)))
    | _dated(_figures_of_holdings(("min", "max"), ("holding.opened_on", "holding.matures_on")))
    | _dated(st.sampled_from(_DAYS))
    | _sets("products", TEXTS)
    | _sets("lines", LINES)
    | _sets("customer_kinds", KINDS)
    | _tags
    | _scaled
    | _values
    | _numbers_of
    | _last_events
    | _sequences,
    5,
)
"""Rules of every fact and operator; a few are beyond the limits of a tree, and the reader refuses those."""
