"""From where profiles come: the customer, the lines that know the customer, and what the domains above add."""

from datetime import date
from typing import Any, Final, Protocol

from sqlalchemy import ARRAY, Select, Text, func, or_, select, true
from sqlalchemy.dialects.postgresql import aggregate_order_by

from guibin.core.models import metadata
from guibin.customers.models import Customer, SourceRecord

_CUSTOMER: Final = metadata.tables[Customer.__tablename__]
_RECORD: Final = metadata.tables[SourceRecord.__tablename__]


class ProfileSource(Protocol):
    """Fills some columns of `customer_profile`; a customer for whom it has no row gets nothing in them."""

    @property
    def name(self) -> str:
        """What the source is called in the lineage of facts."""

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns of `customer_profile` that it fills; no two sources fill the same."""

    def select(self, day: date, *, among: Select[Any] | None = None) -> Select[Any]:
        """Select customer_id and the columns as they are now, at most one row a customer; `day` is the day that ends.

        `among` selects the customers that are looked at; without it they are all.
        """


class MasterData:
    """What the fusion of all lines says of the customer."""

    name: Final = "customer"
    columns: Final = ("branch_id", "gender", "city_code", "birth_year", "birth_mmdd", "opened_on")

    def select(self, _day: date, *, among: Select[Any] | None = None) -> Select[Any]:
        """Select one row for each customer."""
        return select(_CUSTOMER.c.id.label("customer_id"), *(_CUSTOMER.c[name] for name in self.columns)).where(
            true() if among is None else _CUSTOMER.c.id.in_(among)
        )


class KnownLines:
    """The lines that know the customer: those with a source record that has not ended."""

    name: Final = "record"
    columns: Final = ("lines",)

    def select(self, day: date, *, among: Select[Any] | None = None) -> Select[Any]:
        """Select one row for each customer whom a line knows."""
        lines = aggregate_order_by(_RECORD.c.line.distinct(), _RECORD.c.line)
        return (
            select(_RECORD.c.customer_id, func.array_agg(lines, type_=ARRAY(Text)).label("lines"))
            .where(
                or_(_RECORD.c.ended_on.is_(None), _RECORD.c.ended_on > day),
                true() if among is None else _RECORD.c.customer_id.in_(among),
            )
            .group_by(_RECORD.c.customer_id)
        )


PROFILE_SOURCES: list[ProfileSource] = [MasterData(), KnownLines()]
"""`guibin.wiring` adds the source of a domain above: managers."""


def register(source: ProfileSource) -> None:
    """Put a source into the list; the same again changes nothing."""
    if source not in PROFILE_SOURCES:
        PROFILE_SOURCES.append(source)
