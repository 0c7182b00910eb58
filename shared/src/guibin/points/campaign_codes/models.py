"""Codes of campaigns that customers typed, and what they brought."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, Index, Text, text
from sqlmodel import Field

from guibin.core.models import BY_CUSTOMER, SQLModel, instant, one_of, text_column


class CodeState(StrEnum):
    """`accepted`: the rules look at it within a minute; then it has `earned`, or brought `nothing`."""

    ACCEPTED = "accepted"
    EARNED = "earned"
    NOTHING = "nothing"


class CodeEntry(SQLModel, table=True):
    """A code that a customer typed: each customer once."""

    __tablename__ = "code_entry"
    __table_args__ = (
        one_of("state", CodeState),
        CheckConstraint("(state = 'earned') = (points > 0)", name="points_when_earned"),
        Index(None, "customer_id", "code", postgresql_where=text("state = 'accepted'")),
        BY_CUSTOMER,
    )

    customer_id: UUID = Field(primary_key=True, foreign_key="customer.id")
    code: str = Field(sa_type=Text, primary_key=True)
    state: str = text_column()
    points: int = Field(default=0, sa_type=BigInteger, description="Over all wallets")
    entered_at: datetime = instant()
