"""What the bank port says and takes of earning from assets."""

from datetime import date, datetime
from typing import Annotated, Final, Self

from pydantic import AfterValidator, Field, StringConstraints

from bank_api.customers.views import View, band_of, exact
from guibin.core.ids import AssetRuleId, BranchId, CustomerId, StaffId
from guibin.core.invalid import invalid_input
from guibin.core.money import Cny, between, format_cny, parse_cny
from guibin.core.text import Code, OneLine
from guibin.points.assets.models import AssetRule, AssetRuleState
from guibin.points.assets.rules import Outcome, per_mille
from guibin.points.assets.service import BackTest, RuleTerms, Simulation
from guibin.points.rules import MAX_POINTS
from guibin.products.models import ProductClass
from guibin.web import FreshnessOut, OutModel, StrictModel

MOST_TIERS: Final = 20
MOST_FEN: Final = 10**15
WEIGHTS: Final = {"wealth_management": "1.00", "fund": "1.00", "insurance": "0.50", "deposits": "0.00"}

MonthText = Annotated[str, StringConstraints(strict=True, pattern=r"^(19|20|21)[0-9]{2}-(0[1-9]|1[0-2])$")]
"""A calendar month as `YYYY-MM`."""

_WEIGHT: Final = r"^(0(\.[0-9]{1,2})?|1(\.0{1,2})?)$"
Weight = Annotated[str, StringConstraints(strict=True, pattern=_WEIGHT)]
"""0 to 1 with at most two places."""

PerMille = Annotated[str, StringConstraints(strict=True, pattern=r"^[0-9]{1,4}(\.[0-9]{1,3})?$")]


def _once(codes: list[str] | None) -> list[str] | None:
    if codes is not None and len(set(codes)) < len(codes):
        raise invalid_input("duplicate_item", "同一层级不能重复", "must not name a tier twice")
    return codes


class AssetRuleTermsIn(StrictModel):
    """The terms of a version as its maker writes them: either `step` or `rate_per_mille`."""

    name_zh: Annotated[str, OneLine(60)] = Field(examples=["资产积点"])
    name_en: Annotated[str, OneLine(60)] = Field(examples=["Points from assets"])
    wallet: Code = Field(description="The same in every version of a rule", examples=["service"])
    owner_branch_id: BranchId | None = Field(
        default=None, description="For customers of this branch and those below it; null: of the whole bank"
    )
    weights: dict[ProductClass, Weight] = Field(
        min_length=1,
        json_schema_extra={
            "properties": {name.value: {"type": "string", "pattern": _WEIGHT} for name in ProductClass},
            "additionalProperties": False,
        },
        description="How much of a class of products counts, 0 to 1; a class that is not named weighs 0",
        examples=[WEIGHTS],
    )
    threshold: Annotated[Cny, between(0, MOST_FEN)] = Field(
        description="Weighted month-daily average from which it gives points", examples=["100000.00"]
    )
    step: Annotated[Cny, between(1, MOST_FEN)] | None = Field(
        default=None, description="One point for each full step", examples=["10000.00"]
    )
    rate_per_mille: PerMille | None = Field(
        default=None,
        description="Points per 1,000 CNY of the average, rounded down: 0.001 to 1000 with three places",
        examples=[None, "0.800"],
    )
    cap_points: int | None = Field(default=None, ge=1, le=MAX_POINTS, description="Most that a month gives")
    tiers: Annotated[list[Code] | None, AfterValidator(_once)] = Field(
        default=None,
        min_length=1,
        max_length=MOST_TIERS,
        description="Tiers that take part, as they are on the month's last day; null: everybody",
        examples=[["T1", "T2"]],
    )
    first_month: MonthText = Field(description="First month that it counts for", examples=["2026-12"])
    last_month: MonthText | None = Field(default=None, description="Last month that it counts for; null: no end")
    compliance_document: Annotated[str, OneLine(60)] | None = Field(
        default=None,
        description="Number of the document by which compliance lets deposits count in a wallet that buys goods;"
        " compliance then approves",
        examples=[None],
    )

    def terms(self) -> RuleTerms:
        """Return the terms; what they name and how they fit together is looked at by the command."""
        return RuleTerms(
            name_zh=self.name_zh,
            name_en=self.name_en,
            wallet=self.wallet,
            owner_branch_id=self.owner_branch_id,
            weights={name.value: parse_cny(text) or 0 for name, text in self.weights.items()},
            threshold_fen=self.threshold,
            step_fen=self.step,
            rate_ppm=None if self.rate_per_mille is None else _millionths(self.rate_per_mille),
            cap_points=self.cap_points,
            tiers=self.tiers,
            first_month=month_in(self.first_month),
            last_month=None if self.last_month is None else month_in(self.last_month),
            compliance_document=self.compliance_document,
        )


class AssetRuleIn(AssetRuleTermsIn):
    """A version of a rule as its maker writes it; the code of a rule that is there makes its next version."""

    code: Code = Field(examples=["service_assets_plus"])


class AssetRuleOut(OutModel):
    """A version of a rule of earning from assets."""

    id: AssetRuleId
    code: str = Field(examples=["service_assets"])
    version: int
    state: AssetRuleState = Field(description="`active`: in force from its first month until a later version's")
    revision: int = Field(description="Counts edits; the ETag")
    name_zh: str
    name_en: str
    wallet: str = Field(examples=["service"])
    owner_branch_id: BranchId | None
    weights: dict[str, str] = Field(examples=[WEIGHTS])
    threshold: Cny
    step: Cny | None
    rate_per_mille: str | None = Field(examples=["0.800"])
    cap_points: int | None
    tiers: list[str] | None
    first_month: str = Field(examples=["2026-12"])
    last_month: str | None
    compliance_document: str | None = Field(description="Number of the document that lets deposits count")
    compliance_id: StaffId | None = Field(description="Who approved for compliance")
    created_at: datetime
    activated_at: datetime | None

    @classmethod
    def of(cls, rule: AssetRule) -> Self:
        """Describe a version."""
        return cls.model_validate(
            {
                **rule.model_dump(),
                "weights": {name: format_cny(percent) for name, percent in rule.weights.items()},
                "threshold": rule.threshold_fen,
                "step": rule.step_fen,
                "rate_per_mille": None if rule.rate_ppm is None else per_mille(rule.rate_ppm),
                "first_month": month_out(rule.first_month),
                "last_month": None if rule.last_month is None else month_out(rule.last_month),
            }
        )


class AssetSimulationIn(StrictModel):
    """Whom and which month to look at."""

    customer_id: CustomerId
    month: MonthText = Field(description="A month that is over", examples=["2026-10"])


class AssetBackTestIn(StrictModel):
    """Which month to look at."""

    month: MonthText = Field(description="A month that is over", examples=["2026-10"])


class ClassAverageOut(OutModel):
    """What a class of assets adds."""

    product_class: ProductClass
    average: Cny | None = Field(description="Month-daily average; only for the primary manager")
    average_band: str | None = Field(description="Its band in CNY; null where a balance of a day is unknown")
    weight: str = Field(examples=["1.00"])


class AssetSimulationOut(OutModel):
    """What a version gives a customer for a month, and why."""

    month: str = Field(examples=["2026-10"])
    freshness: FreshnessOut = Field(description="Of the month's last day; the night waits for lines that are late")
    classes: list[ClassAverageOut]
    weighted_average: Cny | None = Field(description="Only for the primary manager; null also where it is unknown")
    weighted_average_band: str | None
    tier: str | None = Field(description="Tier of the month's last day")
    points: int
    outcome: Outcome
    reason: str | None = Field(
        description="What the customer would read", examples=["2026年10月资产日均满 1,230,000.00 元"]
    )

    @classmethod
    def of(cls, found: Simulation, view: View, language: str) -> Self:
        """Describe a simulation for a view."""
        return cls(
            month=month_out(found.month),
            freshness=FreshnessOut.of(found.figure_day),
            classes=[
                ClassAverageOut(
                    product_class=ProductClass(one.product_class),
                    average=exact(one.average_fen, view),
                    average_band=band_of(one.average_fen, view),
                    weight=format_cny(one.weight_percent),
                )
                for one in found.classes
            ],
            weighted_average=exact(found.average_fen, view),
            weighted_average_band=band_of(found.average_fen, view),
            tier=found.tier,
            points=found.points,
            outcome=found.outcome,
            reason=found.reason_en if language == "en" else found.reason_zh,
        )


class TierWinnersOut(OutModel):
    """Who wins in a tier."""

    tier: str = Field(description="`-`: below all tiers", examples=["T2"])
    customers: int
    points: int


class AssetBackTestOut(OutModel):
    """What a version would have given the customers in your scope for a month."""

    month: str = Field(examples=["2026-10"])
    customers: int = Field(description="How many would have had points")
    points: int
    cost: Cny = Field(description="What the points cost the bank")
    unknown: int = Field(description="Customers whose average is not known, so that they have nothing yet")
    tiers: list[TierWinnersOut]

    @classmethod
    def of(cls, found: BackTest) -> Self:
        """Describe a back-test."""
        return cls(
            month=month_out(found.month),
            customers=found.customers,
            points=found.points,
            cost=found.cost_fen,
            unknown=found.unknown,
            tiers=[TierWinnersOut.model_validate(one) for one in found.tiers],
        )


def month_in(text: str) -> date:
    """Read a month as its first day."""
    return date.fromisoformat(f"{text}-01")


def month_out(first: date) -> str:
    """Write a month by its first day."""
    return f"{first:%Y-%m}"


def _millionths(text: str) -> int:
    whole, _, places = text.partition(".")
    return int(whole) * 1000 + int(places.ljust(3, "0"))
