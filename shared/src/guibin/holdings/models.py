"""What customers hold, its balances, and what happened on it."""

from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKeyConstraint, Index, Numeric, Text
from sqlmodel import Field

from guibin.core.lines import Line
from guibin.core.models import BY_CUSTOMER, REFERENCE, SQLModel, cipher, distributed, instant, one_of, text_column
from guibin.products.models import Side


class HoldingStatus(StrEnum):
    """Open or ended."""

    ACTIVE = "active"
    CLOSED = "closed"


class EventType(StrEnum):
    """Kinds of business events."""

    CARD_SPEND = "card_spend"
    PAYMENT = "payment"
    TRANSFER_IN = "transfer_in"
    TRANSFER_OUT = "transfer_out"
    DEPOSIT = "deposit"
    WITHDRAWAL = "withdrawal"
    SALARY = "salary"
    PENSION = "pension"
    LOAN_DRAWDOWN = "loan_drawdown"
    LOAN_REPAYMENT = "loan_repayment"
    FUND_PURCHASE = "fund_purchase"
    FUND_REDEMPTION = "fund_redemption"
    INSURANCE_PREMIUM = "insurance_premium"
    LOGIN = "login"
    REFERRAL = "referral"
    OTHER = "other"
    BIRTHDAY = "birthday"
    ANNIVERSARY = "anniversary"
    CODE = "code"
    TAG_ENTERED = "tag_entered"


OWN_EVENTS = frozenset({EventType.BIRTHDAY, EventType.ANNIVERSARY, EventType.CODE, EventType.TAG_ENTERED})
"""What no line sends: the bank's own nights, codes that customers type, and tags that they come to have."""

OWN_LINE = Line.PERSONAL_FINANCE
"""In whose name they stand."""


class InflowClass(StrEnum):
    """Where money that comes in comes from."""

    PAYROLL = "payroll"
    PENSION = "pension"
    COLLECTION_PAYMENT = "collection_payment"
    MERCHANT_ACQUIRING = "merchant_acquiring"
    OWN_TRANSFER = "own_transfer"
    MATURITY_ROLLOVER = "maturity_rollover"
    LOAN_DRAWDOWN = "loan_drawdown"
    OTHER = "other"


class EventState(StrEnum):
    """Whether an event has been looked at by the earning rules, or was undone as a whole: then it counts nowhere."""

    PENDING = "pending"
    EARNED = "earned"
    NOTHING = "nothing"
    RETURNED = "returned"


class Holding(SQLModel, table=True):
    """A product that a customer has in a line (持有产品)."""

    __tablename__ = "holding"
    __table_args__ = (
        one_of("line", Line),
        one_of("side", Side),
        one_of("status", HoldingStatus),
        Index(None, "customer_id", "holding_ref", unique=True),
        Index(None, "line", "holding_ref"),
        BY_CUSTOMER,
    )

    customer_id: UUID = Field(primary_key=True, foreign_key="customer.id")
    id: UUID = Field(primary_key=True)
    line: str = text_column()
    holding_ref: bytes = cipher(description="Keyed hash of line and holding id; the number itself is not kept")
    last4: str = text_column(description="What people recognise it by")
    record_ref: bytes = cipher(description="The source record that holds it")
    product_code: str = Field(sa_type=Text, foreign_key="product.code")
    side: str = text_column()
    opened_on: date | None = None
    closed_on: date | None = None
    matures_on: date | None = None
    credit_limit_fen: int | None = Field(default=None, sa_type=BigInteger)
    rate: float | None = Field(default=None, sa_type=Numeric(9, 6), description="Per year, 0.035 is 3.5 per cent")
    status: str = text_column()
    as_of: date
    feed_file_id: UUID


class HoldingParty(SQLModel, table=True):
    """A customer who may operate or shares another's holding; it counts for its owner alone."""

    __tablename__ = "holding_party"
    __table_args__ = (BY_CUSTOMER,)

    customer_id: UUID = Field(primary_key=True, foreign_key="customer.id")
    holding_id: UUID = Field(primary_key=True)
    owner_id: UUID = Field(description="The customer for whom the holding counts")
    as_of: date
    named_by: bytes | None = cipher(
        default=None, description="As whom the line named a customer into whom others were merged; NULL for others"
    )


class HoldingBalance(SQLModel, table=True):
    """A balance at the end of a day; a row when it changes and at month ends."""

    __tablename__ = "holding_balance"
    __table_args__ = (
        ForeignKeyConstraint(["customer_id", "holding_id"], ["holding.customer_id", "holding.id"]),
        BY_CUSTOMER,
    )

    customer_id: UUID = Field(primary_key=True)
    holding_id: UUID = Field(primary_key=True)
    day: date = Field(primary_key=True)
    balance_fen: int = Field(sa_type=BigInteger)


class LineDay(SQLModel, table=True):
    """All that a line owes for a day is in, its balances at least: it is fresh. No row: it is stale, or missing."""

    __tablename__ = "line_day"
    __table_args__ = (one_of("line", Line), REFERENCE)

    line: str = Field(sa_type=Text, primary_key=True)
    day: date = Field(primary_key=True)
    arrived_at: datetime = instant()


class BusinessEvent(SQLModel, table=True):
    """One reference of one line is one event and credits at most once, whoever the customer is."""

    __tablename__ = "business_event"
    __table_args__ = (
        one_of("line", Line),
        one_of("state", EventState),
        Index(None, "state", "customer_id"),
        Index(None, "received_at"),
        distributed("reference"),
    )

    reference: str = Field(sa_type=Text, primary_key=True)
    line: str = Field(sa_type=Text, primary_key=True)
    customer_id: UUID
    fingerprint: bytes = cipher(description="SHA-256 of the event's content: the same again changes nothing")
    state: str = text_column()
    received_at: datetime = instant()
    returned_fen: int | None = Field(
        default=None, sa_type=BigInteger, description="What of its amount was told to be returned by parts"
    )


class CustomerEvent(SQLModel, table=True):
    """The same event on its customer's shard, as facts and earning rules read it."""

    __tablename__ = "customer_event"
    __table_args__ = (
        one_of("event_type", EventType),
        CheckConstraint("amount_fen IS NULL OR amount_fen >= 0", name="amount_not_negative"),
        Index(None, "customer_id", "occurred_at"),
        Index(None, "occurred_on"),
        BY_CUSTOMER,
    )

    customer_id: UUID = Field(primary_key=True, foreign_key="customer.id")
    reference: str = Field(sa_type=Text, primary_key=True)
    line: str = Field(sa_type=Text, primary_key=True)
    event_type: str = text_column()
    occurred_at: datetime = instant()
    occurred_on: date
    amount_fen: int | None = Field(default=None, sa_type=BigInteger)
    merchant_category: str | None = text_column(default=None)
    channel: str | None = text_column(default=None)
    inflow_class: str | None = text_column(default=None)
    named_by: bytes | None = cipher(
        default=None, description="As whom the line named a customer into whom others were merged; NULL for others"
    )
