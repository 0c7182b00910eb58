"""The catalogue of rights, their prices and quotas, stock and codes, and redemptions."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKeyConstraint, Index, Text, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Column, Field

from guibin.core.models import BY_CUSTOMER, REFERENCE, SQLModel, cipher, distributed, instant, one_of, text_column


class Category(StrEnum):
    """What a right serves."""

    SHOPPING = "shopping"
    HEALTH = "health"
    MEDICAL = "medical"
    EDUCATION = "education"
    SOCIAL = "social"
    TRAVEL = "travel"
    FINANCE = "finance"


class Fulfilment(StrEnum):
    """How a right reaches the customer."""

    CODE = "code"
    HAND_OUT = "hand_out"
    INSTRUCTION = "instruction"


class StockMode(StrEnum):
    """What bounds the number of redemptions; with codes the pool is the stock."""

    UNLIMITED = "unlimited"
    COUNTED = "counted"
    CODES = "codes"


class RightState(StrEnum):
    """The life of a right in the catalogue."""

    DRAFT = "draft"
    PENDING = "pending"
    PUBLISHED = "published"
    SUSPENDED = "suspended"


class Period(StrEnum):
    """Over which limits and quotas count, in calendar days of Asia/Shanghai."""

    DAY = "day"
    MONTH = "month"
    YEAR = "year"
    LIFETIME = "lifetime"


class RedemptionState(StrEnum):
    """The life of a redemption."""

    CONFIRMED = "confirmed"
    IN_FULFILMENT = "in_fulfilment"
    FULFILLED = "fulfilled"
    CANCELLED = "cancelled"
    REFUNDED = "refunded"
    FAILED = "failed"


class RightsItem(SQLModel, table=True):
    """A right (权益). `right` is a reserved word of SQL, hence the table's name.

    `prices` is an ordered list of `{"tier": code | null, "points": n}`, the first match wins; `quotas` a list of
    `{"tier": code, "period": period, "times": n}`. With the minimum tier, the limit and the time of sale they are the
    terms, which change only through an approval, as one. The code, the wallet, the kind of stock and of fulfilment
    never change: what else hangs on them (locks, stock, codes) could not follow.
    """

    __tablename__ = "rights_item"
    __table_args__ = (
        one_of("category", Category),
        one_of("fulfilment", Fulfilment),
        one_of("stock_mode", StockMode),
        one_of("state", RightState),
        one_of("limit_period", Period),
        REFERENCE,
    )

    id: UUID = Field(primary_key=True)
    code: str = Field(sa_type=Text, unique=True)
    category: str = text_column()
    fulfilment: str = text_column()
    stock_mode: str = text_column()
    state: str = text_column()
    wallet: str = Field(sa_type=Text, foreign_key="wallet.code")
    name_zh: str = text_column()
    name_en: str = text_column()
    description_zh: str = text_column()
    description_en: str = text_column()
    minimum_tier: str | None = Field(default=None, sa_type=Text, foreign_key="tier.code")
    prices: list[dict[str, object]] = Field(default_factory=list, sa_column=Column(JSONB, nullable=False))
    quotas: list[dict[str, object]] = Field(default_factory=list, sa_column=Column(JSONB, nullable=False))
    draft_terms: dict[str, object] | None = Field(
        default=None, sa_column=Column(JSONB(none_as_null=True), comment="Terms that are not in force yet")
    )
    limit_times: int | None = Field(default=None, description="Most units that one customer takes in limit_period")
    limit_period: str | None = text_column(default=None)
    on_sale_from: datetime | None = instant(default=None)
    on_sale_to: datetime | None = instant(default=None)
    revision: int = Field(default=1, description="Counts every change; the ETag")
    data_key: bytes | None = cipher(default=None, description="Wrapped; made when the first codes come in")
    created_at: datetime = instant()


class RightsStock(SQLModel, table=True):
    """The counted stock of a right: initial = free + sold."""

    __tablename__ = "rights_stock"
    __table_args__ = (
        CheckConstraint("free >= 0", name="free_not_negative"),
        CheckConstraint("initial = free + sold", name="adds_up"),
        distributed("right_id"),
    )

    right_id: UUID = Field(primary_key=True)
    initial: int = Field(sa_type=BigInteger, description="All units ever added")
    free: int = Field(sa_type=BigInteger)
    sold: int = Field(default=0, sa_type=BigInteger)


class VoucherCode(SQLModel, table=True):
    """A code of a pool, kept encrypted and by keyed hash (券码)."""

    __tablename__ = "voucher_code"
    __table_args__ = (
        Index(None, "right_id", "code_hash", unique=True),
        Index(None, "code_hash"),
        Index(None, "right_id", "id", postgresql_where=text("taken_at IS NULL")),
        Index(None, "right_id", "redemption_id"),
        CheckConstraint("(taken_at IS NULL) = (redemption_id IS NULL)", name="taken_by_a_redemption"),
        CheckConstraint("used_at IS NULL OR taken_at IS NOT NULL", name="used_after_taken"),
        distributed("right_id", "rights_stock"),
    )

    right_id: UUID = Field(primary_key=True)
    id: UUID = Field(primary_key=True)
    code_hash: bytes = cipher(description="Of the normal form, by which a code is found at its use")
    code_enc: bytes = cipher(description="As it came in, under the right's data key")
    redemption_id: UUID | None = None
    customer_id: UUID | None = None
    taken_at: datetime | None = instant(default=None)
    used_at: datetime | None = instant(default=None)
    used_by: UUID | None = Field(default=None, description="The member of staff or service that used it")
    used_at_branch: UUID | None = None


class Redemption(SQLModel, table=True):
    """One taking of a right (兑换单)."""

    __tablename__ = "redemption"
    __table_args__ = (
        one_of("state", RedemptionState),
        CheckConstraint("quantity BETWEEN 1 AND 100", name="quantity_in_range"),
        CheckConstraint("quota_used BETWEEN 0 AND quantity", name="quota_within_quantity"),
        CheckConstraint("points_charged >= 0", name="points_not_negative"),
        ForeignKeyConstraint(["customer_id", "entry_id"], ["points_entry.customer_id", "points_entry.id"]),
        Index(None, "customer_id", "right_id", "created_at"),
        Index(None, "customer_id", "created_at", "id"),
        BY_CUSTOMER,
    )

    customer_id: UUID = Field(primary_key=True, foreign_key="customer.id")
    id: UUID = Field(primary_key=True)
    right_id: UUID = Field(foreign_key="rights_item.id")
    right_revision: int = Field(description="Of the prices and quotas that decided")
    quantity: int
    quota_used: int
    points_charged: int = Field(sa_type=BigInteger)
    wallet: str = Field(sa_type=Text, foreign_key="wallet.code")
    entry_id: UUID | None = None
    state: str = text_column()
    fulfilment: str = text_column()
    created_at: datetime = instant()
    actor_id: UUID


class RedemptionStep(SQLModel, table=True):
    """A dated, actor-stamped step of a redemption's life. Insert only."""

    __tablename__ = "redemption_step"
    __table_args__ = (
        ForeignKeyConstraint(["customer_id", "redemption_id"], ["redemption.customer_id", "redemption.id"]),
        one_of("state", RedemptionState),
        BY_CUSTOMER,
    )

    customer_id: UUID = Field(primary_key=True)
    redemption_id: UUID = Field(primary_key=True)
    state: str = Field(sa_type=Text, primary_key=True)
    at: datetime = instant()
    actor_id: UUID
