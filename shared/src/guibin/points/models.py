"""The points ledger: accounts, append-only entries, lots. Only the SQL functions `points_...` write these tables."""

from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKeyConstraint, Index, Text, text
from sqlmodel import Field

from guibin.core.models import BY_CUSTOMER, REFERENCE, SQLModel, instant, one_of, text_column
from guibin.holdings.models import EventType


class EntryKind(StrEnum):
    """The closed list of movements."""

    EARN = "earn"
    REDEEM = "redeem"
    EXPIRE = "expire"
    ADJUST_CREDIT = "adjust_credit"
    ADJUST_DEBIT = "adjust_debit"


class SourceKind(StrEnum):
    """What caused an entry; with the id of that kind of object it makes the entry unique in its account."""

    EVENT = "event"
    REDEMPTION = "redemption"
    APPROVAL = "approval"
    RUN = "run"


class AccountState(StrEnum):
    """Whether an account may move."""

    OPEN = "open"
    FROZEN = "frozen"
    CLOSED = "closed"


class EarningKind(StrEnum):
    """How a rule turns an event into points."""

    FIXED = "fixed"
    PROPORTIONAL = "proportional"


class Wallet(SQLModel, table=True):
    """A kind of points (积分类别)."""

    __tablename__ = "wallet"
    __table_args__ = (REFERENCE,)

    code: str = Field(sa_type=Text, primary_key=True)
    name_zh: str = text_column()
    name_en: str = text_column()
    unit_zh: str = text_column()
    unit_en: str = text_column()
    cost_fen: int = Field(description="What a point costs the bank")
    expiry_years: int | None = Field(
        default=None, description="Expires on 31 December this many years later; NULL never"
    )
    active: bool = True


class EarningRule(SQLModel, table=True):
    """Which business event earns what."""

    __tablename__ = "earning_rule"
    __table_args__ = (
        one_of("event_type", EventType),
        one_of("kind", EarningKind),
        CheckConstraint(
            "(kind = 'fixed' AND points > 0) OR (kind = 'proportional' AND points > 0 AND per_fen > 0)",
            name="complete",
        ),
        REFERENCE,
    )

    id: UUID = Field(primary_key=True)
    code: str = Field(sa_type=Text, unique=True)
    name_zh: str = text_column()
    name_en: str = text_column()
    event_type: str = text_column()
    wallet: str = Field(sa_type=Text, foreign_key="wallet.code")
    kind: str = text_column()
    points: int
    per_fen: int | None = Field(
        default=None, sa_type=BigInteger, description="Points for each full amount of this size"
    )
    max_points: int | None = Field(default=None, description="Most that one event can earn")
    active: bool = True


class LedgerGrant(SQLModel, table=True):
    """Which database role may post which kind of entry."""

    __tablename__ = "ledger_grant"
    __table_args__ = (one_of("kind", EntryKind), REFERENCE)

    role: str = Field(sa_type=Text, primary_key=True)
    kind: str = Field(sa_type=Text, primary_key=True)


class PointsAccount(SQLModel, table=True):
    """A customer's wallet: the balance is provably the sum of the entries."""

    __tablename__ = "points_account"
    __table_args__ = (
        one_of("state", AccountState),
        CheckConstraint("balance >= 0", name="balance_not_negative"),
        CheckConstraint("held BETWEEN 0 AND balance", name="held_within_balance"),
        CheckConstraint("debt >= 0", name="debt_not_negative"),
        BY_CUSTOMER,
    )

    customer_id: UUID = Field(primary_key=True, foreign_key="customer.id")
    wallet: str = Field(sa_type=Text, primary_key=True, foreign_key="wallet.code")
    balance: int = Field(default=0, sa_type=BigInteger)
    held: int = Field(default=0, sa_type=BigInteger)
    debt: int = Field(default=0, sa_type=BigInteger)
    version: int = Field(default=0, sa_type=BigInteger, description="Number of entries, the highest seq")
    state: str = text_column(default=AccountState.OPEN)
    opened_at: datetime = instant()


class PointsEntry(SQLModel, table=True):
    """A movement (积分流水). Insert only."""

    __tablename__ = "points_entry"
    __table_args__ = (
        one_of("kind", EntryKind),
        one_of("source_kind", SourceKind),
        CheckConstraint(
            "(kind = 'earn' AND contra = 'issuance' AND points >= 0 AND debt_change <= 0 AND points > debt_change)"
            " OR (kind = 'redeem' AND contra = 'redemption' AND points < 0 AND debt_change = 0)"
            " OR (kind = 'expire' AND contra = 'expiry' AND points < 0 AND debt_change = 0)"
            " OR (kind = 'adjust_credit' AND contra = 'adjustment' AND points >= 0 AND debt_change <= 0"
            " AND points > debt_change)"
            " OR (kind = 'adjust_debit' AND contra = 'adjustment' AND points < 0 AND debt_change >= 0)",
            name="kind_fits",
        ),
        CheckConstraint("abs(points - debt_change) <= 1000000000000", name="points_in_range"),
        ForeignKeyConstraint(["customer_id", "wallet"], ["points_account.customer_id", "points_account.wallet"]),
        Index(None, "customer_id", "wallet", "seq", unique=True),
        Index(None, "customer_id", "wallet", "kind", "source_kind", "source_id", unique=True),
        BY_CUSTOMER,
    )

    customer_id: UUID = Field(primary_key=True)
    id: UUID = Field(primary_key=True)
    wallet: str = text_column()
    seq: int = Field(sa_type=BigInteger)
    kind: str = text_column()
    points: int = Field(sa_type=BigInteger, description="Signed change of the balance")
    debt_change: int = Field(default=0, sa_type=BigInteger, description="Negative: the part of a credit that paid debt")
    contra: str = text_column()
    balance_after: int = Field(sa_type=BigInteger)
    reason_zh: str = text_column()
    reason_en: str = text_column()
    source_kind: str = text_column()
    source_id: str = text_column()
    actor_id: UUID
    posted_at: datetime = instant()
    posted_on: date = Field(description="Day of business of the posting")


class PointsLot(SQLModel, table=True):
    """A credit with its own expiry that debits draw on (批次)."""

    __tablename__ = "points_lot"
    __table_args__ = (
        CheckConstraint("original > 0", name="original_positive"),
        CheckConstraint("remaining BETWEEN 0 AND original", name="remaining_within_original"),
        ForeignKeyConstraint(["customer_id", "entry_id"], ["points_entry.customer_id", "points_entry.id"]),
        Index(None, "customer_id", "wallet", "expires_on", postgresql_where=text("remaining > 0")),
        Index(None, "expires_on", postgresql_where=text("remaining > 0")),
        BY_CUSTOMER,
    )

    customer_id: UUID = Field(primary_key=True)
    id: UUID = Field(primary_key=True)
    wallet: str = text_column()
    entry_id: UUID
    original: int = Field(sa_type=BigInteger)
    remaining: int = Field(sa_type=BigInteger)
    earned_at: datetime = instant()
    expires_on: date | None = Field(default=None, description="Last day on which it can be spent; NULL never expires")


class PointsLotUse(SQLModel, table=True):
    """From which lots a debit drew."""

    __tablename__ = "points_lot_use"
    __table_args__ = (
        CheckConstraint("points > 0", name="points_positive"),
        ForeignKeyConstraint(["customer_id", "entry_id"], ["points_entry.customer_id", "points_entry.id"]),
        ForeignKeyConstraint(["customer_id", "lot_id"], ["points_lot.customer_id", "points_lot.id"]),
        BY_CUSTOMER,
    )

    customer_id: UUID = Field(primary_key=True)
    entry_id: UUID = Field(primary_key=True)
    lot_id: UUID = Field(primary_key=True)
    points: int = Field(sa_type=BigInteger)
