"""What runs of the rules did: once for the run, once for each tag in it."""

from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import BigInteger, Index, Text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Column, Field

from guibin.core.models import BY_CUSTOMER, LOCAL, REFERENCE, SQLModel, instant, one_of, text_column


class TagRunKind(StrEnum):
    """Whom a run looks at: everybody, or those about whom something changed since the run before."""

    FULL = "full"
    INCREMENTAL = "incremental"


class TagRun(SQLModel, table=True):
    """A run of all rules in force (标签计算), written in the transaction of its effect."""

    __tablename__ = "tag_run"
    __table_args__ = (one_of("kind", TagRunKind), Index(None, "started_at"), LOCAL)

    id: UUID = Field(primary_key=True)
    kind: str = text_column()
    business_date: date
    started_at: datetime = instant()
    finished_at: datetime = instant()
    facts_seen: int = Field(sa_type=BigInteger, description="The latest change of facts that it knew")
    customers: int = Field(description="How many there were")
    read: int = Field(description="How many of them it looked at")
    schema_version: str | None = text_column(default=None, description="Of the software that ran")


class TagRunResult(SQLModel, table=True):
    """What a run made of one tag."""

    __tablename__ = "tag_run_result"
    __table_args__ = (Index(None, "run_id"), LOCAL)

    tag_code: str = Field(sa_type=Text, primary_key=True, foreign_key="tag.code")
    run_id: UUID = Field(primary_key=True, foreign_key="tag_run.id")
    version: int
    members: int = Field(description="Memberships by its rule after the run")
    added: int
    ended: int
    by_value: dict[str, int] = Field(
        default_factory=dict, sa_column=Column(JSONB, nullable=False), description="Memberships by value"
    )
    error: str | None = text_column(default=None, description="SQLSTATE, if the rule could not be computed")


class HeldRule(SQLModel, table=True):
    """A rule of which runs record since when it holds for whom: `held` in the rules of tags (持续条件)."""

    __tablename__ = "held_rule"
    __table_args__ = (REFERENCE,)

    key: str = Field(sa_type=Text, primary_key=True, description="Hash of the rule")
    first_day: date = Field(description="The first day that was looked at: who has held it since then may have longer")
    recorded_for: date = Field(description="The last day that was looked at")


class HeldSince(SQLModel, table=True):
    """A rule has held for a customer on every day from a day to a day."""

    __tablename__ = "held_since"
    __table_args__ = (Index(None, "key", "customer_id"), BY_CUSTOMER)

    customer_id: UUID = Field(primary_key=True, foreign_key="customer.id")
    key: str = Field(sa_type=Text, primary_key=True)
    since: date = Field(primary_key=True)
    until: date | None = Field(default=None, description="First day on which it does not hold; NULL while it does")


class TagCompletion(SQLModel, table=True):
    """How many customers of rank a branch has, and how many are tagged on each axis and on all five (标签完整度)."""

    __tablename__ = "tag_completion"
    __table_args__ = (LOCAL,)

    business_date: date = Field(primary_key=True)
    branch_id: UUID = Field(primary_key=True, foreign_key="branch.id")
    customers: int = Field(description="Customers with a tier")
    complete: int = Field(description="Those of them who are tagged on all five axes")
    asset_structure: int
    source: int
    liabilities: int
    products_held: int
    transactions: int
