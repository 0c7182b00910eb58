"""Rules that notice speed: so much in so short a time in one account, and what they noticed."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, Index, Text
from sqlmodel import Field

from guibin.core.models import BY_CUSTOMER, REFERENCE, SQLModel, instant, one_of, text_column


class Measure(StrEnum):
    """What is counted in an account: how often it was spent from or earned into, or how many points."""

    REDEMPTIONS = "redemptions"
    EARNINGS = "earnings"
    POINTS_SPENT = "points_spent"
    POINTS_EARNED = "points_earned"


class VelocityAction(StrEnum):
    """What follows: staff are told, or the account is frozen as well until staff open it."""

    FLAG = "flag"
    FREEZE = "freeze"


class VelocityRule(SQLModel, table=True):
    """More than `most` of a measure within `hours` in one account of a wallet is noticed."""

    __tablename__ = "velocity_rule"
    __table_args__ = (
        one_of("measure", Measure),
        one_of("action", VelocityAction),
        CheckConstraint("hours BETWEEN 1 AND 744", name="hours_in_range"),
        CheckConstraint("most >= 0", name="most_not_negative"),
        REFERENCE,
    )

    code: str = Field(sa_type=Text, primary_key=True)
    wallet: str = Field(sa_type=Text, foreign_key="wallet.code")
    measure: str = text_column()
    hours: int
    most: int = Field(sa_type=BigInteger)
    action: str = text_column()
    reason_zh: str = text_column(description="What a customer reads whose account it freezes")
    reason_en: str = text_column()
    active: bool = True
    revision: int = Field(default=1, description="Counts every change; the ETag")


class VelocityHit(SQLModel, table=True):
    """A rule noticed an account; of the same movements it notices it once. `froze`: the account was open before."""

    __tablename__ = "velocity_hit"
    __table_args__ = (
        Index(None, "customer_id", "wallet", "noticed_at"),
        Index(None, "noticed_at", "id"),
        BY_CUSTOMER,
    )

    customer_id: UUID = Field(primary_key=True, foreign_key="customer.id")
    id: UUID = Field(primary_key=True)
    rule_code: str = Field(sa_type=Text, foreign_key="velocity_rule.code")
    wallet: str = text_column()
    observed: int = Field(sa_type=BigInteger)
    froze: bool
    reason_zh: str = text_column()
    reason_en: str = text_column()
    noticed_at: datetime = instant()
