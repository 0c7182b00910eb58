"""Earning from assets: rules in dated versions, the months that were awarded, and what each customer was due."""

from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, Index, Text, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Column, Field

from guibin.approvals.definitions.models import Version
from guibin.core.models import BY_CUSTOMER, LOCAL, REFERENCE, SQLModel, instant, one_of, text_column


class AssetRuleState(StrEnum):
    """The life of a version. An active one counts from its first month until a later version's."""

    DRAFT = "draft"
    PENDING = "pending"
    ACTIVE = "active"


class AssetRule(Version, table=True):
    """A version of a rule that gives points for the month-daily average of what a customer owns.

    `weights` names per class of products how many per cent of it count, `tiers` who takes part, NULL everybody. A
    version rounds down: one point per full step, or so many millionths of the average in CNY.
    """

    __tablename__ = "asset_rule"
    __table_args__ = (
        one_of("state", AssetRuleState),
        CheckConstraint("(step_fen IS NULL) <> (rate_ppm IS NULL)", name="step_or_rate"),
        CheckConstraint("step_fen > 0 AND threshold_fen >= 0 AND cap_points > 0", name="amounts_in_range"),
        CheckConstraint("rate_ppm BETWEEN 1 AND 1000000", name="rate_in_range"),
        CheckConstraint(
            "extract(day FROM first_month) = 1 AND extract(day FROM last_month) = 1 AND last_month >= first_month",
            name="months_in_order",
        ),
        CheckConstraint("(state = 'active') = (activated_at IS NOT NULL)", name="active_since"),
        Index(None, "code", "version", unique=True),
        Index(
            "ix_asset_rule_one_open",
            "code",
            unique=True,
            postgresql_where=text("state IN ('draft', 'pending')"),
        ),
        REFERENCE,
    )

    code: str = text_column()
    version: int
    name_zh: str = text_column()
    name_en: str = text_column()
    wallet: str = Field(sa_type=Text, foreign_key="wallet.code")
    owner_branch_id: UUID | None = Field(
        default=None, foreign_key="branch.id", description="For the customers of this branch and those below it"
    )
    weights: dict[str, int] = Field(sa_column=Column(JSONB, nullable=False))
    threshold_fen: int = Field(sa_type=BigInteger, description="Average from which it gives points")
    step_fen: int | None = Field(default=None, sa_type=BigInteger, description="One point for each full step")
    rate_ppm: int | None = Field(default=None, description="Points for a million CNY of average")
    cap_points: int | None = Field(default=None, sa_type=BigInteger, description="Most that a month gives")
    tiers: list[str] | None = Field(default=None, sa_column=Column(JSONB(none_as_null=True)))
    first_month: date
    last_month: date | None = None
    compliance_document: str | None = text_column(default=None, description="Lets deposits count in a goods wallet")
    compliance_id: UUID | None = Field(default=None, description="Who approved for compliance")
    activated_at: datetime | None = instant(default=None)


class AssetMonth(SQLModel, table=True):
    """A month whose points are being given; once sealed, it is corrected by hand only."""

    __tablename__ = "asset_month"
    __table_args__ = (LOCAL,)

    month: date = Field(primary_key=True)
    begun_at: datetime = instant()
    sealed_at: datetime | None = instant(default=None)


class AssetAward(SQLModel, table=True):
    """What a rule gives a customer for a month, and how much of it the ledger was told."""

    __tablename__ = "asset_award"
    __table_args__ = (
        CheckConstraint("points >= 0 AND settled >= 0", name="points_not_negative"),
        Index(None, "wallet", "customer_id", postgresql_where=text("points <> settled")),
        BY_CUSTOMER,
    )

    customer_id: UUID = Field(primary_key=True, foreign_key="customer.id")
    rule_code: str = Field(sa_type=Text, primary_key=True)
    month: date = Field(primary_key=True)
    rule_id: UUID = Field(foreign_key="asset_rule.id")
    wallet: str = text_column()
    average_fen: int = Field(sa_type=BigInteger, description="Weighted month-daily average")
    points: int = Field(sa_type=BigInteger, description="What the average gives")
    settled: int = Field(sa_type=BigInteger, description="What was posted, or refused for good")
    entry_id: UUID | None = Field(default=None, description="The first entry; a claw-back refers to it")
    awarded_at: datetime = instant()
    corrected_at: datetime | None = instant(default=None)
