"""Where each fact stands in the database."""

from typing import Any, Final

from sqlalchemy import BigInteger, ColumnElement, case, cast, func, literal

from guibin.core.models import metadata
from guibin.holdings.figures import AVERAGES
from guibin.holdings.models import CustomerEvent
from guibin.tags.models import CustomerFact
from guibin.tags.vocabulary import Fact

FACTS: Final = metadata.tables[CustomerFact.__tablename__]
EVENTS: Final = metadata.tables[CustomerEvent.__tablename__]

Column = ColumnElement[Any]

_COLUMNS: Final[dict[str, Column]] = {
    "aum": FACTS.c.aum_fen,
    **{name.removesuffix("_fen"): FACTS.c[name] for name in AVERAGES.values()},
    "spike_percent": FACTS.c.spike_percent,
    "liabilities": FACTS.c.liabilities_fen,
    "products": FACTS.c.products,
    "lines": FACTS.c.lines,
    "customer_kinds": FACTS.c.customer_kinds,
    "age": FACTS.c.age,
    "gender": FACTS.c.gender,
    "city_code": FACTS.c.city_code,
    "branch": FACTS.c.branch,
    "tenure_days": FACTS.c.tenure_days,
    "tier": FACTS.c.tier,
    "household_aum": FACTS.c.household_aum_fen,
    "household_size": FACTS.c.household_size,
    "household_role": FACTS.c.household_role,
    "event.type": EVENTS.c.event_type,
    "event.amount": EVENTS.c.amount_fen,
    "event.merchant_category": EVENTS.c.merchant_category,
    "event.channel": EVENTS.c.channel,
    "event.inflow_class": EVENTS.c.inflow_class,
    "event.date": EVENTS.c.occurred_on,
}
_MAPS: Final[dict[str, Column]] = {
    "asset": FACTS.c.assets,
    "liability": FACTS.c.liabilities,
    "points": FACTS.c.points,
}


def column_of_fact(fact: Fact) -> Column:
    """Return the column of a fact; a class or a wallet of which the customer has nothing counts 0."""
    found = _COLUMNS.get(fact.name)
    if found is not None:
        return found
    kind, _, key = fact.name.partition(".")
    if kind == "bucket":
        return _bucket(key)
    amounts: Any = _MAPS[kind]
    return case((amounts.has_key(key), cast(amounts[key].astext, BigInteger)), else_=literal(0))


def _bucket(seed: str) -> Column:
    """Put a customer into one of a hundred buckets by a hash of seed and id: even, and the same on every server."""
    digest = func.sha256(func.convert_to(func.concat(literal(f"{seed}:"), FACTS.c.customer_id), literal("UTF8")))
    number = (
        cast(func.get_byte(digest, 0), BigInteger) * 65536 + func.get_byte(digest, 1) * 256 + func.get_byte(digest, 2)
    )
    return cast(func.mod(number, 100), BigInteger)
