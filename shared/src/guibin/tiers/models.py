"""Tiers, the schemes that give them, and each customer's history."""

from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import BigInteger, Index, Text, UniqueConstraint, text
from sqlmodel import Field

from guibin.core.models import BY_CUSTOMER, REFERENCE, SQLModel, instant, one_of, text_column


class SchemeState(StrEnum):
    """The life of a tier scheme."""

    DRAFT = "draft"
    PENDING = "pending"
    ACTIVE = "active"
    REPLACED = "replaced"


class TierCause(StrEnum):
    """Why a tier began."""

    FIRST = "first"
    UP = "up"
    DOWN = "down"


class Tier(SQLModel, table=True):
    """A service level (层级)."""

    __tablename__ = "tier"
    __table_args__ = (UniqueConstraint("rank"), REFERENCE)

    code: str = Field(sa_type=Text, primary_key=True)
    rank: int
    name_zh: str = text_column()
    name_en: str = text_column()
    managed: bool = Field(description="Whether its customers have a named manager")


class TierScheme(SQLModel, table=True):
    """Which month-daily average gives which tier."""

    __tablename__ = "tier_scheme"
    __table_args__ = (
        one_of("state", SchemeState),
        Index(None, "state", unique=True, postgresql_where=text("state = 'active'")),
        REFERENCE,
    )

    id: UUID = Field(primary_key=True)
    name: str = text_column()
    state: str = text_column()
    revision: int = 1
    created_at: datetime = instant()
    activated_at: datetime | None = instant(default=None)


class TierSchemeLine(SQLModel, table=True):
    """The lower bound of a tier in a scheme."""

    __tablename__ = "tier_scheme_line"
    __table_args__ = (REFERENCE,)

    scheme_id: UUID = Field(primary_key=True, foreign_key="tier_scheme.id")
    tier_code: str = Field(sa_type=Text, primary_key=True, foreign_key="tier.code")
    lower_bound_fen: int = Field(sa_type=BigInteger)


class TierHistory(SQLModel, table=True):
    """A tier begins; the next row is its end. Insert only. No tier is a row with tier_code NULL.

    Of several rows for one day the one recorded last counts: the night was run again on corrected figures.
    """

    __tablename__ = "tier_history"
    __table_args__ = (
        one_of("cause", TierCause),
        Index(None, "customer_id", "effective_on", "recorded_at", unique=True),
        BY_CUSTOMER,
    )

    customer_id: UUID = Field(primary_key=True, foreign_key="customer.id")
    id: UUID = Field(primary_key=True)
    tier_code: str | None = Field(default=None, sa_type=Text, foreign_key="tier.code")
    effective_on: date
    cause: str = text_column()
    metric_fen: int = Field(sa_type=BigInteger, description="The month-daily average that decided")
    metric_month: date
    scheme_id: UUID = Field(foreign_key="tier_scheme.id")
    recorded_at: datetime = instant()
