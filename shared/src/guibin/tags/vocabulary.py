"""The words of the rule language: facts with their types, operators and which of them fit which type."""

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from guibin.core.lines import Line
from guibin.customers.models import Gender
from guibin.holdings.models import EventType, InflowClass
from guibin.holdings.rules import Metric
from guibin.products.models import ProductClass, Side
from guibin.relations.models import HouseholdRole
from guibin.tags.festivals import Festival


class FactType(StrEnum):
    """Money is fen; a set without members counts as missing; a flag is never missing; a decimal is a tag's number."""

    MONEY = "money"
    INTEGER = "integer"
    TEXT = "text"
    SET = "set"
    DATE = "date"
    FLAG = "flag"
    DECIMAL = "decimal"


class Operator(StrEnum):
    """Everything that a condition can ask; there is no pattern, no distance and no SQL.

    `HOLDS` is never written: it is what a condition asks that says yes or no by itself.
    """

    EQUAL = "="
    NOT_EQUAL = "!="
    BELOW = "<"
    AT_MOST = "<="
    ABOVE = ">"
    AT_LEAST = ">="
    BETWEEN = "between"
    IN = "in"
    NOT_IN = "not_in"
    CONTAINS = "contains"
    STARTS = "starts"
    ENDS = "ends"
    EXISTS = "exists"
    MISSING = "missing"
    HAS_ANY = "has_any"
    HAS_ALL = "has_all"
    HAS_NONE = "has_none"
    WITHIN_DAYS = "within_days"
    IN_PERIOD = "in_period"
    HOLDS = "holds"


class AggregateFunction(StrEnum):
    """What can be made of the events of a window."""

    SUM = "sum"
    AVG = "avg"
    MIN = "min"
    MAX = "max"
    COUNT = "count"
    DISTINCT = "distinct"
    LAST = "last"
    FIRST = "first"


class Circle(StrEnum):
    """Whom a rule can ask about beside the customer: the others of the households, and both ends of each link."""

    HOUSEHOLD = "household"
    OWNER_OF = "owner_of"
    HAS_OWNER = "has_owner"
    LEGAL_REPRESENTATIVE_OF = "legal_representative_of"
    HAS_LEGAL_REPRESENTATIVE = "has_legal_representative"
    FINANCE_HEAD_OF = "finance_head_of"
    HAS_FINANCE_HEAD = "has_finance_head"
    EMPLOYEE_OF = "employee_of"
    HAS_EMPLOYEE = "has_employee"
    GUARANTOR_OF = "guarantor_of"
    HAS_GUARANTOR = "has_guarantor"


class Quantifier(StrEnum):
    """For how many of a circle something holds: for one at least, or for every one of one or more."""

    ANY = "any"
    ALL = "all"


class CustomerKind(StrEnum):
    """The five kinds of customers; one customer can be of several."""

    CREDIT = "credit"
    CORPORATE = "corporate"
    PERSONAL = "personal"
    SOCIAL_SECURITY = "social_security"
    COLLECTION_PAYMENT = "collection_payment"


TRUE_WHEN_MISSING: Final = frozenset({Operator.MISSING, Operator.NOT_EQUAL, Operator.NOT_IN, Operator.HAS_NONE})
"""A missing value on either side makes these true and everything else false (catalogue row TAG-30)."""

COMPARISONS: Final = frozenset(
    {Operator.EQUAL, Operator.NOT_EQUAL, Operator.BELOW, Operator.AT_MOST, Operator.ABOVE, Operator.AT_LEAST}
)
TEXT_SEARCHES: Final = frozenset({Operator.CONTAINS, Operator.STARTS, Operator.ENDS})
FACT_AGAINST_FACT: Final = COMPARISONS | TEXT_SEARCHES
"""Operators whose value may be another fact of the same type."""

_ALWAYS: Final = frozenset({Operator.EXISTS, Operator.MISSING})
_LISTS: Final = frozenset({Operator.IN, Operator.NOT_IN})
_ORDERED: Final = COMPARISONS | _LISTS | _ALWAYS | {Operator.BETWEEN}

OPERATORS: Final[dict[FactType, frozenset[Operator]]] = {
    FactType.MONEY: _ORDERED,
    FactType.INTEGER: _ORDERED,
    FactType.DECIMAL: _ORDERED,
    FactType.DATE: _ORDERED | {Operator.WITHIN_DAYS, Operator.IN_PERIOD},
    FactType.TEXT: _LISTS | _ALWAYS | TEXT_SEARCHES | {Operator.EQUAL, Operator.NOT_EQUAL},
    FactType.SET: _ALWAYS | {Operator.HAS_ANY, Operator.HAS_ALL, Operator.HAS_NONE},
    FactType.FLAG: frozenset({Operator.HOLDS}),
}


@dataclass(frozen=True, slots=True)
class Fact:
    """A fact by name and type; `values` is the closed list of what it can be, where there is one."""

    name: str
    type: FactType
    values: frozenset[str] | None = None

    @property
    def operators(self) -> frozenset[Operator]:
        """What a condition can ask of it."""
        return OPERATORS[self.type]


def _by_name(*facts: Fact) -> dict[str, Fact]:
    return {fact.name: fact for fact in facts}


YEARLY_FACTS: Final = {
    "birthday": FactType.DATE,
    "days_to_birthday": FactType.INTEGER,
    "anniversary": FactType.DATE,
    "days_to_anniversary": FactType.INTEGER,
}
"""Days that come again every year: the next one, and how far it is."""

MATURITY_FACTS: Final = {"next_maturity": FactType.DATE, "days_to_maturity": FactType.INTEGER}
"""The next day on which something that is held matures."""

FESTIVAL_FACTS: Final = {f"holiday.{name}": FactType.DATE for name in Festival}
"""The next day of each festival of the lunar calendar: the same for everybody."""

_DERIVED: Final = YEARLY_FACTS | MATURITY_FACTS | FESTIVAL_FACTS

_CUSTOMER_FACTS: Final = _by_name(
    Fact("aum", FactType.MONEY),
    Fact("aum_mda", FactType.MONEY),
    *(Fact(f"aum_{metric}", FactType.MONEY) for metric in Metric if metric not in (Metric.DAY, Metric.MONTH_DAILY)),
    Fact("spike_percent", FactType.INTEGER),
    Fact("liabilities", FactType.MONEY),
    *(Fact(f"{side}.{name}", FactType.MONEY) for side in ("asset", "liability") for name in ProductClass),
    Fact("products", FactType.SET),
    Fact("lines", FactType.SET, frozenset(Line)),
    Fact("stale_lines", FactType.SET, frozenset(Line)),
    Fact("customer_kinds", FactType.SET, frozenset(CustomerKind)),
    Fact("age", FactType.INTEGER),
    Fact("gender", FactType.TEXT, frozenset(Gender)),
    Fact("city_code", FactType.TEXT),
    Fact("branch", FactType.TEXT),
    Fact("manager_branch", FactType.TEXT),
    Fact("tenure_days", FactType.INTEGER),
    Fact("tier", FactType.TEXT),
    Fact("household_aum", FactType.MONEY),
    Fact("household_size", FactType.INTEGER),
    Fact("household_role", FactType.TEXT, frozenset(HouseholdRole)),
    *(Fact(name, fact_type) for name, fact_type in _DERIVED.items()),
)
_EVENT_FACTS: Final = _by_name(
    Fact("event.type", FactType.TEXT, frozenset(EventType)),
    Fact("event.amount", FactType.MONEY),
    Fact("event.merchant_category", FactType.TEXT),
    Fact("event.channel", FactType.TEXT),
    Fact("event.inflow_class", FactType.TEXT, frozenset(InflowClass)),
    Fact("event.date", FactType.DATE),
)
_HOLDING_FACTS: Final = _by_name(
    Fact("holding.class", FactType.TEXT, frozenset(ProductClass)),
    Fact("holding.product", FactType.TEXT),
    Fact("holding.line", FactType.TEXT, frozenset(Line)),
    Fact("holding.side", FactType.TEXT, frozenset(Side)),
    Fact("holding.balance", FactType.MONEY),
    Fact("holding.credit_limit", FactType.MONEY),
    Fact("holding.opened_on", FactType.DATE),
    Fact("holding.matures_on", FactType.DATE),
)
_POINTS: Final = re.compile(r"points\.[a-z][a-z0-9_]{0,39}")
_BUCKET: Final = re.compile(r"bucket\.[a-z0-9][a-z0-9_]{0,39}")

AGGREGABLE: Final[dict[AggregateFunction, frozenset[FactType]]] = {
    AggregateFunction.SUM: frozenset({FactType.MONEY}),
    AggregateFunction.AVG: frozenset({FactType.MONEY}),
    AggregateFunction.MIN: frozenset({FactType.MONEY, FactType.DATE}),
    AggregateFunction.MAX: frozenset({FactType.MONEY, FactType.DATE}),
    AggregateFunction.COUNT: frozenset(FactType),
    AggregateFunction.DISTINCT: frozenset(FactType),
    AggregateFunction.LAST: frozenset(FactType),
    AggregateFunction.FIRST: frozenset(FactType),
}
"""Which types of facts a function takes."""

COUNTS: Final = frozenset({AggregateFunction.COUNT, AggregateFunction.DISTINCT})
ZERO_OVER_NOTHING: Final = COUNTS | {AggregateFunction.SUM}
"""Over nothing these are 0; the other functions are missing."""


def customer_fact(name: str) -> Fact | None:
    """Find a fact of customers; `points.<wallet>` is one for every wallet.

    `bucket.<seed>` is one for every seed: a number from 0 to 99 that chance gave the customer, always the same one.
    """
    if _POINTS.fullmatch(name) or _BUCKET.fullmatch(name):
        return Fact(name, FactType.INTEGER)
    return _CUSTOMER_FACTS.get(name)


def fact_named(name: str) -> Fact | None:
    """Find a fact of whatever family: of customers, of single events, of single holdings."""
    return customer_fact(name) or event_fact(name) or holding_fact(name)


_OF_PROFILE: Final = frozenset(
    {"branch", "manager_branch", "gender", "city_code", "age", "tenure_days", "lines", "customer_kinds"}
) | frozenset(YEARLY_FACTS)


def is_of_profile(name: str) -> bool:
    """Tell whether a fact rests on who the customer was, which is unknown before the first day on record."""
    return name in _OF_PROFILE


def dated_fact(name: str) -> Fact | None:
    """Find a fact of customers that is known for past days too, so that a rule can hold today against then."""
    return None if name.startswith("bucket.") else stored_fact(name)


def stored_fact(name: str) -> Fact | None:
    """Find a fact of customers that is kept with them, for those who read no more than that."""
    return None if name in _DERIVED else customer_fact(name)


def related_fact(name: str) -> Fact | None:
    """Find a fact that a rule may ask of customers who are related: what is stored with them."""
    return stored_fact(name)


def event_fact(name: str) -> Fact | None:
    """Find a fact of single events, which only the `where` and the aggregates of event facts can name."""
    return _EVENT_FACTS.get(name)


def holding_fact(name: str) -> Fact | None:
    """Find a fact of single holdings, which only the `where` and the aggregates of holdings can name."""
    return _HOLDING_FACTS.get(name)
