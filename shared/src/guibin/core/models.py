"""The base of all tables: one metadata with a naming convention, and the declaration of a table's distribution.

Every table states in `__table_args__` how it would be distributed over nodes (docs/adr/0001): `distributed(key, with)`,
`REFERENCE` (small, copied everywhere, read often and written rarely) or `LOCAL` (stays on one node).
"""

from enum import StrEnum
from typing import Any

from sqlalchemy import CheckConstraint, DateTime, LargeBinary, MetaData, Text
from sqlmodel import Field, SQLModel

SQLModel.metadata.naming_convention = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}

metadata: MetaData = SQLModel.metadata

REFERENCE: dict[str, Any] = {"info": {"distribution": "reference"}}
LOCAL: dict[str, Any] = {"info": {"distribution": "local"}}


def distributed(key: str, colocated_with: str | None = None) -> dict[str, Any]:
    """Declare a table distributed by a column, colocated with another table's shards where one is named."""
    return {"info": {"distribution": (key, colocated_with) if colocated_with else (key,)}}


BY_CUSTOMER = distributed("customer_id", "customer")


def one_of(column: str, values: type[StrEnum]) -> CheckConstraint:
    """Hold a text column to the values of an enumeration (enums are text with a CHECK in this schema)."""
    listed = ", ".join(f"'{value}'" for value in values)
    return CheckConstraint(f"{column} IN ({listed})", name=f"{column}_known")


def text_column(**options: Any) -> Any:
    """A text column without a length: lengths are held by input models and CHECKs."""
    return Field(sa_type=Text, **options)


def instant(**options: Any) -> Any:
    """A timestamptz column."""
    return Field(sa_type=DateTime(timezone=True), **options)


def cipher(**options: Any) -> Any:
    """A column of ciphertext or of a keyed hash."""
    return Field(sa_type=LargeBinary, **options)


__all__ = [
    "BY_CUSTOMER",
    "LOCAL",
    "REFERENCE",
    "SQLModel",
    "cipher",
    "distributed",
    "instant",
    "metadata",
    "one_of",
    "text_column",
]
