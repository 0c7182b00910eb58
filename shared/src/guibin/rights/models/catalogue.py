"""The catalogue of rights with their prices and quotas."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, Text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Column, Field

from guibin.core.models import REFERENCE, SQLModel, cipher, instant, one_of, text_column


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
    """How a right reaches the customer.

    By a code of a pool; handed out or carried out by the bank's people; or ordered at a supplier, who tops up an
    account (`top_up`), answers with a code of its own (`order`) or sends a parcel.
    """

    CODE = "code"
    HAND_OUT = "hand_out"
    INSTRUCTION = "instruction"
    TOP_UP = "top_up"
    ORDER = "order"
    PARCEL = "parcel"


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
    """Over which limits and quotas count, in calendar days of Asia/Shanghai; `tier` since the tier began."""

    DAY = "day"
    MONTH = "month"
    YEAR = "year"
    TIER = "tier"
    LIFETIME = "lifetime"


class TaxKind(StrEnum):
    """How what is given counts for the customer's income tax."""

    NONE = "none"
    GIFT = "gift"
    PRIZE = "prize"
    DISCOUNT = "discount"


class RightsItem(SQLModel, table=True):
    """A right (权益). `right` is a reserved word of SQL, hence the table's name.

    `prices` is an ordered list of `{"tier": code | null, "points": n}`, the first match wins; `quotas` a list of
    `{"tier": code, "period": period, "times": n}`. With the minimum tier, the limit, the time of sale and `offer` (all
    that not every right has: see `guibin.rights.terms`) they are the terms, which change only through an approval, as
    one. The code, the wallet, the kind of stock and of fulfilment, and what its codes are worth never change: what
    hangs on them (locks, stock, codes) could not follow.
    """

    __tablename__ = "rights_item"
    __table_args__ = (
        one_of("category", Category),
        one_of("fulfilment", Fulfilment),
        one_of("stock_mode", StockMode),
        one_of("state", RightState),
        one_of("limit_period", Period),
        one_of("tax_kind", TaxKind),
        CheckConstraint("value_fen IS NULL OR (value_fen > 0 AND stock_mode = 'codes')", name="value_of_codes"),
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
    offer: dict[str, object] = Field(default_factory=dict, sa_column=Column(JSONB, nullable=False))
    draft_terms: dict[str, object] | None = Field(
        default=None, sa_column=Column(JSONB(none_as_null=True), comment="Terms that are not in force yet")
    )
    limit_times: int | None = Field(default=None, description="Most units that one customer takes in limit_period")
    limit_period: str | None = text_column(default=None)
    on_sale_from: datetime | None = instant(default=None)
    on_sale_to: datetime | None = instant(default=None)
    brand: str | None = text_column(default=None)
    labels: list[str] = Field(default_factory=list, sa_column=Column(JSONB, nullable=False))
    featured: bool = False
    place: int = Field(default=0, description="Where it stands among others, the lowest first")
    tax_kind: str = text_column(default=TaxKind.NONE)
    revision: int = Field(default=1, description="Counts every change; the ETag")
    data_key: bytes | None = cipher(default=None, description="Wrapped; made when the first codes come in")
    value_fen: int | None = Field(default=None, sa_type=BigInteger, description="Of each code: a value voucher")
    code_pattern: dict[str, object] | None = Field(
        default=None, sa_column=Column(JSONB(none_as_null=True), comment="Of the codes of our own that were made last")
    )
    created_at: datetime = instant()
