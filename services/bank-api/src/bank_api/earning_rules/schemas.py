"""What the bank port says and takes of rules of earning."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Annotated, Any

from pydantic import ConfigDict, Field, StringConstraints

from guibin.core.ids import CustomerId, StaffId
from guibin.core.lines import Line
from guibin.core.money import Cny, between
from guibin.core.text import Code, Note
from guibin.holdings.models import EventType, InflowClass
from guibin.points.earning.models import EarningRule, EarningRuleVersion, RuleState
from guibin.points.earning.rules import EarningOutcome, Occurrence
from guibin.points.earning.service.testing import BackTest, Figures, Simulated
from guibin.points.earning.settlement import Verdict
from guibin.points.earning.templates import Template
from guibin.points.earning.terms import CampaignCode, EarningTerms, Trigger
from guibin.web import Instant, OutModel, StrictModel

EFFECT: dict[str, Any] = {"kind": "tag", "tag": "salary_customer"}
TERMS: dict[str, Any] = {
    "name_zh": "国庆周刷卡双倍",
    "name_en": "Double points in the holiday week",
    "events": ["card_spend"],
    "when": {
        "all": [
            {"fact": "event.amount", "op": ">=", "value": "100.00"},
            {"fact": "tier", "op": "in", "value": ["T3", "T4", "T5"]},
        ]
    },
    "window": {"starts_on": "2027-10-01", "ends_on": "2027-10-07", "blackout": ["2027-10-03"]},
    "cases": [
        {
            "gives": [
                {
                    "wallet": "reward",
                    "kind": "proportional",
                    "points": 2,
                    "per": "20.00",
                    "multipliers": {"T5": 125},
                    "pending_days": 14,
                }
            ]
        }
    ],
    "caps": [{"period": "day", "points": 5000, "over": "cut"}],
    "frequency": [{"period": "month", "times": 10}],
    "budgets": [
        {"period": "lifetime", "cost": "100000.00"},
        {"period": "month", "points": 20000, "per_customer": True},
    ],
}
NEW_RULE: dict[str, Any] = {"code": "holiday_double", "branch": None, "terms": TERMS}


class EarningRuleEdit(StrictModel):
    """What can be edited; the whole is replaced."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"terms": TERMS}]})

    terms: EarningTerms


class EarningRuleIn(EarningRuleEdit):
    """A new rule; its code and its owner stay as they are for good."""

    model_config = ConfigDict(json_schema_extra={"examples": [NEW_RULE]})

    code: Code = Field(examples=["holiday_double"])
    branch: Code | None = Field(
        default=None, description="Code of the owner, whose customers it serves; null: the whole bank", examples=[None]
    )


class EarningCloneIn(StrictModel):
    """The code of the copy."""

    code: Code = Field(examples=["holiday_double_2028"])


class EarningEndIn(StrictModel):
    """Why."""

    reason: Annotated[str, Note(200)] = Field(examples=["the campaign is over"])


class EarningVersionOut(OutModel):
    """Approved terms; they never change."""

    version: int
    terms: dict[str, Any]
    in_force_from: datetime = Field(description="For events that occurred from then on")
    published_at: datetime
    maker_id: StaffId | None
    approver_id: StaffId | None


class EarningRuleOut(OutModel):
    """A rule of earning."""

    code: str
    branch: str | None = Field(description="Code of the owner; null: the whole bank")
    state: RuleState
    revision: int = Field(description="Counts edits; the ETag")
    in_force: EarningVersionOut | None = Field(description="The version approved last")
    draft: dict[str, Any] | None = Field(description="Drafted or waiting for approval")
    created_at: datetime
    ended_at: datetime | None

    @classmethod
    def of(cls, rule: EarningRule, version: EarningRuleVersion | None) -> "EarningRuleOut":
        """Describe a rule with its last version."""
        in_force = None if version is None else EarningVersionOut.model_validate(version)
        return cls.model_validate({**rule.model_dump(), "in_force": in_force})


class EarningSimulationIn(StrictModel):
    """An event as it could come in."""

    customer_id: CustomerId
    line: Line = Field(default=Line.CREDIT_CARD)
    event_type: Trigger
    occurred_at: Instant
    amount: Annotated[Cny, between(0)] | None = Field(default=None, description="CNY", examples=["268.00"])
    merchant_category: Code | None = None
    channel: Code | None = None
    inflow_class: InflowClass | None = None
    tag: Code | None = Field(default=None, description="Which tag, for the event `tag_entered`")
    code: CampaignCode | None = Field(default=None, description="What a customer types, for the event `code`")

    def occurrence(self, day: date) -> Occurrence:
        """Return the event; `day` is its day of business. No event that ever came in has its reference."""
        return Occurrence(
            customer_id=self.customer_id,
            line=self.line.value,
            reference="",
            event_type=self.event_type.value,
            occurred_at=self.occurred_at,
            occurred_on=day,
            amount_fen=self.amount,
            merchant_category=self.merchant_category,
            channel=self.code or self.tag or self.channel,
            inflow_class=self.inflow_class.value if self.inflow_class else None,
        )


class EarningAwardOut(OutModel):
    """Points that would be given."""

    wallet: str
    points: int
    cost: Cny
    expires_on: date | None = Field(description="The last day; null never expires")
    pending_until: date | None = Field(description="When they can be spent; null at once, or with an event")
    awaits: EventType | None = Field(description="The kind of event with which they can be spent")
    awaits_until: date | None = Field(description="Last day for that event; without it they are cancelled")


class EarningVerdictOut(OutModel):
    """What a rule that the event triggers says of it."""

    code: str
    version: int | None = Field(description="Null: as drafted")
    outcome: EarningOutcome
    place: str | None = Field(description="The condition that fails, in the rule tree", examples=["rule/all/0"])
    case: int | None = Field(description="The case that holds, from 0")
    would_give: dict[str, int] = Field(description="By wallet, before caps, budgets and other rules")
    gives: list[EarningAwardOut]
    effects: list[dict[str, Any]] = Field(description="What would happen beside", examples=[[EFFECT]])

    @classmethod
    def of(cls, verdict: Verdict) -> "EarningVerdictOut":
        """Describe a verdict."""
        judged = verdict.judgement
        return cls(
            code=judged.rule.code,
            version=judged.rule.version or None,
            outcome=verdict.outcome,
            place=judged.place,
            case=judged.case,
            would_give={offer.gift.wallet: offer.points for offer in judged.offers},
            gives=[
                EarningAwardOut(
                    wallet=award.gift.wallet,
                    points=award.points,
                    cost=award.cost_fen,
                    expires_on=award.expires_on,
                    pending_until=award.pending_until,
                    awaits=None if award.awaits is None else EventType(award.awaits),
                    awaits_until=award.awaits_until,
                )
                for award in verdict.awards
            ],
            effects=[effect.model_dump(mode="json") for effect in verdict.effects],
        )


class TierMoveOut(OutModel):
    """A tier by the figures of the last night, without and with the points of growth; overrides are left out."""

    before: str | None = Field(description="Null: below all tiers", examples=["T1"])
    after: str | None = Field(examples=["T2"])


class TierMovesOut(TierMoveOut):
    """How many customers would change so."""

    customers: int


class EarningSimulationOut(OutModel):
    """What the event would earn now; nothing was written."""

    points: dict[str, int] = Field(description="By wallet")
    tier: TierMoveOut | None = Field(description="Null where the tier scheme in force counts no points of growth")
    rules: list[EarningVerdictOut] = Field(description="Every rule in force that the event triggers, by code")

    @classmethod
    def of(cls, simulated: Simulated) -> "EarningSimulationOut":
        """Describe what all rules say."""
        verdicts = simulated.verdicts
        tier = None if simulated.tier is None else TierMoveOut(before=simulated.tier[0], after=simulated.tier[1])
        points = {award.gift.wallet: award.points for verdict in verdicts for award in verdict.awards}
        return cls(points=points, tier=tier, rules=[EarningVerdictOut.of(verdict) for verdict in verdicts])


class EarningBackTestIn(StrictModel):
    """Which month."""

    month: Annotated[str, StringConstraints(strict=True, pattern=r"^20\d{2}-(0[1-9]|1[0-2])$")] = Field(
        examples=["2026-10"]
    )

    @property
    def first_day(self) -> date:
        """The first day of the month."""
        return date.fromisoformat(f"{self.month}-01")


class EarningFiguresOut(OutModel):
    """What would have been given."""

    winners: int = Field(description="Customers")
    awards: int
    points: dict[str, int] = Field(description="By wallet")
    cost: Cny
    effects: dict[str, int] = Field(description="How often what happens beside, by kind and subject")

    @classmethod
    def of(cls, figures: Figures) -> "EarningFiguresOut":
        """Describe figures."""
        return cls(
            winners=len(figures.winners),
            awards=figures.awards,
            points=dict(figures.points),
            cost=figures.cost_fen,
            effects=dict(figures.effects),
        )


class EarningTierFiguresOut(EarningFiguresOut):
    """The same for one tier."""

    tier: str | None = Field(description="Null: below all tiers, or unknown")


class EarningBackTestOut(OutModel):
    """The rule over the events of a month, alone and from nothing given before, on the facts of now."""

    month: str
    events: int = Field(description="Of the types that trigger it, within your scope")
    total: EarningFiguresOut
    tiers: list[EarningTierFiguresOut]
    moves: list[TierMovesOut] = Field(description="Into other tiers, where the scheme in force counts points of growth")

    @classmethod
    def of(cls, tested: BackTest) -> "EarningBackTestOut":
        """Describe a back-test."""
        by_tier: Mapping[str | None, Figures] = tested.by_tier
        return cls(
            month=tested.month.isoformat()[:7],
            events=tested.events,
            total=EarningFiguresOut.of(tested.total),
            tiers=[
                EarningTierFiguresOut(tier=tier, **EarningFiguresOut.of(by_tier[tier]).model_dump())
                for tier in sorted(by_tier, key=lambda one: one or "")
            ],
            moves=[TierMovesOut(before=move[0], after=move[1], customers=count) for move, count in tested.moves],
        )


class EarningTemplateOut(OutModel):
    """A rule to begin with: its terms are the body of a draft, to be filled in with names, amounts and days."""

    code: str = Field(examples=["birthday"])
    name_zh: str
    name_en: str
    purpose_zh: str = Field(description="What it is for, and what to look at before it is submitted")
    purpose_en: str
    terms: dict[str, Any] = Field(description="As `terms` of a new rule", examples=[TERMS])

    @classmethod
    def of(cls, template: Template) -> "EarningTemplateOut":
        """Describe a template."""
        return cls(
            code=template.code,
            name_zh=template.terms.name_zh,
            name_en=template.terms.name_en,
            purpose_zh=template.purpose_zh,
            purpose_en=template.purpose_en,
            terms=template.terms.document(),
        )


class EarningTemplatesOut(OutModel):
    """The templates, by code."""

    items: list[EarningTemplateOut]
