"""Tags, their rules by version, who has them, and the one table that rules are compiled against."""

from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Final
from uuid import UUID

from sqlalchemy import ARRAY, BigInteger, CheckConstraint, Index, Numeric, Text, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Column, Field

from guibin.core.models import BY_CUSTOMER, REFERENCE, SQLModel, instant, one_of, text_column


class TagKind(StrEnum):
    """What gives a tag: a person, a definition that the night runs, or something outside."""

    MANUAL = "manual"
    RULE = "rule"
    VALUES = "values"
    LIFE_CYCLE = "life_cycle"
    AGGREGATE = "aggregate"
    ARITHMETIC = "arithmetic"
    PREFERENCE = "preference"
    RFM = "rfm"
    SCORE = "score"
    MODEL = "model"
    IMPORTED = "imported"
    SEGMENT = "segment"


COMPUTED: Final = frozenset(TagKind) - {TagKind.MANUAL, TagKind.MODEL, TagKind.IMPORTED}
"""The kinds that the nightly run gives."""


class TagAxis(StrEnum):
    """The five axes of tagging, and service for what stands outside them."""

    ASSET_STRUCTURE = "asset_structure"
    SOURCE = "source"
    LIABILITIES = "liabilities"
    PRODUCTS_HELD = "products_held"
    TRANSACTIONS = "transactions"
    SERVICE = "service"


class TagState(StrEnum):
    """The life of a tag."""

    DRAFT = "draft"
    PENDING = "pending"
    PUBLISHED = "published"
    SUSPENDED = "suspended"
    RETIRED = "retired"


class Sensitivity(StrEnum):
    """Who may see a tag: anybody who sees the customer, who may read tags, or who may see sensitive ones too.

    Sensitive are health, faith, minors, account data: such a tag also asks for a consent of its own.
    """

    PUBLIC = "public"
    INTERNAL = "internal"
    SENSITIVE = "sensitive"


class UpdatePolicy(StrEnum):
    """When a tag with a definition is given anew: every night, when somebody lets it run, or whenever it may change."""

    DAILY = "daily"
    MANUAL = "manual"
    REAL_TIME = "real_time"


class TagSource(StrEnum):
    """Why a customer has a tag."""

    MANUAL = "manual"
    RULE = "rule"
    IMPORT = "import"


class TagCategory(SQLModel, table=True):
    """A shelf of the catalogue: the axes are the roots, below each stand the kinds of customers, then a bank's own."""

    __tablename__ = "tag_category"
    __table_args__ = (one_of("axis", TagAxis), REFERENCE)

    code: str = Field(sa_type=Text, primary_key=True)
    parent_code: str | None = Field(default=None, sa_type=Text, foreign_key="tag_category.code")
    axis: str = text_column()
    name_zh: str = text_column()
    name_en: str = text_column()


class Tag(SQLModel, table=True):
    """A tag (标签); its code is never used again."""

    __tablename__ = "tag"
    __table_args__ = (
        one_of("kind", TagKind),
        one_of("axis", TagAxis),
        one_of("state", TagState),
        one_of("sensitivity", Sensitivity),
        one_of("update_policy", UpdatePolicy),
        CheckConstraint("value_days > 0", name="value_days_positive"),
        CheckConstraint("NOT (publishes_events AND sensitivity = 'sensitive')", name="sensitive_tells_nobody"),
        REFERENCE,
    )

    code: str = Field(sa_type=Text, primary_key=True)
    kind: str = text_column()
    axis: str = text_column()
    state: str = text_column()
    name_zh: str = text_column()
    name_en: str = text_column()
    description: str | None = text_column(default=None)
    category_code: str | None = Field(
        default=None, sa_type=Text, foreign_key="tag_category.code", description="NULL: directly under its axis"
    )
    sensitivity: str = text_column(default=Sensitivity.INTERNAL, sa_column_kwargs={"server_default": "internal"})
    owner_id: UUID | None = Field(default=None, description="The staff member who answers for the definition")
    review_on: date | None = Field(default=None, description="When the definition is to be looked at again")
    value_days: int | None = Field(
        default=None, description="How many days what is set by hand or imported lasts after its last confirmation"
    )
    update_policy: str = text_column(default=UpdatePolicy.DAILY, sa_column_kwargs={"server_default": "daily"})
    publishes_events: bool = Field(
        default=False,
        sa_column_kwargs={"server_default": "false"},
        description="Whether others are told who comes to have it and who has it no more; never of a sensitive one",
    )
    suspended_on: date | None = None
    retires_on: date | None = Field(default=None, description="When the night retires a tag that it has suspended")
    live_since: date | None = Field(default=None, description="When it was last published or taken up again")
    published_version: int | None = None
    draft_rule: dict[str, object] | None = Field(
        default=None, sa_column=Column(JSONB), description="The definition as its kind says it"
    )
    revision: int = Field(default=1, description="Counts edits; the ETag of the tag")
    created_at: datetime = instant()


class TagVersion(SQLModel, table=True):
    """An immutable published rule."""

    __tablename__ = "tag_version"
    __table_args__ = (REFERENCE,)

    tag_code: str = Field(sa_type=Text, primary_key=True, foreign_key="tag.code")
    version: int = Field(primary_key=True)
    rule: dict[str, object] = Field(sa_column=Column(JSONB, nullable=False))
    published_at: datetime = instant()
    maker_id: UUID | None = None
    approver_id: UUID | None = None


class CustomerTag(SQLModel, table=True):
    """A customer has a tag, or one value of it, from one source, from a day to a day: it can be read as of any day."""

    __tablename__ = "customer_tag"
    __table_args__ = (
        one_of("source", TagSource),
        Index(None, "tag_code", "customer_id", postgresql_where=text("until IS NULL")),
        Index(None, "expires_on", postgresql_where=text("until IS NULL AND expires_on IS NOT NULL")),
        BY_CUSTOMER,
    )

    customer_id: UUID = Field(primary_key=True, foreign_key="customer.id")
    tag_code: str = Field(sa_type=Text, primary_key=True, foreign_key="tag.code")
    source: str = Field(sa_type=Text, primary_key=True)
    value: str = Field(
        default="",
        primary_key=True,
        sa_type=Text,
        sa_column_kwargs={"server_default": ""},
        description="Empty for a tag that one has or has not; a customer can have several values of a preference",
    )
    since: date = Field(primary_key=True)
    until: date | None = Field(default=None, description="First day without it; NULL while it lasts")
    version: int | None = Field(default=None, description="The rule version that gave it")
    set_by: UUID | None = None
    reason: str | None = text_column(default=None)
    confirmed_on: date | None = Field(default=None, description="Of what is set by hand or imported")
    expires_on: date | None = Field(default=None, description="First day without it, unless it is confirmed again")
    probability: Decimal | None = Field(
        default=None, sa_type=Numeric(6, 5), description="How sure the model is that gave it"
    )
    import_id: UUID | None = Field(default=None, description="The import that gave it or confirmed it last")


class ScoreModifier(SQLModel, table=True):
    """Points that staff added to a customer's score, or took from it, from a day to a day (评分调整)."""

    __tablename__ = "score_modifier"
    __table_args__ = (
        CheckConstraint("points <> 0 AND points BETWEEN -1000000 AND 1000000", name="points_known"),
        CheckConstraint("until IS NULL OR until >= since", name="ends_after_it_began"),
        BY_CUSTOMER,
    )

    customer_id: UUID = Field(primary_key=True, foreign_key="customer.id")
    tag_code: str = Field(sa_type=Text, primary_key=True, foreign_key="tag.code")
    since: date = Field(primary_key=True)
    until: date | None = Field(default=None, description="First day without it; NULL while it lasts")
    points: int
    set_by: UUID
    set_at: datetime = instant()
    reason: str = text_column()


class CustomerFact(SQLModel, table=True):
    """One row of facts for each customer, refreshed by the nightly run from the sources of facts.

    NULL is unknown, never zero. Money is fen.
    """

    __tablename__ = "customer_fact"
    __table_args__ = (Index(None, "tier"), Index(None, "branch_id"), Index(None, "changed_in"), BY_CUSTOMER)

    customer_id: UUID = Field(primary_key=True, foreign_key="customer.id")
    as_of: date
    changed_in: int = Field(
        default=0,
        sa_column=Column(BigInteger, nullable=False, server_default="0"),
        description="Number of the refresh that last changed it, but for what the calendar changes",
    )
    branch_id: UUID
    branch: str = text_column(description="Code of the branch")
    manager_branch: str | None = text_column(default=None, description="Code of the primary manager's branch")
    gender: str = text_column()
    city_code: str | None = text_column(default=None)
    age: int | None = None
    tenure_days: int | None = None
    aum_fen: int | None = Field(default=None, sa_type=BigInteger)
    aum_mda_fen: int | None = Field(default=None, sa_type=BigInteger, description="Of the last complete month")
    aum_mda_month: date | None = Field(default=None, description="First day of that month")
    aum_quarter_daily_fen: int | None = Field(default=None, sa_type=BigInteger, description="Of the last full quarter")
    aum_three_months_fen: int | None = Field(default=None, sa_type=BigInteger, description="Of the last 3 full months")
    aum_best_of_three_fen: int | None = Field(default=None, sa_type=BigInteger, description="The best of those months")
    aum_six_months_fen: int | None = Field(default=None, sa_type=BigInteger, description="Of the last 6 full months")
    aum_year_daily_fen: int | None = Field(default=None, sa_type=BigInteger, description="Of the year until the day")
    spike_percent: int | None = Field(default=None, description="The month's last 3 days against its average")
    liabilities_fen: int | None = Field(default=None, sa_type=BigInteger)
    assets: dict[str, int | None] = Field(default_factory=dict, sa_column=Column(JSONB, nullable=False))
    liabilities: dict[str, int | None] = Field(default_factory=dict, sa_column=Column(JSONB, nullable=False))
    products: list[str] = Field(default_factory=list, sa_column=Column(ARRAY(Text), nullable=False))
    lines: list[str] = Field(default_factory=list, sa_column=Column(ARRAY(Text), nullable=False))
    stale_lines: list[str] = Field(default_factory=list, sa_column=Column(ARRAY(Text), nullable=False))
    customer_kinds: list[str] = Field(default_factory=list, sa_column=Column(ARRAY(Text), nullable=False))
    tier: str | None = text_column(default=None)
    household_aum_fen: int | None = Field(
        default=None, sa_type=BigInteger, description="Of all households together; NULL without one too"
    )
    household_size: int | None = None
    household_role: str | None = text_column(default=None)
    points: dict[str, int] = Field(default_factory=dict, sa_column=Column(JSONB, nullable=False))
