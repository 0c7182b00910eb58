"""What the bank port says and takes of tiers and their schemes."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Annotated
from uuid import UUID

from pydantic import Field

from guibin.core.ids import ApprovalId, CustomerId, SchemeId, StaffId
from guibin.core.money import Cny
from guibin.core.text import Code, OneLine
from guibin.points.rules import MAX_POINTS
from guibin.tiers.models import (
    OverrideMode,
    OverrideReason,
    SchemeState,
    Tier,
    TierCause,
    TierHistory,
    TierOverride,
    TierScheme,
)
from guibin.tiers.repository import CurrentTier
from guibin.tiers.rules import Growth, Line, Name
from guibin.tiers.service import SchemeContent, growth_of, names_of
from guibin.tiers.terms import Terms
from guibin.web import Day, OutModel, StrictModel

from .outlook_schemas import TierOutlookOut
from .terms_schemas import MOST_TIERS, SchemeTermsIn, SchemeTermsOut

BOUNDS = {
    "T0": "50000.00",
    "T1": "200000.00",
    "T2": "1000000.00",
    "T3": "2000000.00",
    "T4": "6000000.00",
    "T5": "10000000.00",
}


class TierOut(OutModel):
    """A service level."""

    code: str = Field(examples=["T2"])
    rank: int = Field(description="Rising with the assets", examples=[2])
    name_zh: str = Field(examples=["白金客户"])
    name_en: str = Field(examples=["Platinum"])
    managed: bool = Field(description="Whether its customers have a manager of their own")
    lower_bound: Cny | None = Field(description="Month-daily average from which the scheme in force gives it")

    @classmethod
    def of(cls, tier: Tier, bounds_fen: Mapping[str, int]) -> "TierOut":
        """Describe a tier with its line in the scheme in force."""
        return cls.model_validate({**tier.model_dump(), "lower_bound": bounds_fen.get(tier.code)})


class TiersOut(OutModel):
    """All tiers, lowest first."""

    items: list[TierOut]


class GrowthIn(StrictModel):
    """Points of growth that give tiers, whatever the average."""

    wallet: Code = Field(examples=["growth"])
    points: dict[Code, Annotated[int, Field(ge=1, le=MAX_POINTS)]] = Field(
        min_length=1,
        max_length=MOST_TIERS,
        json_schema_extra={"additionalProperties": False},
        description="From how many points each tier is given, rising with its rank; tiers may be left out",
        examples=[{"T1": 2000, "T2": 8000}],
    )

    def wanted(self) -> Growth:
        """Say what is asked for."""
        return Growth(self.wallet, self.points)


class GrowthOut(OutModel):
    """Points of growth that give tiers, whatever the average."""

    wallet: str = Field(examples=["growth"])
    points: dict[str, int] = Field(description="From how many each tier is given", examples=[{"T1": 2000, "T2": 8000}])


class TierNameIn(StrictModel):
    """What a tier is called."""

    zh: Annotated[str, OneLine(20)] = Field(examples=["白金客户"])
    en: Annotated[str, OneLine(40)] = Field(examples=["Platinum"])


class TierNameOut(OutModel):
    """What a tier is called."""

    zh: str = Field(examples=["白金客户"])
    en: str = Field(examples=["Platinum"])


class TierSchemeIn(StrictModel):
    """A scheme as its maker writes it."""

    name: Annotated[str, OneLine(60)] = Field(examples=["2027 方案"])
    lower_bounds: dict[Code, Cny] = Field(
        max_length=MOST_TIERS,
        json_schema_extra={"additionalProperties": False},
        description="Metric in CNY from which each tier is given: every tier once, rising with its rank",
        examples=[BOUNDS],
    )
    names: dict[Code, TierNameIn] = Field(
        default_factory=dict,
        max_length=MOST_TIERS,
        json_schema_extra={"additionalProperties": False},
        description="Tiers that shall be called otherwise once the scheme is in force; no two alike",
        examples=[{"T2": {"zh": "白金客户", "en": "Platinum"}}],
    )
    growth: GrowthIn | None = Field(default=None, description="Null: no points give tiers")
    terms: SchemeTermsIn = SchemeTermsIn()
    effective_from: Day | None = Field(default=None, description="First day of its tiers; null: once approved")
    effective_to: Day | None = Field(default=None, description="First day on which it gives no tier any more")

    def content(self, growth: Growth | None) -> SchemeContent:
        """Say what is asked for, `growth` having been looked at."""
        return SchemeContent(
            name=self.name,
            bounds_fen=self.lower_bounds,
            terms=self.terms.wanted(),
            growth=growth,
            names={code: Name(name.zh, name.en) for code, name in self.names.items()},
            effective_from=self.effective_from,
            effective_to=self.effective_to,
        )


class TierSchemeOut(OutModel):
    """A scheme: which figures give which tier."""

    id: SchemeId
    name: str
    state: SchemeState
    revision: int = Field(description="Counts edits; the ETag")
    lower_bounds: dict[str, Cny] = Field(examples=[BOUNDS])
    names: dict[str, TierNameOut] = Field(description="The tiers that it renames")
    growth: GrowthOut | None = Field(description="Null: no points give tiers")
    terms: SchemeTermsOut
    effective_from: date | None
    effective_to: date | None
    created_at: datetime
    activated_at: datetime | None

    @classmethod
    def of(cls, scheme: TierScheme, lines: Sequence[Line]) -> "TierSchemeOut":
        """Describe a scheme with its lines."""
        bounds = {line.tier_code: line.lower_bound_fen for line in lines}
        terms = SchemeTermsOut.of(Terms.read(scheme.terms), lines)
        growth = growth_of(scheme, lines)
        shown = {"lower_bounds": bounds, "names": names_of(lines), "growth": growth, "terms": terms}
        return cls.model_validate({**scheme.model_dump(), **shown})


class TierNowOut(OutModel):
    """The tier in force with the figures that decided."""

    code: str = Field(examples=["T2"])
    rank: int
    name_zh: str
    name_en: str
    since: date
    metric: Cny | None = Field(description="The month-daily average that decided; only for the primary manager")
    metric_month: date | None = Field(description="First day of the month of that average; null where it is unknown")
    growth_points: int | None = Field(description="Points of growth at that time; null where the scheme counts none")

    @classmethod
    def of(cls, tier: CurrentTier, *, exact: bool) -> "TierNowOut":
        """Describe a tier; the amount only where the caller may see it."""
        return cls(
            code=tier.code,
            rank=tier.rank,
            name_zh=tier.name_zh,
            name_en=tier.name_en,
            since=tier.since,
            metric=tier.metric_fen if exact else None,
            metric_month=tier.metric_month,
            growth_points=tier.growth_points,
        )


class TierChangeOut(OutModel):
    """A tier began; the next change is its end."""

    code: str | None = Field(description="Null: below all tiers")
    effective_on: date
    cause: TierCause
    metric: Cny | None = Field(description="The month-daily average that decided; only for the primary manager")
    metric_month: date | None
    growth_points: int | None = Field(description="Points of growth at that time; null where the scheme counts none")
    route: str | None = Field(description="The figure that gave the tier; null by hand", examples=["assets"])
    below_months: int | None = Field(description="Of a fall: how many evaluations in a row were below the line")
    scheme_id: SchemeId
    reason: str | None = Field(description="Why the tier was given by hand, where an override decided or has ended")

    @classmethod
    def of(cls, row: TierHistory, reasons: Mapping[UUID, str], *, exact: bool) -> "TierChangeOut":
        """Describe a row of the history, `reasons` being those of the overrides; the amount only where it is due."""
        return cls(
            reason=reasons.get(row.override_id) if row.override_id else None,
            code=row.tier_code,
            effective_on=row.effective_on,
            cause=TierCause(row.cause),
            metric=row.metric_fen if exact else None,
            metric_month=row.metric_month,
            growth_points=row.growth_points,
            route=row.route,
            below_months=row.below_months,
            scheme_id=row.scheme_id,
        )


class TierOverrideOut(OutModel):
    """A tier given by hand, in force or to come."""

    tier: str = Field(examples=["T3"])
    mode: OverrideMode
    reason_code: OverrideReason
    reason: str
    valid_from: date
    valid_to: date = Field(description="First day on which it is over")
    approval_id: ApprovalId
    maker_id: StaffId
    approver_id: StaffId

    @classmethod
    def of(cls, row: TierOverride) -> "TierOverrideOut":
        """Describe a row."""
        return cls.model_validate({**row.model_dump(), "tier": row.tier_code})


class CustomerTierOut(OutModel):
    """A customer's tier and how it came about."""

    customer_id: CustomerId
    current: TierNowOut | None = Field(description="Null: below all tiers, or never evaluated")
    outlook: TierOutlookOut | None = Field(description="Null where a balance that counts is unknown, or no scheme is")
    overrides: list[TierOverrideOut] = Field(description="In force or to come, the next one first")
    history: list[TierChangeOut] = Field(description="Newest first; a change of the coming day stands in it already")
