"""What the bank port says and takes of kinds of points."""

from enum import StrEnum
from typing import Annotated, Self

from pydantic import ConfigDict, Field, model_validator

from guibin.core.invalid import invalid_input
from guibin.core.lines import Line
from guibin.core.money import Cny, between
from guibin.core.text import Code, OneLine
from guibin.holdings.models import EventType
from guibin.points.earning.terms import Trigger
from guibin.points.models import Expiry, Rounding, Wallet
from guibin.points.rules import MAX_POINTS
from guibin.points.service import CapKind, WalletTerms
from guibin.points.transfer_rules import TransferLimits
from guibin.points.valuation import Valuation, ValueRounding
from guibin.rights.models import Category
from guibin.web import OutModel, StrictModel

LONGEST_YEARS = 10
LONGEST_MONTHS = 120
LONGEST_DAYS = 366
MOST_CAPS = 10
ALL = 100
DEAREST_FEN = 1_000_00
MOST_POINTS_VALUED = 1_000_000

Name = Annotated[str, OneLine(40)]
Whole = Annotated[int, Field(ge=1, le=MAX_POINTS)]
Fen = Annotated[Cny, between(0, DEAREST_FEN)]


class CapPeriod(StrEnum):
    """A period over which a cap counts: weeks and quarters for earning only; `tier` and `transaction` for spending."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    QUARTER = "quarter"
    YEAR = "year"
    TIER = "tier"
    TRANSACTION = "transaction"
    LIFETIME = "lifetime"


EARNING_ONLY = frozenset({CapPeriod.WEEK, CapPeriod.QUARTER})
SPENDING_ONLY = frozenset({CapPeriod.TIER, CapPeriod.TRANSACTION})


class WalletCapIn(StrictModel):
    """At most so many points of one customer in a period."""

    kind: CapKind
    period: CapPeriod = Field(description="week and quarter for earning only; tier, transaction for spending")
    points: Whole

    @model_validator(mode="after")
    def _period_fits(self) -> Self:
        if self.period in (SPENDING_ONLY if self.kind is CapKind.EARN else EARNING_ONLY):
            raise invalid_input("cap", "该周期不适用于此类上限", "must fit the kind of the cap")
        return self


class TransferLimitsIn(StrictModel):
    """What one customer may pass on at once, in a day and in a calendar month."""

    each: Whole = 10_000
    day: Whole = 20_000
    month: Whole = 50_000
    step_up_from: Whole = Field(default=1_000, description="From so many points on a step-up proof is asked for")

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if not self.each <= self.day <= self.month:
            raise invalid_input(
                "limits", "较长期间的限额不能低于较短期间的限额", "must not be less than the limit of a shorter time"
            )
        return self


class TransferLimitsOut(OutModel):
    """What one customer may pass on at once, in a day and in a calendar month, and from when on with a proof."""

    each: int
    day: int
    month: int
    step_up_from: int


class ValueStep(StrEnum):
    """Of what each worth is a multiple: a fen, a jiao or a yuan."""

    FEN = "0.01"
    JIAO = "0.10"
    YUAN = "1.00"

    @property
    def fen(self) -> int:
        """The step in fen."""
        return {ValueStep.FEN: 1, ValueStep.JIAO: 10, ValueStep.YUAN: 100}[self]


class ValuationIn(StrictModel):
    """What points are worth in money: so many `points` are worth `amount`, by steps and with a rounding."""

    points: Annotated[int, Field(ge=1, le=MOST_POINTS_VALUED, examples=[100])]
    amount: Annotated[Cny, between(1, DEAREST_FEN), Field(examples=["1.00"])]
    step: ValueStep = Field(default=ValueStep.FEN, description="Every worth is a multiple of it")
    rounding: ValueRounding = Field(default=ValueRounding.DOWN, description="Where a rest smaller than a step goes")

    def terms(self) -> dict[str, object]:
        """Return what the kind of points keeps."""
        return Valuation(
            points=self.points, fen=self.amount, step_fen=self.step.fen, rounding=self.rounding
        ).model_dump(mode="json")


class ValuationOut(OutModel):
    """What points are worth in money; every worth is a multiple of `step`, and the rest goes by `rounding`."""

    points: int
    amount: Cny
    step: Cny
    rounding: ValueRounding

    @classmethod
    def of(cls, valuation: Valuation) -> Self:
        """Describe a formula."""
        return cls(points=valuation.points, amount=valuation.fen, step=valuation.step_fen, rounding=valuation.rounding)


class WalletTermsIn(StrictModel):
    """A kind of points, as it is to be."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "name_zh": "健康积分",
                    "name_en": "Health points",
                    "unit_zh": "积分",
                    "unit_en": "points",
                    "cost": "0.10",
                    "funding_line": "personal_finance",
                    "spendable": ["health", "medical"],
                    "expiry": "rolling",
                    "expiry_months": 24,
                    "expiry_rounding": "quarter",
                }
            ]
        }
    )

    name_zh: Name = Field(examples=["健康积分"])
    name_en: Name = Field(examples=["Health points"])
    unit_zh: Name = Field(examples=["积分"])
    unit_en: Name = Field(examples=["points"])
    cost: Fen = Field(
        description="What a point costs the bank, in CNY; of points issued from now on", examples=["0.10"]
    )
    funding_line: Line | None = Field(default=None, description="The line that pays")
    spendable: list[Category] | None = Field(
        default=None, max_length=len(Category), description="Categories of rights that it buys; null: all"
    )
    growth: bool = Field(
        default=False,
        description="Counts for the tier where the scheme in force says so; never spent, and never passed on",
    )
    buys_goods: bool = Field(default=False, description="Buys goods, coupons or top-ups: no deposits may earn in it")
    transferable: bool = Field(
        default=False, description="Customers may pass points on to others: no deposits may earn in it"
    )
    pooled: bool = Field(
        default=False, description="Members of a household may put them together: no deposits may earn in it"
    )
    transfer_limits: TransferLimitsIn = Field(
        default_factory=TransferLimitsIn, description="What one customer may pass on, where points can be"
    )
    valuation: ValuationIn | None = Field(
        default=None, description="What its points are worth where they stand in for money; null: nothing is said of it"
    )
    expiry: Expiry = Field(default=Expiry.NEVER, description="Of points issued from now on")
    expiry_years: Annotated[int, Field(ge=0, le=LONGEST_YEARS)] | None = Field(
        default=None, description="calendar: ends on 31 December this many years later"
    )
    expiry_months: Annotated[int, Field(ge=1, le=LONGEST_MONTHS)] | None = Field(
        default=None, description="rolling: after the points came; inactivity: after the customer last earned or spent"
    )
    activity_events: list[Trigger] = Field(
        default_factory=list,
        max_length=len(EventType),
        description="inactivity: kinds of events that start the clock again on their day, beside earning and spending",
        examples=[["login"]],
    )
    expiry_rounding: Rounding = Field(default=Rounding.NONE, description="rolling: on to the end of the period")
    expiry_share: Annotated[int, Field(ge=1, le=ALL)] = Field(
        default=ALL,
        description="inactivity: percent of what is left that goes, rounded down, oldest first; the clock starts again",
    )
    rolls_over_to: Code | None = Field(
        default=None,
        description="The kind of points into which they go at their end, with that one's last day, instead of expiring",
        examples=["service"],
    )
    pending_days: Annotated[int, Field(ge=0, le=LONGEST_DAYS)] = Field(
        default=0, description="Days before what a rule earns can be spent"
    )
    balance_cap: Whole | None = None
    caps: list[WalletCapIn] = Field(default_factory=list, max_length=MOST_CAPS)
    may_owe: bool = Field(default=True, description="A claw-back beyond the balance becomes debt; else it stops there")
    refund_grace_days: Annotated[int, Field(ge=1, le=LONGEST_DAYS)] = Field(
        default=30, description="For points that expired before they were given back"
    )
    active: bool = True

    @model_validator(mode="after")
    def _expiry_complete(self) -> Self:
        by_months = self.expiry in {Expiry.ROLLING, Expiry.INACTIVITY}
        if (self.expiry is Expiry.CALENDAR) != (self.expiry_years is not None) or by_months != (
            self.expiry_months is not None
        ):
            raise invalid_input(
                "expiry",
                "须提供该到期方式所需的年数或月数，不能提供其他",
                "must come with the years or the months that its kind takes, and with no other",
            )
        return self

    @model_validator(mode="after")
    def _activity_against_inactivity(self) -> Self:
        if self.activity_events and self.expiry is not Expiry.INACTIVITY:
            raise invalid_input(
                "activity_events",
                "仅因不活跃到期的积分可填写 activity_events",
                "must be empty where points do not end by inactivity",
            )
        if len(set(self.activity_events)) < len(self.activity_events):
            raise invalid_input("activity_events", "activity_events 中每项只能出现一次", "each once")
        return self

    @model_validator(mode="after")
    def _end_fits(self) -> Self:
        if self.expiry_share < ALL and (self.expiry is not Expiry.INACTIVITY or self.rolls_over_to is not None):
            raise invalid_input(
                "expiry_share",
                "仅因不活跃到期且不转入其他类别的积分，其 expiry_share 可低于 100",
                "must be all of them but where points lapse and go nowhere",
            )
        if self.rolls_over_to is not None and self.expiry is Expiry.NEVER:
            raise invalid_input("rolls_over_to", "永不到期的积分不能转入其他类别", "must be null for what has no end")
        return self

    @model_validator(mode="after")
    def _growth_buys_nothing(self) -> Self:
        if self.growth and (self.buys_goods or self.transferable or self.pooled or self.spendable or self.valuation):
            raise invalid_input(
                "growth",
                "成长值不能兑换、转赠或共享，也不能计价",
                "must buy nothing, not be passed on or shared, and have no worth",
            )
        return self

    def terms(self) -> WalletTerms:
        """Say what is asked for."""
        body = self.model_dump(mode="json", exclude={"cost", "code", "valuation"})
        body["valuation"] = None if self.valuation is None else self.valuation.terms()
        if self.growth:
            body["spendable"] = []
        return WalletTerms.model_validate({**body, "cost_fen": self.cost})


class WalletIn(WalletTermsIn):
    """A new kind of points."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "code": "health",
                    "name_zh": "健康积分",
                    "name_en": "Health points",
                    "unit_zh": "积分",
                    "unit_en": "points",
                    "cost": "0.10",
                }
            ]
        }
    )

    code: Code = Field(examples=["health"])


class WalletCapOut(OutModel):
    """At most so many points of one customer in a period."""

    kind: CapKind
    period: str
    points: int


class WalletDetailOut(OutModel):
    """A kind of points with all its terms; its revision is the ETag."""

    code: str = Field(examples=["reward"])
    name_zh: str
    name_en: str
    unit_zh: str
    unit_en: str
    cost: Cny = Field(description="What a point costs the bank, in CNY")
    funding_line: str | None
    spendable: list[str] | None
    growth: bool
    buys_goods: bool
    transferable: bool
    pooled: bool
    transfer_limits: TransferLimitsOut
    valuation: ValuationOut | None
    expiry: Expiry
    expiry_years: int | None
    expiry_months: int | None
    activity_events: list[EventType]
    expiry_rounding: Rounding
    expiry_share: int
    rolls_over_to: str | None
    pending_days: int
    balance_cap: int | None
    caps: list[WalletCapOut]
    may_owe: bool
    refund_grace_days: int
    active: bool
    revision: int

    @classmethod
    def of(cls, row: Wallet) -> Self:
        """Describe a row."""
        limits = TransferLimits.model_validate(row.transfer_limits).model_dump()
        worth = None if row.valuation is None else ValuationOut.of(Valuation.model_validate(row.valuation))
        return cls.model_validate(
            {**row.model_dump(), "cost": row.cost_fen, "transfer_limits": limits, "valuation": worth}
        )
