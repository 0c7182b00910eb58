"""Random rules, random facts and random events, and what a rule's figures are over them in plain Python."""

from dataclasses import dataclass, fields
from datetime import date, datetime, timedelta
from typing import Any

from hypothesis import strategies as st

from guibin.core.clock import start_of_day
from guibin.core.lines import Line
from guibin.core.money import divide_half_up, format_cny
from guibin.holdings.models import EventType, InflowClass
from guibin.products.models import ProductClass
from guibin.tags.evaluation import Plain, evaluate
from guibin.tags.rules import EventAggregate, HasTag, Operand
from guibin.tags.vocabulary import ZERO_OVER_NOTHING, AggregateFunction, CustomerKind, Fact

DAY = date(2026, 11, 24)
TEXTS = ("a", "ab", "b'; DROP TABLE tag", "%", "_", "贵宾", "\\", "$1")
NUMBERS = (0, 1, 2, 30, 60)
AMOUNTS = (0, 1, 50, 99, 100, 12_345)
TYPES = (EventType.CARD_SPEND, EventType.SALARY)
INFLOWS = (InflowClass.PAYROLL, InflowClass.PENSION)

texts, numbers, amounts = st.sampled_from(TEXTS), st.sampled_from(NUMBERS), st.sampled_from(AMOUNTS)
days = st.integers(-2, 40).map(lambda back: DAY - timedelta(days=back))
money = amounts.map(format_cny)


@dataclass(frozen=True)
class Event:
    """A business event of the model; `number` orders events of one day."""

    number: int
    event_type: str
    amount_fen: int | None
    occurred_on: date
    merchant_category: str | None
    channel: str | None
    inflow_class: str | None

    @property
    def occurred_at(self) -> datetime:
        return start_of_day(self.occurred_on) + timedelta(minutes=self.number)

    def read(self, operand: Operand) -> Plain:
        assert isinstance(operand, Fact)
        column = {"event.type": "event_type", "event.amount": "amount_fen", "event.date": "occurred_on"}
        found: Plain = getattr(self, column.get(operand.name, operand.name.removeprefix("event.")))
        return found


@dataclass(frozen=True)
class Facts:
    """The facts of a customer of the model; the names are those of the columns."""

    aum_fen: int | None
    aum_mda_fen: int | None
    liabilities_fen: int | None
    age: int | None
    tenure_days: int | None
    gender: str
    branch: str
    city_code: str | None
    tier: str | None
    products: list[str]
    lines: list[str]
    customer_kinds: list[str]
    assets: dict[str, int | None]
    liabilities: dict[str, int | None]
    points: dict[str, int]
    events: list[Event]
    tags: dict[str, tuple[date, date | None]]

    def columns(self) -> dict[str, Any]:
        return {field.name: getattr(self, field.name) for field in fields(self) if field.name not in {"events", "tags"}}

    def read(self, operand: Operand) -> Plain:
        if isinstance(operand, EventAggregate):
            return figure(operand, self.events)
        if isinstance(operand, HasTag):
            since, until = self.tags.get(operand.code, (date.max, None))
            return since <= DAY - timedelta(days=operand.for_days - 1) and (until is None or until > DAY)
        kind, _, key = operand.name.partition(".")
        maps: dict[str, dict[str, Any]] = {"asset": self.assets, "liability": self.liabilities, "points": self.points}
        if kind in maps and key:
            amount: Plain = maps[kind].get(key, 0)
            return amount
        money_column = f"{operand.name}_fen"
        found = getattr(self, money_column if hasattr(self, money_column) else operand.name)
        return frozenset(found) if isinstance(found, list) else found


def figure(aggregate: EventAggregate, events: list[Event]) -> Plain:
    """Compute a figure over events in plain Python."""
    first = date.min if aggregate.last_days is None else DAY - timedelta(days=aggregate.last_days - 1)
    chosen = [event for event in events if first <= event.occurred_on <= DAY]
    if aggregate.where is not None:
        where = aggregate.where
        chosen = [event for event in chosen if evaluate(where, event.read, DAY).met]
    if aggregate.field is None:
        return len(chosen)
    field = aggregate.field
    of_one_event = {AggregateFunction.LAST: max, AggregateFunction.FIRST: min}
    if aggregate.function in of_one_event:
        which = of_one_event[aggregate.function]
        return which(chosen, key=lambda event: event.occurred_at).read(field) if chosen else None
    values: list[Any] = [value for event in chosen if (value := event.read(field)) is not None]
    if not values:
        return 0 if aggregate.function in ZERO_OVER_NOTHING else None
    return _over(aggregate.function, values)


def _over(function: AggregateFunction, values: list[Any]) -> Plain:
    results: dict[AggregateFunction, Any] = {
        AggregateFunction.MIN: min,
        AggregateFunction.MAX: max,
        AggregateFunction.SUM: sum,
        AggregateFunction.AVG: lambda found: divide_half_up(sum(found), len(found)),
        AggregateFunction.COUNT: len,
        AggregateFunction.DISTINCT: lambda found: len(set(found)),
    }
    result: Plain = results[function](values)
    return result


def _optional(strategy: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.none() | strategy


def _some(values: tuple[str, ...]) -> st.SearchStrategy[list[str]]:
    return st.lists(st.sampled_from(values), max_size=3, unique=True)


LINES = tuple(str(line) for line in Line)[:3]
KINDS = tuple(str(kind) for kind in CustomerKind)[:3]
CLASSES = tuple(str(name) for name in ProductClass)[:2]

TAGS = ("rich", "old.ish")


def _life(days_of: tuple[date, date | None]) -> tuple[date, date | None]:
    since, until = days_of
    return since, None if until is None else max(since, until)


event_lists = st.lists(
    st.tuples(
        st.sampled_from(TYPES), _optional(amounts), days, _optional(texts), _optional(texts),
        _optional(st.sampled_from(INFLOWS)),
    ),
    max_size=6,
).map(lambda rows: [Event(number, *row) for number, row in enumerate(rows)])  # fmt: skip

facts = st.builds(
    Facts,
    aum_fen=_optional(amounts),
    aum_mda_fen=_optional(amounts),
    liabilities_fen=_optional(amounts),
    age=_optional(numbers),
    tenure_days=_optional(numbers),
    gender=st.sampled_from("FMU"),
    branch=texts,
    city_code=_optional(texts),
    tier=_optional(texts),
    products=_some(TEXTS),
    lines=_some(LINES),
    customer_kinds=_some(KINDS),
    assets=st.dictionaries(st.sampled_from(CLASSES), _optional(amounts)),
    liabilities=st.dictionaries(st.sampled_from(CLASSES), _optional(amounts)),
    points=st.dictionaries(st.sampled_from(("reward", "service")), numbers),
    events=event_lists,
    tags=st.dictionaries(st.sampled_from(TAGS), st.tuples(days, _optional(days)).map(_life)),
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
    return within | _ordered(fact, days.map(date.isoformat), fact)


def _sets(name: str, values: tuple[str, ...]) -> Any:
    fact = st.just(name)
    return _listed(fact, st.sampled_from(values), ("has_any", "has_all", "has_none")) | _known(fact)


_amount, _words = st.just("event.amount"), st.sampled_from(("event.channel", "event.merchant_category"))
_event_leaves = (
    _ordered(_amount, money, _amount)
    | _text(_words, texts, _words)
    | _text(st.just("event.type"), st.sampled_from(TYPES), _words)
    | _text(st.just("event.inflow_class"), st.sampled_from(INFLOWS), _words)
    | _dated(st.just("event.date"))
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
        st.just({}) | st.sampled_from((1, 7, 30, 366)).map(lambda last: {"window": {"last_days": last}}),
    )


_EVERY_FIELD = ("event.type", "event.amount", "event.channel", "event.inflow_class", "event.date")
_money_facts = (
    st.sampled_from(("aum", "aum_mda", "liabilities", *(f"asset.{name}" for name in CLASSES), "liability.cards"))
    | _figures(("sum", "avg", "min", "max", "last", "first"), ("event.amount",))
)  # fmt: skip
_number_facts = (
    st.sampled_from(("age", "tenure_days", "points.reward", "points.unheard_of"))
    | _figures(("count", "distinct"), _EVERY_FIELD)
    | _figures(("count",), ("event",))
)
_text_facts = st.sampled_from(("city_code", "branch", "tier")) | _figures(("last", "first"), ("event.channel",))

money_figures, number_figures = _money_facts, _number_facts
event_trees = _trees(_event_leaves, 2)

_tags = st.builds(
    lambda code, days_of: {"tag": code} | days_of,
    st.sampled_from((*TAGS, "unheard_of")),
    st.just({}) | st.sampled_from((1, 3, 30)).map(lambda found: {"for_days": found}),
)

rules = _trees(
    _ordered(_money_facts, money, _money_facts)
    | _ordered(_number_facts, numbers, _number_facts)
    | _text(_text_facts, texts, _text_facts)
    | _text(st.just("gender"), st.sampled_from("FMU"), _text_facts)
    | _dated(_figures(("min", "max", "last", "first"), ("event.date",)))
    | _sets("products", TEXTS)
    | _sets("lines", LINES)
    | _sets("customer_kinds", KINDS)
    | _tags,
    5,
)
"""Rules of every fact and operator; a few are beyond the limits of a tree, and the reader refuses those."""
