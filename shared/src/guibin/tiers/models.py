"""Tiers, the schemes that give them, and each customer's history."""

from datetime import date, datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, Column, Index, Text, UniqueConstraint, func, text
from sqlalchemy.dialects.postgresql import JSONB, ExcludeConstraint
from sqlmodel import Field

from guibin.approvals.definitions.models import Version
from guibin.core.models import BY_CUSTOMER, REFERENCE, SQLModel, instant, one_of, text_column


class SchemeState(StrEnum):
    """The life of a tier scheme."""

    DRAFT = "draft"
    PENDING = "pending"
    SCHEDULED = "scheduled"
    ACTIVE = "active"
    REPLACED = "replaced"


class TierCause(StrEnum):
    """Why a tier began."""

    FIRST = "first"
    UP = "up"
    DOWN = "down"
    PROLONGED = "prolonged"
    OVERRIDE = "override"
    OVERRIDE_ENDED = "override_ended"
    MERGED = "merged"
    PARTED = "parted"


class Verdict(StrEnum):
    """What the last evaluation made of a customer's tier by figures."""

    FIRST = "first"
    UP = "up"
    KEPT = "kept"
    PROLONGED = "prolonged"
    WATCHED = "watched"
    DOWN = "down"


class OverrideMode(StrEnum):
    """What an override does: `hold` lets nobody fall below its tier, `lock` gives exactly its tier."""

    HOLD = "hold"
    LOCK = "lock"


class OverrideReason(StrEnum):
    """Why a tier was given by hand."""

    RETENTION = "retention"
    FAMILY = "family"
    COMPLAINT = "complaint"
    ASSETS_IN_TRANSIT = "assets_in_transit"
    OTHER = "other"


class Tier(SQLModel, table=True):
    """A service level (层级)."""

    __tablename__ = "tier"
    __table_args__ = (UniqueConstraint("rank"), REFERENCE)

    code: str = Field(sa_type=Text, primary_key=True)
    rank: int
    name_zh: str = text_column()
    name_en: str = text_column()
    managed: bool = Field(description="Whether its customers have a named manager")


class TierScheme(Version, table=True):
    """Which month-daily average gives which tier, and which growth points do where the average is lower."""

    __tablename__ = "tier_scheme"
    __table_args__ = (
        one_of("state", SchemeState),
        Index(None, "state", unique=True, postgresql_where=text("state = 'active'")),
        REFERENCE,
    )

    name: str = text_column()
    activated_at: datetime | None = instant(default=None)
    effective_from: date | None = Field(default=None, description="First day of its tiers; null: once approved")
    effective_to: date | None = Field(default=None, description="First day on which it gives no tier any more")
    terms: dict[str, Any] = Field(
        default_factory=dict,
        sa_column=Column(JSONB, nullable=False, server_default=text("'{}'::jsonb")),
        description="`tiers.terms.Terms`",
    )
    growth_wallet: str | None = Field(
        default=None, sa_type=Text, foreign_key="wallet.code", description="Whose points give tiers beside the average"
    )


class TierSchemeLine(SQLModel, table=True):
    """The lower bound of a tier in a scheme, and what the tier is called once the scheme is in force."""

    __tablename__ = "tier_scheme_line"
    __table_args__ = (
        CheckConstraint("growth_points > 0", name="growth_points_positive"),
        CheckConstraint("(name_zh IS NULL) = (name_en IS NULL)", name="named_in_both"),
        REFERENCE,
    )

    scheme_id: UUID = Field(primary_key=True, foreign_key="tier_scheme.id")
    tier_code: str = Field(sa_type=Text, primary_key=True, foreign_key="tier.code")
    lower_bound_fen: int = Field(sa_type=BigInteger)
    growth_points: int | None = Field(
        default=None, sa_type=BigInteger, description="Points of the growth wallet that give the tier as well"
    )
    name_zh: str | None = text_column(default=None, description="What the tier is called from then on; null: as before")
    name_en: str | None = text_column(default=None)


class TierHistory(SQLModel, table=True):
    """A tier begins; the next row is its end. Insert only. No tier is a row with tier_code NULL.

    Of several rows for one day the one recorded last counts: the night was run again on corrected figures.
    """

    __tablename__ = "tier_history"
    __table_args__ = (
        one_of("cause", TierCause),
        Index(None, "customer_id", "effective_on", "recorded_at", unique=True),
        BY_CUSTOMER,
    )

    customer_id: UUID = Field(primary_key=True, foreign_key="customer.id")
    id: UUID = Field(primary_key=True)
    tier_code: str | None = Field(default=None, sa_type=Text, foreign_key="tier.code")
    effective_on: date
    cause: str = text_column()
    metric_fen: int | None = Field(
        default=None, sa_type=BigInteger, description="The month-daily average; unknown only where an override decided"
    )
    metric_month: date | None = Field(default=None)
    growth_points: int | None = Field(
        default=None, sa_type=BigInteger, description="Those of the scheme's growth wallet, where it counts one"
    )
    route: str | None = text_column(default=None, description="The figure that gave the tier")
    below_months: int | None = Field(default=None, description="Of a fall: how many evaluations were below the line")
    scheme_id: UUID = Field(foreign_key="tier_scheme.id")
    override_id: UUID | None = Field(default=None, description="The override that decided, or that has ended")
    recorded_at: datetime = instant()


class TierStanding(SQLModel, table=True):
    """Where a customer stands by figures alone, and by how much: written when a period is evaluated.

    `period` is the day of the figures. The `before` columns are the standing before that period: figures of it that are
    corrected later are evaluated again from there.
    """

    __tablename__ = "tier_standing"
    __table_args__ = (one_of("verdict", Verdict), BY_CUSTOMER)

    customer_id: UUID = Field(primary_key=True, foreign_key="customer.id")
    period: date
    tier_before: str | None = Field(default=None, sa_type=Text, foreign_key="tier.code")
    below_before: int = 0
    valid_before: date | None = None
    tier_code: str | None = Field(default=None, sa_type=Text, foreign_key="tier.code")
    below_months: int = Field(default=0, description="How many evaluations in a row did not reach the tier's line")
    valid_until: date | None = Field(default=None, description="First day on which the tier is not safe any more")
    risen: bool = Field(default=False, description="Lifted within the period by later figures, which counts as met")
    verdict: str = text_column()
    earned: str | None = Field(
        default=None, sa_type=Text, foreign_key="tier.code", description="What the figures of the period alone give"
    )
    route: str | None = text_column(default=None, description="The figure that gives it")
    metric_fen: int | None = Field(default=None, sa_type=BigInteger, description="The scheme's asset metric")
    net_fen: int | None = Field(default=None, sa_type=BigInteger, description="The same of net assets, where asked")
    growth_points: int | None = Field(default=None, sa_type=BigInteger)
    scheme_id: UUID = Field(foreign_key="tier_scheme.id")
    evaluated_on: date = Field(description="The day that the night closed")


class TierOverrideQuota(SQLModel, table=True):
    """How many customers of a branch, and of all below it, may have a tier by hand at a time."""

    __tablename__ = "tier_override_quota"
    __table_args__ = (CheckConstraint("most >= 0", name="not_negative"), REFERENCE)

    branch_id: UUID = Field(primary_key=True, foreign_key="branch.id")
    most: int
    revision: int = 1


class TierOverride(SQLModel, table=True):
    """A tier given by hand for a time; it ends by itself. Only `valid_to` and `end_reason` are ever written again."""

    __tablename__ = "tier_override"
    __table_args__ = (
        one_of("mode", OverrideMode),
        one_of("reason_code", OverrideReason),
        CheckConstraint("valid_to >= valid_from", name="ends_after_it_begins"),
        ExcludeConstraint(
            ("customer_id", "="),
            (func.daterange(text("valid_from"), text("valid_to")), "&&"),
            using="gist",
            name="ex_tier_override_one_at_a_time",
        ),
        BY_CUSTOMER,
    )

    customer_id: UUID = Field(primary_key=True, foreign_key="customer.id")
    id: UUID = Field(primary_key=True)
    tier_code: str = Field(sa_type=Text, foreign_key="tier.code")
    mode: str = text_column()
    reason_code: str = text_column()
    reason: str = text_column()
    valid_from: date
    valid_to: date = Field(description="First day on which it is over")
    end_reason: str | None = text_column(default=None, description="Why it ended before its time")
    approval_id: UUID
    maker_id: UUID
    approver_id: UUID
    created_at: datetime = instant()
