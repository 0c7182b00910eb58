"""What reports of points freeze: totals of closed days, account codes, and what each reconciliation found.

A closed day is written once, by the night, and never again: an accounting file is the same whenever it is fetched.
No row here is a customer's; a fault names the row that it is about by its id.
"""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKeyConstraint, Text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Column, Field

from guibin.core.models import LOCAL, SQLModel, instant, text_column


class PointsDay(SQLModel, table=True):
    """A closed day of the ledger, with the control totals of its entries. Insert only."""

    __tablename__ = "points_day"
    __table_args__ = (LOCAL,)

    day: date = Field(primary_key=True)
    entries: int = Field(sa_type=BigInteger)
    points: int = Field(sa_type=BigInteger, description="Change of all balances")
    pending: int = Field(sa_type=BigInteger, description="Change of all pending points")
    debt: int = Field(sa_type=BigInteger, description="Change of all debts")
    fingerprint: str = text_column(description="Sum of the hashes of its entries, the lots they made and their uses")
    code_revision: int = Field(description="The account codes in force at the closing")
    closed_at: datetime = instant()


class PointsDayTotal(SQLModel, table=True):
    """What a closed day moved in the lots, by wallet, funding line, branch and kind of entry. Insert only."""

    __tablename__ = "points_day_total"
    __table_args__ = (
        ForeignKeyConstraint(["day"], ["points_day.day"]),
        LOCAL,
    )

    day: date = Field(primary_key=True)
    wallet: str = Field(sa_type=Text, primary_key=True)
    funding_line: str = Field(sa_type=Text, primary_key=True, description="Empty where the wallet names none")
    branch_code: str = Field(sa_type=Text, primary_key=True, description="The customers' branch at the closing")
    kind: str = Field(sa_type=Text, primary_key=True)
    points: int = Field(sa_type=BigInteger, description="Signed change of what is outstanding")
    cost_fen: int = Field(sa_type=BigInteger, description="The same at the lots' cost at issue")


class PointsAccountCode(SQLModel, table=True):
    """One revision of the account codes: `codes` is a list of `{wallet, movement, debit, credit}`. Insert only."""

    __tablename__ = "points_account_code"
    __table_args__ = (LOCAL,)

    revision: int = Field(primary_key=True)
    codes: list[dict[str, str]] = Field(sa_column=Column(JSONB, nullable=False))
    changed_at: datetime = instant()
    changed_by: UUID


class PointsReconciliation(SQLModel, table=True):
    """A run of the reconciliation: another attempt of a day is written where its outcome differs. Insert only."""

    __tablename__ = "points_reconciliation"
    __table_args__ = (CheckConstraint("faults >= 0", name="faults_not_negative"), LOCAL)

    day: date = Field(primary_key=True)
    attempt: int = Field(primary_key=True)
    checked_at: datetime = instant()
    accounts: int = Field(sa_type=BigInteger)
    entries: int = Field(sa_type=BigInteger)
    lots: int = Field(sa_type=BigInteger)
    events: int = Field(sa_type=BigInteger)
    faults: int


class PointsReconciliationFault(SQLModel, table=True):
    """One row that breaks a promise of the ledger. Insert only."""

    __tablename__ = "points_reconciliation_fault"
    __table_args__ = (
        ForeignKeyConstraint(["day", "attempt"], ["points_reconciliation.day", "points_reconciliation.attempt"]),
        LOCAL,
    )

    day: date = Field(primary_key=True)
    attempt: int = Field(primary_key=True)
    place: int = Field(primary_key=True)
    invariant: str = text_column()
    meaning: str = text_column()
    key: str = text_column()
