"""How much a grade may carry, what a tier weighs, and who may carry more for a time."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, Text, func, text
from sqlalchemy.dialects.postgresql import ExcludeConstraint
from sqlmodel import Field

from guibin.core.models import REFERENCE, SQLModel, instant, one_of, text_column
from guibin.managers.models import Grade


class GradeCapacity(SQLModel, table=True):
    """What a manager of a grade may carry where nothing else is said of the manager."""

    __tablename__ = "grade_capacity"
    __table_args__ = (
        one_of("grade", Grade),
        CheckConstraint("soft_customers BETWEEN 0 AND hard_customers", name="customers_in_order"),
        CheckConstraint("soft_minutes BETWEEN 0 AND hard_minutes", name="minutes_in_order"),
        REFERENCE,
    )

    grade: str = Field(sa_type=Text, primary_key=True)
    soft_customers: int
    hard_customers: int
    soft_minutes: int = Field(description="Of a year's contact plan")
    hard_minutes: int
    revision: int = 1


class TierLoad(SQLModel, table=True):
    """What a customer of a tier weighs: the minutes a year that the contact plan asks for."""

    __tablename__ = "tier_load"
    __table_args__ = (CheckConstraint("minutes >= 0", name="not_negative"), REFERENCE)

    tier_code: str = Field(sa_type=Text, primary_key=True, foreign_key="tier.code")
    minutes: int


class CapacityOverride(SQLModel, table=True):
    """A manager may carry more than the hard maximum until a day, because two people said so."""

    __tablename__ = "capacity_override"
    __table_args__ = (
        CheckConstraint("valid_to > valid_from", name="ends_after_it_begins"),
        CheckConstraint("extra_customers >= 0 AND extra_minutes >= 0", name="not_less"),
        ExcludeConstraint(
            ("manager_id", "="),
            (func.daterange(text("valid_from"), text("valid_to")), "&&"),
            using="gist",
            name="ex_capacity_override_one_at_a_time",
        ),
        REFERENCE,
    )

    id: UUID = Field(primary_key=True)
    manager_id: UUID = Field(foreign_key="manager.id")
    extra_customers: int
    extra_minutes: int
    valid_from: date
    valid_to: date = Field(description="First day on which it is over")
    reason: str = text_column()
    approval_id: UUID
    maker_id: UUID
    approver_id: UUID
    created_at: datetime = instant()
