"""Where each fact stands in the rows that have it."""

from typing import Any, Final

from sqlalchemy import BigInteger, ColumnElement, FromClause, case, cast, func, literal

from guibin.core.models import metadata
from guibin.holdings.models import CustomerEvent
from guibin.tags.models import CustomerFact
from guibin.tags.vocabulary import Fact, FactType, customer_fact

FACTS: Final = metadata.tables[CustomerFact.__tablename__]
EVENTS: Final = metadata.tables[CustomerEvent.__tablename__]

Column = ColumnElement[Any]

_COLUMNS: Final = {
    "event.type": "event_type",
    "event.date": "occurred_on",
    "holding.class": "product_class",
    "holding.product": "product_code",
}
"""Names of columns that are not those of the facts; amounts have `_fen` behind theirs."""

_MAPS: Final = {"asset": "assets", "liability": "liabilities", "points": "points"}
"""Columns that hold an amount by class or by wallet."""


def column_of_fact(fact: Fact, rows: FromClause) -> Column:
    """Return the column of a fact; a class or a wallet of which the customer has nothing counts 0."""
    kind, _, key = fact.name.partition(".")
    if kind == "bucket":
        return _bucket(key, rows)
    if not key or kind not in _MAPS:
        return rows.c[_stored_as(fact)]
    amounts: Any = rows.c[_MAPS[kind]]
    return case((amounts.has_key(key), cast(amounts[key].astext, BigInteger)), else_=literal(0))


def column_name_of(name: str) -> str | None:
    """Return the column of `customer_fact` in which a fact of customers stands; None for what stands in none."""
    fact, family = customer_fact(name), name.partition(".")[0]
    return None if fact is None else _MAPS.get(family) or _stored_as(fact)


def _stored_as(fact: Fact) -> str:
    kind, _, key = fact.name.partition(".")
    money = "_fen" if fact.type is FactType.MONEY else ""
    return _COLUMNS.get(fact.name, f"{key or kind}{money}")


def _bucket(seed: str, rows: FromClause) -> Column:
    """Put a customer into one of a hundred buckets by a hash of seed and id: even, and the same on every server."""
    digest = func.sha256(func.convert_to(func.concat(literal(f"{seed}:"), rows.c.customer_id), literal("UTF8")))
    number = (
        cast(func.get_byte(digest, 0), BigInteger) * 65536 + func.get_byte(digest, 1) * 256 + func.get_byte(digest, 2)
    )
    return cast(func.mod(number, 100), BigInteger)
