"""What a scheme says beside its lines, as the bank port takes and shows it."""

from collections.abc import Sequence
from typing import Annotated, Any

from pydantic import Field

from guibin.core.lines import Line as BusinessLine
from guibin.core.money import Cny
from guibin.core.text import Code
from guibin.holdings.rules import Metric
from guibin.points.rules import MAX_POINTS
from guibin.products.models import ProductClass
from guibin.tiers.rules import Line
from guibin.tiers.terms import (
    Downgrade,
    HouseholdSharing,
    MonthDay,
    Months,
    Percent,
    RatingPoints,
    RatingWeights,
    Route,
    RouteKind,
    Terms,
    Validity,
    ValidityKind,
)
from guibin.web import OutModel, StrictModel

MOST_TIERS = 20


class ValidityIn(StrictModel):
    """How long a tier is safe once it was given."""

    kind: ValidityKind = Field(
        default=ValidityKind.INSTANT,
        description="`instant`: not at all beyond its months of grace; `fixed`: for `months`, prolonged while the line "
        "is met; `calendar`: until the next of `dates`; `sliding`: for `months` since the line was last met",
    )
    months: Months | None = None
    dates: list[MonthDay] = Field(default=[], max_length=12)


class RatingWeightsIn(StrictModel):
    """Points for each full 10,000 CNY."""

    assets: RatingPoints = Field(default=0, description="Of assets at the period's end")
    debts: RatingPoints = Field(default=0, description="Of what is owed at the period's end")
    spending: RatingPoints = Field(default=0, description="Of a month's card spending and payments")
    transfers: RatingPoints = Field(default=0, description="Of a month's transfers in and out")


class RouteIn(StrictModel):
    """A figure beside the assets that gives tiers."""

    kind: RouteKind = Field(
        description="`card_limit` the highest limit of an open card, `loan_amount` all that is owed on loans, "
        "`salary_flow` and `collection_flow` what came in a month on the average of the last three, `rating` points"
    )
    amounts: dict[Code, Cny] = Field(
        default={},
        max_length=MOST_TIERS,
        json_schema_extra={"additionalProperties": False},
        description="From how many CNY it gives each tier, rising with the rank; tiers may be left out",
        examples=[{"T2": "500000.00"}],
    )
    points: dict[Code, Annotated[int, Field(ge=1, le=MAX_POINTS)]] = Field(
        default={},
        max_length=MOST_TIERS,
        json_schema_extra={"additionalProperties": False},
        description="The same of `rating`, in its points",
        examples=[{"T2": 500}],
    )
    weights: RatingWeightsIn | None = Field(default=None, description="Of `rating` alone")

    def wanted(self) -> dict[str, Any]:
        """Say what is asked for, in the words of the terms."""
        bounds = {**self.amounts, **self.points}
        weights = None if self.weights is None else self.weights.model_dump()
        return {"kind": self.kind, "bounds": bounds, "weights": weights}


class HouseholdSharingIn(StrictModel):
    """That the head of a household passes the own tier on to members who are named for it (`shares_tier`)."""

    members: int = Field(ge=1, le=19, description="To how many at the most, in the order in which they came")
    highest: Code = Field(description="None above this tier", examples=["T3"])
    levels_below: int = Field(default=0, ge=0, le=10, description="So many levels below the head's")


class SchemeTermsIn(StrictModel):
    """What a scheme says beside its lines. What is left out has the default shown."""

    metric: Metric = Field(
        default=Metric.MONTH_DAILY, description="Of daily balances, at the end of the period: see the fact of that name"
    )
    class_weights: dict[ProductClass, Percent] = Field(
        default={ProductClass.CUSTODY: 0},
        max_length=len(ProductClass),
        json_schema_extra={"additionalProperties": False},
        description="How much of a class of products counts, in per cent; others count as their product says",
        examples=[{"custody": 0, "insurance": 50}],
    )
    line_weights: dict[BusinessLine, Percent] = Field(
        default={},
        max_length=len(BusinessLine),
        json_schema_extra={"additionalProperties": False},
        description="The same by line; multiplied with that of the class",
        examples=[{"e_finance": 80}],
    )
    net_from: Code | None = Field(
        default=None, description="This tier and those above ask for assets less all that is owed, unweighted"
    )
    routes: list[RouteIn] = Field(default=[], max_length=5, description="The highest tier that any figure gives counts")
    household: HouseholdSharingIn | None = Field(
        default=None, description="Heads of households pass their tier on; null: they do not"
    )
    members_tag: Code | None = Field(default=None, description="Only customers with this tag get a tier")
    up_at_once: bool = Field(default=False, description="Up the day after, not with the month's run")
    transition_months: dict[Code, Months] = Field(
        default={},
        max_length=MOST_TIERS,
        json_schema_extra={"additionalProperties": False},
        description="How many months in a row below the line lose a tier (3 where it is left out, 1 with a keep line); "
        "with fixed dates, how many of those",
        examples=[{"T4": 6}],
    )
    keep_percent: int = Field(
        default=100, ge=1, le=100, description="Keep line, in per cent of the line; below 100 only without grace"
    )
    downgrade: Downgrade = Field(
        default=Downgrade.TO_EARNED,
        description="Who falls lands where the last period's figures put them, one level lower, or never falls",
    )
    never_falls: list[Code] = Field(default=[], max_length=MOST_TIERS, description="Tiers that figures never take")
    validity: ValidityIn = ValidityIn()
    calendar: list[MonthDay] = Field(
        default=[], max_length=12, description="Days whose figures count, as MM-DD; empty: every month's last day"
    )

    def wanted(self) -> Terms:
        """Say what is asked for."""
        document = self.model_dump(exclude={"routes"}, mode="json")
        return Terms.model_validate({**document, "routes": [route.wanted() for route in self.routes]})


class RouteOut(OutModel):
    """A figure beside the assets that gives tiers."""

    kind: RouteKind
    amounts: dict[str, Cny] = Field(description="From how many CNY it gives each tier", examples=[{"T2": "500000.00"}])
    points: dict[str, int] = Field(description="The same of `rating`, in points", examples=[{"T2": 500}])
    weights: RatingWeights | None

    @classmethod
    def of(cls, route: Route) -> "RouteOut":
        """Describe a route."""
        is_rating = route.kind is RouteKind.RATING
        amounts, points = ({}, route.bounds) if is_rating else (route.bounds, {})
        return cls(kind=route.kind, amounts=amounts, points=points, weights=route.weights)


class SchemeTermsOut(OutModel):
    """What a scheme says beside its lines."""

    metric: Metric
    class_weights: dict[ProductClass, int] = Field(examples=[{"custody": 0}])
    line_weights: dict[str, int] = Field(examples=[{"e_finance": 80}])
    net_from: str | None
    routes: list[RouteOut]
    household: HouseholdSharing | None
    members_tag: str | None
    up_at_once: bool
    transition_months: dict[str, int] = Field(description="Of every tier", examples=[{"T3": 3, "T4": 6}])
    keep_percent: int
    downgrade: Downgrade
    never_falls: list[str]
    validity: Validity
    calendar: list[str] = Field(examples=[["06-30", "12-31"]])

    @classmethod
    def of(cls, terms: Terms, lines: Sequence[Line]) -> "SchemeTermsOut":
        """Describe the terms of a scheme with these lines."""
        months = {line.tier_code: terms.months_of(line.tier_code) for line in lines}
        routes = [RouteOut.of(route) for route in terms.routes]
        document = terms.model_dump(exclude={"routes", "transition_months"})
        return cls.model_validate({**document, "routes": routes, "transition_months": months})
