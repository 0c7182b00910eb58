"""The terms of a right as an operator writes them; all of them are approved as one."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated, Any, Final, Self

from pydantic import Field, model_validator

from guibin.core.invalid import invalid_input
from guibin.core.lines import Line
from guibin.core.money import Cny, out_of_bounds
from guibin.core.text import Code, OneLine
from guibin.rights.models import Period
from guibin.rights.offer import (
    MOST_CANCEL_HOURS,
    MOST_CODE_DAYS,
    MOST_GUESTS,
    MOST_PAY_MINUTES,
    MOST_POINTS_OF_A_UNIT,
    PAY_MINUTES,
    Beneficiary,
)
from guibin.rights.points_given import GivenTo
from guibin.rights.slots import MOST_HOURS, NoShow
from guibin.web import Day, Instant, StrictModel

from .release_schemas import Clock, ReleasePlanIn
from .substitute_schemas import Substitutes, refuse_twin_rights
from .substitute_schemas import written as written_substitutes

MOST_TIMES = 10_000
MOST_UNITS_FOR_ALL = 10**9
MOST_FEN_OF_A_UNIT = 10**9

Times = Annotated[int, Field(ge=1, le=MOST_TIMES)]
Points = Annotated[int, Field(ge=0, le=MOST_POINTS_OF_A_UNIT)]
Weekday = Annotated[int, Field(ge=1, le=7)]
Codes = Annotated[list[Code], Field(min_length=1, max_length=50)]


class HoursIn(StrictModel):
    """Hours of the day in Asia/Shanghai, until before the second; over midnight when that is the earlier one."""

    start: Clock = Field(alias="from", examples=["14:00"])
    end: Clock = Field(alias="to", examples=["17:00"])

    @model_validator(mode="after")
    def _some_time(self) -> Self:
        if self.start == self.end:
            raise invalid_input("range", "起止时间不能相同", "must not end when it begins")
        return self


class PriceIn(StrictModel):
    """Points for one unit, for whom every condition that is set holds."""

    tier: Code | None = Field(description="Exactly this tier; null fits everybody")
    points: Points
    money: Cny | None = Field(
        default=None, description="CNY to be paid beside the points; awaited for `pay_minutes`", examples=["50.00"]
    )
    tag: Code | None = Field(default=None, description="Only with this tag")
    class_of_service: Code | None = Field(default=None, description="Only for this class", examples=["A"])
    wallet: Code | None = Field(default=None, description="Paid from this wallet; null is the right's own")
    weekdays: Annotated[list[Weekday], Field(min_length=1, max_length=7)] | None = Field(
        default=None, description="1 is Monday"
    )
    hours: HoursIn | None = None
    first_day: Day | None = None
    last_day: Day | None = Field(default=None, description="Included")

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.first_day and self.last_day and self.first_day > self.last_day:
            raise invalid_input("range", "结束不能早于开始", "must not end before it begins")
        if self.money is not None and not 0 < self.money <= MOST_FEN_OF_A_UNIT:
            raise out_of_bounds(1, MOST_FEN_OF_A_UNIT)
        if self.money is not None and not self.points:
            raise invalid_input(
                "money_alone", "金额须与积分一同支付，不能单独收取", "money is paid beside points, never alone"
            )
        return self

    def document(self) -> dict[str, Any]:
        """Return the line with the conditions that it has."""
        own = self.model_dump(mode="json", by_alias=True, exclude_none=True)
        return {"tier": self.tier, **own}


class QuotaIn(StrictModel):
    """What a tier has free in each period."""

    tier: Code
    period: Period = Field(description="`tier`: as long as the customer is in this tier")
    times: Times


class LimitIn(StrictModel):
    """The most units that one customer takes in each period."""

    times: Times
    period: Period = Field(description="`tier`: as long as the customer is in the tier of the day")


class GuestsIn(StrictModel):
    """How many guests a tier may bring to one unit."""

    tier: Code
    guests: Annotated[int, Field(ge=0, le=MOST_GUESTS)]


class CompanionsIn(StrictModel):
    """Guests: how many, what one costs beyond their quota, and their quota, which is not the customer's own."""

    most: Annotated[list[GuestsIn], Field(min_length=1, max_length=10)]
    points: Points | None = Field(default=None, description="null: a guest costs what the unit costs")
    quotas: list[QuotaIn] = Field(default_factory=list, max_length=10)

    @model_validator(mode="after")
    def _each_tier_once(self) -> Self:
        refuse_twins([line.tier for line in self.most])
        refuse_twins([quota.tier for quota in self.quotas])
        return self


class AudienceIn(StrictModel):
    """For whom and when; of tiers and tags one has to fit, and what is not set leaves it open."""

    tiers: Codes | None = None
    tags: Codes | None = None
    start: Instant | None = Field(default=None, alias="from")
    end: Instant | None = Field(default=None, alias="to")

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.start and self.end and self.start >= self.end:
            raise invalid_input("range", "结束须晚于开始", "must not end before it begins")
        return self

    def document(self) -> dict[str, Any]:
        """Return the conditions that are set, instants in UTC."""
        lists = self.model_dump(mode="json", exclude={"start", "end"}, exclude_none=True)
        times = {"from": written(self.start), "to": written(self.end)}
        return lists | {name: text for name, text in times.items() if text is not None}


class VisibilityIn(AudienceIn):
    """Who sees a right at all: to everybody else there is none."""

    branches: Codes | None = Field(default=None, description="Customers of these branches and of those below")


class AppointmentTermsIn(StrictModel):
    """How a right is booked that is served by appointment; hours count back from the beginning of the slot."""

    lead_hours: Annotated[int, Field(ge=0, le=MOST_HOURS)] = Field(
        default=0, description="A slot is booked so many hours before it at the latest"
    )
    cancel_hours: Annotated[int, Field(ge=0, le=MOST_HOURS)] | None = Field(
        default=None, description="The customer cancels so many hours before it at the latest; null: never"
    )
    change_hours: Annotated[int, Field(ge=0, le=MOST_HOURS)] | None = Field(
        default=None, description="The customer takes another slot so many hours before it at the latest; null: never"
    )
    no_show: NoShow = Field(
        default=NoShow.KEPT, description="What becomes of points and quota of somebody who does not come"
    )


class GivesIn(StrictModel):
    """Points of another kind, which each unit of the right is."""

    wallet: Code = Field(description="Another kind than any that pays, and none of growth", examples=["club"])
    points: Annotated[int, Field(ge=1, le=MOST_POINTS_OF_A_UNIT)] = Field(description="For each unit", examples=[10])
    to: GivenTo = Field(
        default=GivenTo.CUSTOMER, description="other: to the customer whose receiving code is sent with the redemption"
    )


_PLAIN: Final = (
    *("total_limit", "step_up_points", "cancel_hours", "owner_branch"),
    "pay_minutes",
    *("code_days", "code_last_day", "code_inactive_days", "static_code"),
)
"""Terms that the document holds as they are written."""


class CauseIn(StrictModel):
    """For whom and for what a unit is, and what the bank gives for it."""

    organisation_zh: Annotated[str, OneLine(80)] = Field(examples=["上海市儿童健康基金会"])
    organisation_en: Annotated[str, OneLine(80)] = Field(examples=["Shanghai Children's Health Foundation"])
    project_zh: Annotated[str, OneLine(80)] = Field(examples=["乡村小学热午餐"])
    project_en: Annotated[str, OneLine(80)] = Field(examples=["Hot lunches for village schools"])
    unit_value: Cny = Field(description="CNY that the organisation receives for a unit", examples=["1.00"])

    @model_validator(mode="after")
    def _worth_something(self) -> Self:
        if not 0 < self.unit_value <= MOST_FEN_OF_A_UNIT:
            raise out_of_bounds(1, MOST_FEN_OF_A_UNIT)
        return self


class TermsIn(StrictModel):
    """On which terms a right is there; all of them are approved as one."""

    minimum_tier: Code | None = None
    prices: Annotated[list[PriceIn], Field(min_length=1, max_length=10, description="The first that fits counts")]
    quotas: list[QuotaIn] = Field(default_factory=list, max_length=10, description="They go before the points")
    companions: CompanionsIn | None = Field(default=None, description="Nobody brings guests without it")
    visibility: VisibilityIn | None = None
    eligibility: AudienceIn | None = Field(default=None, description="Who may have it, of those who see it")
    limit: LimitIn | None = None
    total_limit: Annotated[int, Field(ge=1, le=MOST_UNITS_FOR_ALL)] | None = Field(
        default=None, description="The most units for everybody together"
    )
    step_up_points: Annotated[int, Field(ge=1, le=MOST_POINTS_OF_A_UNIT)] | None = Field(
        default=None, description="From so many points on a redemption needs a step-up proof"
    )
    cancel_hours: Annotated[int, Field(ge=1, le=MOST_CANCEL_HOURS)] | None = Field(
        default=None, description="For so many hours the customer may cancel; null: never"
    )
    code_days: Annotated[int, Field(ge=0, le=MOST_CODE_DAYS)] | None = Field(
        default=None, description="So many days after the one of the redemption its codes can be used; null: always"
    )
    code_last_day: Day | None = Field(default=None, description="No code is used, and none is sold, after this day")
    code_inactive_days: Annotated[int, Field(ge=1, le=MOST_CODE_DAYS)] | None = Field(
        default=None, description="So many days after the one of the redemption its codes begin to be good; null: 0"
    )
    static_code: bool | None = Field(
        default=None, description="The picture of a code lives until it is used: for a supplier that is not connected"
    )
    beneficiary: Beneficiary = Field(default=Beneficiary.NONE, description="Whether somebody else may be served")
    owner_branch: Code | None = Field(
        default=None, description="Code of the branch whose right it is: offered to its customers and those below it"
    )
    budget_line: Line | None = Field(
        default=None, description="Paid from the budget of its owner, this line and the year; a hard stop"
    )
    unit_cost: Cny | None = Field(
        default=None, description="What a unit or guest takes from the budget; null: the worth of the points paid"
    )
    appointment: AppointmentTermsIn | None = Field(
        default=None, description="Served by appointment: a redemption names a slot"
    )
    release_plan: ReleasePlanIn | None = Field(
        default=None, description="How a counted stock comes on offer; null: all of it at once"
    )
    substitutes: Substitutes | None = Field(
        default=None, description="What its customers can have instead where it cannot be delivered"
    )
    gives: GivesIn | None = Field(
        default=None,
        description="It is points of another kind: given at once, for points alone, and taken back whole or not at all",
    )
    donates: CauseIn | None = Field(
        default=None, description="It is a donation: fulfilled at once, for points alone, given back within its month"
    )
    pay_minutes: Annotated[int, Field(ge=1, le=MOST_PAY_MINUTES)] | None = Field(
        default=None, description=f"How long the money of its prices is awaited; null: {PAY_MINUTES}"
    )
    on_sale_from: Instant | None = None
    on_sale_to: Instant | None = None

    @model_validator(mode="after")
    def _hold_together(self) -> Self:
        _refuse_twins_of_prices(self.prices)
        refuse_twins([quota.tier for quota in self.quotas])
        refuse_twin_rights(self.substitutes or [])
        if self.on_sale_from and self.on_sale_to and self.on_sale_from >= self.on_sale_to:
            raise invalid_input("range", "结束须晚于开始", "must not end before it begins")
        if self.code_inactive_days and self.code_days is not None and self.code_inactive_days > self.code_days:
            raise invalid_input("range", "券码启用前的天数不能多于其有效天数", "codes must not end before they begin")
        if self.budget_line is not None and self.owner_branch is None:
            raise invalid_input(
                "owner", "使用预算须填写 owner_branch", "a budget is the owner's: owner_branch is missing"
            )
        if self.appointment is not None and self.cancel_hours is not None:
            raise invalid_input(
                "appointment",
                "预约按其自身的时限取消，不能填写 cancel_hours",
                "an appointment is cancelled by its own hours, not by cancel_hours",
            )
        if self.unit_cost is not None and not 0 <= self.unit_cost <= MOST_FEN_OF_A_UNIT:
            raise out_of_bounds(0, MOST_FEN_OF_A_UNIT)
        return self

    @model_validator(mode="after")
    def _points_for_points(self) -> Self:
        if self.gives is None and self.donates is None:
            return self
        beside = (self.quotas, self.companions, self.appointment, self.cancel_hours, self.static_code)
        paid = all(price.points and price.money is None for price in self.prices)
        both = self.gives is not None and self.donates is not None
        if both or any(beside) or self.beneficiary is not Beneficiary.NONE or not paid:
            raise invalid_input(
                "gives",
                "换取积分与捐赠只能以积分支付：不能有免费次数、同行人、预约、取消、现金或零价格",
                "points alone pay for points and donations: no quota, guests, booking, cancellation, money, price of 0",
            )
        return self

    def document(self) -> dict[str, Any]:
        """Return the terms in the form in which they are submitted and approved."""
        plain = self.model_dump(mode="json", include={"minimum_tier", "quotas", "limit"})
        return {
            **plain,
            "prices": [price.document() for price in self.prices],
            "on_sale_from": written(self.on_sale_from),
            "on_sale_to": written(self.on_sale_to),
            **{name: value for name, value in self._offer().items() if value is not None},
        }

    def _offer(self) -> dict[str, Any]:
        some = self.model_dump(
            mode="json", include={*_PLAIN, "companions", "budget_line", "unit_cost", "appointment", "gives", "donates"}
        )
        audiences = {"visibility": self.visibility, "eligibility": self.eligibility}
        return {
            **some,
            **{name: audience.document() or None for name, audience in audiences.items() if audience},
            "beneficiary": None if self.beneficiary is Beneficiary.NONE else self.beneficiary.value,
            "static_code": self.static_code or None,
            "substitutes": written_substitutes(self.substitutes),
            "release_plan": None if self.release_plan is None else self.release_plan.document(),
        }


def _refuse_twins_of_prices(prices: Sequence[PriceIn]) -> None:
    """Refuse a price that an earlier one with the same conditions always comes before."""
    conditions = [price.model_dump_json(exclude={"points", "money"}) for price in prices]
    if len(set(conditions)) != len(conditions):
        raise invalid_input("duplicate_item", "相同条件不能有两个价格", "must not give two prices for the same")


def refuse_twins(tiers: Sequence[str]) -> None:
    """Refuse a list that names a tier twice."""
    if len(set(tiers)) != len(tiers):
        raise invalid_input("duplicate_item", "同一层级不能重复", "must not name a tier twice")


def written(instant: datetime | None) -> str | None:
    """Write an instant as the document holds it."""
    return instant.astimezone(UTC).isoformat() if instant else None
