"""Who is credited for customers: splits of a team, the giver's credit for a time, and the figures of closed months."""

from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKeyConstraint, Index
from sqlmodel import Field

from guibin.core.models import BY_CUSTOMER, REFERENCE, SQLModel, instant, one_of, text_column


class CreditSubject(StrEnum):
    """Whose figures a row holds."""

    MANAGER = "manager"
    BRANCH = "branch"


class CreditSplit(SQLModel, table=True):
    """From a day on a team shares the credit for a customer; insert only, a later version takes over on its first day.

    A split holds while the primary manager serves with whom it was made. One without shares gives all of it back.
    """

    __tablename__ = "credit_split"
    __table_args__ = (CheckConstraint("version > 0", name="counts_from_one"), BY_CUSTOMER)

    customer_id: UUID = Field(primary_key=True, foreign_key="customer.id")
    version: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    primary_id: UUID = Field(foreign_key="manager.id", description="The primary manager with whom it was made")
    valid_from: date
    reason: str = text_column()
    decided_by: UUID
    decided_at: datetime = instant()


class CreditShare(SQLModel, table=True):
    """A part of a split; the parts of one split are 100 together."""

    __tablename__ = "credit_share"
    __table_args__ = (
        CheckConstraint("percent BETWEEN 1 AND 100", name="percent_in_range"),
        ForeignKeyConstraint(["customer_id", "version"], ["credit_split.customer_id", "credit_split.version"]),
        BY_CUSTOMER,
    )

    customer_id: UUID = Field(primary_key=True)
    version: int = Field(primary_key=True)
    manager_id: UUID = Field(primary_key=True, foreign_key="manager.id")
    percent: int


class DoubleCredit(SQLModel, table=True):
    """Who handed a customer up is credited in full beside the taker until a day (双算), the branch of then too."""

    __tablename__ = "double_credit"
    __table_args__ = (
        CheckConstraint("valid_to >= valid_from", name="in_order"),
        Index(None, "valid_to"),
        BY_CUSTOMER,
    )

    customer_id: UUID = Field(primary_key=True, foreign_key="customer.id")
    id: UUID = Field(primary_key=True)
    giver_id: UUID = Field(foreign_key="manager.id")
    giver_branch_id: UUID = Field(foreign_key="branch.id")
    valid_from: date
    valid_to: date = Field(description="First day on which it is over")


class CreditMonth(SQLModel, table=True):
    """What a manager, or a branch, is credited for in a month; written anew until the month is closed."""

    __tablename__ = "credit_month"
    __table_args__ = (one_of("subject", CreditSubject), REFERENCE)

    month: date = Field(primary_key=True, description="Its first day")
    subject_id: UUID = Field(primary_key=True, description="The manager, or the branch itself")
    branch_id: UUID = Field(primary_key=True, foreign_key="branch.id")
    subject: str = text_column()
    opening_customers: int = Field(description="Own ones on the first day: the baseline")
    own_customers: int = Field(description="On any day")
    own_fen: int = Field(sa_type=BigInteger)
    double_customers: int
    double_fen: int = Field(sa_type=BigInteger)
    unknown_customers: int = Field(description="Whose average nobody knows; they are counted without money")
    as_of: date = Field(description="The day of business whose night wrote it last")
