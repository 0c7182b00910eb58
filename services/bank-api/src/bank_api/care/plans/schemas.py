"""What the bank port says and takes of care plans."""

from datetime import date, datetime
from typing import Annotated, Any

from pydantic import Field

from guibin.care.models import TouchChannel, TouchKind, TouchPurpose
from guibin.care.opportunities.terms import MOST_FEN
from guibin.care.plans.models import CarePlan, PlanState
from guibin.care.plans.service import PlanContent
from guibin.care.plans.terms import (
    MOST_CONTACTS,
    MOST_TIERS,
    MOST_TRIGGERS,
    BusinessDays,
    CareClock,
    CareContact,
    CareOccasion,
    DayUnit,
    Minutes,
    Months,
    Offset,
    Percent,
    PlanTerms,
    Title,
    Trigger,
    Whose,
    loads_of,
)
from guibin.core.ids import CarePlanId
from guibin.core.money import Cny, between
from guibin.core.text import Code, OneLine
from guibin.web import Day, OutModel, StrictModel

from .opportunity_terms import OpportunityTermsIn, OpportunityTermsOut

BASE_TIER = "T1"
CALL = {
    "code": "call",
    "kind": "call",
    "also": ["visit"],
    "every_months": 3,
    "title_zh": "季度关怀电话",
    "title_en": "Quarterly call",
}
_NAMED: dict[str, Any] = {"additionalProperties": False}


class CareContactIn(StrictModel):
    """One contact with a customer of a tier in each period."""

    code: Code = Field(description="Names the contact within its tier", examples=["call"])
    kind: TouchKind = Field(description="What is to be done", examples=["call"])
    channel: TouchChannel | None = Field(default=None, description="By which way alone; null: any")
    also: list[TouchKind] = Field(default=[], max_length=5, description="Kinds of touches that satisfy it as well")
    every_months: Months = Field(description="Length of the period: 1, 2, 3, 4, 6 or 12 months", examples=[3])
    purpose: TouchPurpose = TouchPurpose.CARE
    title_zh: Title = Field(examples=["季度关怀电话"])
    title_en: Title = Field(examples=["Quarterly call"])


class CareTriggerIn(StrictModel):
    """A task that an occasion sets off."""

    code: Code = Field(description="Names the trigger within the plan", examples=["birthday"])
    on: CareOccasion = Field(examples=["birthday"])
    enabled: bool = True
    offset: Offset = Field(default=0, description="Days from the occasion to the due day; negative: before it")
    unit: DayUnit = Field(default=DayUnit.CALENDAR, description="Whether these are days of the calendar or worked ones")
    kind: TouchKind = TouchKind.CALL
    channel: TouchChannel | None = None
    purpose: TouchPurpose = TouchPurpose.CARE
    whose: Whose = Field(default=Whose.MANAGER, description="`branch_head`: the head is told of it from the start")
    thresholds: dict[Code, Annotated[Cny, between(1, MOST_FEN)]] = Field(
        default={},
        max_length=MOST_TIERS,
        json_schema_extra=_NAMED,
        description="Of flows: from how much on it is large, by tier; other tiers have none",
        examples=[{"T2": "300000.00"}],
    )
    product_classes: list[Code] = Field(
        default=[], max_length=20, description="Of sales and maturities: the classes of products; none: all"
    )
    title_zh: Title = Field(examples=["生日祝福"])
    title_en: Title = Field(examples=["Birthday wishes"])


class CareClockIn(StrictModel):
    """When a delay is told to whom."""

    leader_after: BusinessDays = Field(default=3, description="Business days from the manager's notice to the head's")
    lapses_after: Annotated[int, Field(ge=5, le=366)] = Field(
        default=90, description="Days after the due day from which a task is not asked for any more"
    )


class PlanTermsIn(StrictModel):
    """What a plan says."""

    minutes: dict[TouchKind, Minutes] = Field(
        max_length=len(TouchKind),
        json_schema_extra=_NAMED,
        description="How long a touch of each kind takes; managers' loads follow from it",
        examples=[{"call": 15, "review": 90, "visit": 120}],
    )
    contacts: dict[Code, Annotated[list[CareContactIn], Field(max_length=MOST_CONTACTS)]] = Field(
        max_length=MOST_TIERS,
        json_schema_extra=_NAMED,
        description="Contacts that each tier gets; a tier that is left out gets none",
        examples=[{"T1": [CALL]}],
    )
    triggers: list[CareTriggerIn] = Field(default=[], max_length=MOST_TRIGGERS)
    clock: CareClockIn = CareClockIn()
    opportunities: OpportunityTermsIn = OpportunityTermsIn()
    ahead_days: Annotated[int, Field(ge=7, le=184)] = Field(default=92, description="How far ahead tasks are made")
    service_percent: Percent = Field(default=50, description="Target: touches that sell nothing, of all")
    spread_alarm_percent: Annotated[int, Field(ge=100, le=1000)] = Field(
        default=150, description="From which spread index on, in per cent, an alarm is shown; 100 is even"
    )

    def wanted(self) -> PlanTerms:
        """Say what is asked for, amounts in fen."""
        triggers = [{**one.model_dump(), "thresholds": dict(one.thresholds)} for one in self.triggers]
        own = {"triggers": triggers, "opportunities": self.opportunities.wanted()}
        return PlanTerms.model_validate({**self.model_dump(), **own})


class CarePlanIn(StrictModel):
    """A plan as its maker writes it."""

    name: Annotated[str, OneLine(60)] = Field(examples=["2027 维护计划"])
    effective_from: Day | None = Field(default=None, description="First day of its care; null: once approved")
    terms: PlanTermsIn

    def content(self) -> PlanContent:
        """Say what is asked for."""
        return PlanContent(self.name, self.terms.wanted(), self.effective_from)


class CareTriggerOut(OutModel):
    """A task that an occasion sets off."""

    code: str
    on: CareOccasion
    enabled: bool
    offset: int = Field(description="Days from the occasion to the due day; negative: before it")
    unit: DayUnit
    kind: TouchKind
    channel: TouchChannel | None
    purpose: TouchPurpose
    whose: Whose
    thresholds: dict[str, Cny] = Field(examples=[{"T2": "300000.00"}])
    product_classes: list[str]
    title_zh: str
    title_en: str

    @classmethod
    def of(cls, trigger: Trigger) -> "CareTriggerOut":
        """Describe a trigger."""
        return cls.model_validate(trigger.model_dump())


class CarePlanOut(OutModel):
    """A care plan."""

    id: CarePlanId
    name: str
    state: PlanState
    revision: int = Field(description="Counts edits; the ETag")
    effective_from: date | None = Field(description="First day of its care; null: once approved")
    created_at: datetime
    activated_at: datetime | None
    in_force_from: date | None
    in_force_to: date | None = Field(description="First day on which another plan was in force")
    minutes: dict[TouchKind, int] = Field(examples=[{"call": 15}])
    contacts: dict[str, list[CareContact]] = Field(examples=[{"T1": [CALL]}])
    triggers: list[CareTriggerOut]
    clock: CareClock
    opportunities: OpportunityTermsOut
    ahead_days: int
    service_percent: int
    spread_alarm_percent: int
    minutes_a_year: dict[str, int] = Field(
        description="What the contacts of each tier take in a year", examples=[{"T1": 60, "T3": 360}]
    )
    loads: dict[str, float] = Field(
        description="What a customer of each tier weighs in a manager's load: its minutes over those of T1",
        examples=[{"T1": 1.0, "T3": 6.0}],
    )

    @classmethod
    def of(cls, plan: CarePlan) -> "CarePlanOut":
        """Describe a plan."""
        terms = PlanTerms.read(plan.terms)
        minutes = {tier: terms.minutes_a_year(tier) for tier in terms.contacts}
        triggers = [CareTriggerOut.of(one) for one in terms.triggers]
        derived = {"minutes_a_year": minutes, "loads": loads_of(terms, BASE_TIER), "triggers": triggers}
        derived["opportunities"] = OpportunityTermsOut.of(terms.opportunities)
        return cls.model_validate({**plan.model_dump(exclude={"terms"}), **terms.model_dump(), **derived})
