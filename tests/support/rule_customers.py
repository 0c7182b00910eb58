"""Random customers with facts, events, holdings and tags: as columns of the database, and written down."""

from calendar import isleap
from dataclasses import dataclass, fields
from datetime import date, datetime, timedelta
from typing import Any

from hypothesis import strategies as st

from guibin.core.clock import start_of_day
from guibin.core.lines import Line
from guibin.core.money import format_cny
from guibin.holdings.models import EventType, InflowClass
from guibin.products.models import ProductClass
from guibin.tags.evaluation import Plain
from guibin.tags.fixtures import Fixture, FixtureEvent, FixtureTag, Row
from guibin.tags.rules import Operand
from guibin.tags.vocabulary import CustomerKind, Fact

DAY = date(2026, 11, 24)
TEXTS = ("a", "ab", "b'; DROP TABLE tag", "%", "_", "贵宾", "\\", "$1")
NUMBERS = (0, 1, 2, 30, 60)
AMOUNTS = (0, 1, 50, 99, 100, 12_345)
PRODUCTS = {"D1": ("deposits", "asset"), "F1": ("fund", "asset"), "L1": ("cards", "liability")}
TYPES = (EventType.CARD_SPEND, EventType.SALARY)
INFLOWS = (InflowClass.PAYROLL, InflowClass.PENSION)

texts, numbers, amounts = st.sampled_from(TEXTS), st.sampled_from(NUMBERS), st.sampled_from(AMOUNTS)
days = st.integers(-2, 40).map(lambda back: DAY - timedelta(days=back))
money = amounts.map(format_cny)


@dataclass(frozen=True)
class Event:
    """A business event of the model; `number` orders events of one day, and two may have one."""

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
        return self.fixture().facts.get(operand.name)

    def fixture(self) -> FixtureEvent:
        facts: Row = {
            "event.type": self.event_type,
            "event.amount": self.amount_fen,
            "event.date": self.occurred_on,
            "event.merchant_category": self.merchant_category,
            "event.channel": self.channel,
            "event.inflow_class": self.inflow_class,
        }
        return FixtureEvent(facts, self.occurred_at)


@dataclass(frozen=True)
class Held:
    """A holding of the model: of a product of `PRODUCTS`, with its balances from days on."""

    product_code: str
    line: str
    opened_on: date | None
    closed_on: date | None
    matures_on: date | None
    credit_limit_fen: int | None
    balances: dict[date, int]

    @property
    def side(self) -> str:
        return PRODUCTS[self.product_code][1]

    def is_open(self, day: date) -> bool:
        return (self.opened_on is None or self.opened_on <= day) and (self.closed_on is None or self.closed_on > day)

    def balance_on(self, day: date) -> int | None:
        known = [start for start in self.balances if start <= day]
        return self.balances[max(known)] if known else None

    def row(self) -> Row:
        return {
            "holding.class": PRODUCTS[self.product_code][0],
            "holding.product": self.product_code,
            "holding.line": self.line,
            "holding.side": self.side,
            "holding.balance": self.balance_on(DAY),
            "holding.credit_limit": self.credit_limit_fen,
            "holding.opened_on": self.opened_on,
            "holding.matures_on": self.matures_on,
        }


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
    holdings: list[Held]
    birth_mmdd: str | None
    opened_on: date | None

    def columns(self) -> dict[str, Any]:
        """Return the columns of `customer_fact`."""
        apart = {"events", "tags", "holdings", "birth_mmdd", "opened_on"}
        return {field.name: getattr(self, field.name) for field in fields(self) if field.name not in apart}

    def read(self, operand: Operand) -> Plain:
        return self.fixture().read(operand)

    def fixture(self) -> Fixture:
        """Write the customer down as rules read it."""
        columns = self.columns()
        amounts = {
            "asset": columns.pop("assets"),
            "liability": columns.pop("liabilities"),
            "points": columns.pop("points"),
        }
        facts: Row = {f"{kind}.{key}": amount for kind, found in amounts.items() for key, amount in found.items()}
        for name, value in columns.items():
            facts[name.removesuffix("_fen")] = frozenset(value) if isinstance(value, list) else value
        held = [one for one in self.holdings if one.is_open(DAY)]
        began = None if self.opened_on is None or self.opened_on > DAY else f"{self.opened_on:%m%d}"
        maturities = [one.matures_on for one in held if one.matures_on and one.matures_on >= DAY]
        facts |= {"birthday": _next_year_day(self.birth_mmdd), "anniversary": _next_year_day(began)}
        facts |= {"next_maturity": min(maturities, default=None)}
        return Fixture(
            day=DAY,
            facts=facts,
            events=[event.fixture() for event in self.events],
            holdings=[one.row() for one in held],
            tags={
                code: FixtureTag(*life, values=frozenset({VALUES[code]} if VALUES[code] else ()))
                for code, life in self.tags.items()
            },
        )


def _next_year_day(month_day: str | None) -> date | None:
    """Look day by day for the next one with this month and day; 29 February is the 28th in common years."""
    if month_day is None:
        return None
    for ahead in range(366):
        day = DAY + timedelta(days=ahead)
        if f"{day:%m%d}" == (month_day if month_day != "0229" or isleap(day.year) else "0228"):
            return day
    raise AssertionError(month_day)


def optional(strategy: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.none() | strategy


def _some(values: tuple[str, ...]) -> st.SearchStrategy[list[str]]:
    return st.lists(st.sampled_from(values), max_size=3, unique=True)


LINES = tuple(str(line) for line in Line)[:3]
KINDS = tuple(str(kind) for kind in CustomerKind)[:3]
CLASSES = tuple(str(name) for name in ProductClass)[:2]

VALUES = {"rich": "", "old.ish": "12"}
"""The tags that customers may have, each with the value that it has then."""
TAGS = tuple(VALUES)


def _life(days_of: tuple[date, date | None]) -> tuple[date, date | None]:
    since, until = days_of
    return since, None if until is None else max(since, until)


event_lists = st.lists(
    st.tuples(
        st.integers(0, 2), st.sampled_from(TYPES), optional(amounts), days, optional(texts), optional(texts),
        optional(st.sampled_from(INFLOWS)),
    ),
    max_size=6,
).map(lambda rows: [Event(*row) for row in rows])  # fmt: skip
ahead = st.integers(-40, 40).map(lambda off: DAY + timedelta(days=off))
holdings = st.builds(
    Held,
    product_code=st.sampled_from(tuple(PRODUCTS)),
    line=st.sampled_from(LINES),
    opened_on=optional(days),
    closed_on=optional(ahead),
    matures_on=optional(ahead),
    credit_limit_fen=optional(amounts),
    balances=st.dictionaries(days, st.sampled_from((-50, *AMOUNTS)), max_size=3),
)

facts = st.builds(
    Facts,
    aum_fen=optional(amounts),
    aum_mda_fen=optional(amounts),
    liabilities_fen=optional(amounts),
    age=optional(numbers),
    tenure_days=optional(numbers),
    gender=st.sampled_from("FMU"),
    branch=texts,
    city_code=optional(texts),
    tier=optional(texts),
    products=_some(TEXTS),
    lines=_some(LINES),
    customer_kinds=_some(KINDS),
    assets=st.dictionaries(st.sampled_from(CLASSES), optional(amounts)),
    liabilities=st.dictionaries(st.sampled_from(CLASSES), optional(amounts)),
    points=st.dictionaries(st.sampled_from(("reward", "service")), numbers),
    events=event_lists,
    tags=st.dictionaries(st.sampled_from(TAGS), st.tuples(days, optional(days)).map(_life)),
    holdings=st.lists(holdings, max_size=3),
    birth_mmdd=optional(st.sampled_from(("0101", "0229", "1123", "1124", "1125"))),
    opened_on=optional(days | st.just(date(2024, 2, 29))),
)
