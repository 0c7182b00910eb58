"""Who customers were from a day to a day, and when the facts of a day were composed."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import ARRAY, CheckConstraint, Text
from sqlmodel import Column, Field

from guibin.core.models import BY_CUSTOMER, LOCAL, SQLModel, instant, text_column


class CustomerProfile(SQLModel, table=True):
    """Who a customer was from a day to a day, as far as rules ask (客户画像); the rest of the facts is dated by itself.

    Written by each refresh of the facts, and only where something changed: what a night judged by and what is
    remembered of it are one row. Before a customer's first row nothing of this is known.
    """

    __tablename__ = "customer_profile"
    __table_args__ = (
        CheckConstraint("valid_to IS NULL OR valid_to >= valid_from", name="ends_after_it_began"),
        BY_CUSTOMER,
    )

    customer_id: UUID = Field(primary_key=True, foreign_key="customer.id")
    valid_from: date = Field(primary_key=True, description="The first day of business of which it is on record")
    valid_to: date | None = Field(default=None, description="First day of which it is not; NULL while it lasts")
    branch_id: UUID
    manager_branch: str | None = text_column(default=None, description="Code of the primary manager's branch")
    gender: str = text_column()
    city_code: str | None = text_column(default=None)
    birth_year: int | None = None
    birth_mmdd: str | None = text_column(default=None)
    opened_on: date | None = None
    lines: list[str] = Field(default_factory=list, sa_column=Column(ARRAY(Text), nullable=False))


class FactDay(SQLModel, table=True):
    """When the facts of a day of business were composed last: what the ledger took down later was not among them."""

    __tablename__ = "fact_day"
    __table_args__ = (LOCAL,)

    day: date = Field(primary_key=True)
    composed_at: datetime = instant()
