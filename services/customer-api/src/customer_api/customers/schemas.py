"""What the customer port says to customers of themselves."""

from datetime import date, timedelta

from pydantic import Field

from guibin.care.standards.rules import Sheet
from guibin.core.freshness import FigureDay
from guibin.core.ids import CustomerId
from guibin.core.money import Cny
from guibin.managers.models import Grade
from guibin.tiers.models import Tier
from guibin.tiers.outlook import Outlook
from guibin.tiers.repository import CurrentTier
from guibin.web import FreshnessOut, OutModel


def name_in(language: str, tier: Tier | CurrentTier) -> str:
    """Return the name of a tier in the language of the call."""
    return tier.name_en if language == "en" else tier.name_zh


class MyTierOut(OutModel):
    """My service level."""

    code: str = Field(examples=["T2"])
    name: str = Field(examples=["白金客户"])
    since: date

    @classmethod
    def of(cls, tier: CurrentTier | None, language: str) -> "MyTierOut | None":
        """Describe a tier; None stays None."""
        return cls(code=tier.code, name=name_in(language, tier), since=tier.since) if tier else None


class MeOut(OutModel):
    """Who I am to the bank."""

    id: CustomerId
    name: str | None = Field(examples=["王小明"])
    tier: MyTierOut | None = Field(description="Null: no tier yet")


class NextTierOut(OutModel):
    """The tier above mine."""

    code: str
    name: str
    lower_bound: Cny = Field(description="Month-daily average from which the tier is given")
    missing: Cny | None = Field(
        description="What my average lacked in the last period; 0.00 when it is reached; null when unknown"
    )
    growth_points: int | None = Field(description="Points of growth that give it as well; null where none do")
    growth_missing: int | None = Field(description="What my points of growth lack to that, as of the figures")


class MyTierOutlookOut(OutModel):
    """What the next evaluation of my tier will find, if my balances stay as they are."""

    freshness: FreshnessOut = Field(description="Of my balances; what they do not say is not foretold")
    decides_on: date = Field(description="The day whose figures decide next; my tier may change the day after")
    days_left: int = Field(examples=[6])
    forecast: Cny = Field(description="My average at the end of that day")
    forecast_code: str | None = Field(description="The tier that it gives; null: none", examples=["T2"])
    more_for_next: Cny | None = Field(
        description="How much more, held from tomorrow until then, gives the next tier; null: nothing does by then"
    )
    more_to_keep: Cny | None = Field(description="The same for my present tier; 0.00: it is kept")
    kept_until: date | None = Field(description="The last day of my tier, should nothing change; null: it stays")
    note: str | None = Field(
        description="What the bank would like to tell me of it",
        examples=["您的资产日均暂低于当前等级标准，等级及权益为您保留至2027-01-31。"],
    )

    @classmethod
    def of(cls, outlook: Outlook, day: FigureDay, language: str) -> "MyTierOutlookOut":
        """Describe an outlook from the balances of a day, in gentle words."""
        kept_until = None if outlook.falls_on is None else outlook.falls_on - timedelta(days=1)
        return cls(
            freshness=FreshnessOut.of(day),
            decides_on=outlook.period_ends,
            days_left=outlook.days_left,
            forecast=outlook.forecast_fen,
            forecast_code=outlook.forecast_tier,
            more_for_next=outlook.next.more_to_hold_fen if outlook.next else None,
            more_to_keep=outlook.keep.more_to_hold_fen if outlook.keep else None,
            kept_until=kept_until,
            note=None if kept_until is None else KEPT[language == "en"].format(kept_until),
        )


KEPT = (
    "您的资产日均暂低于当前等级标准，等级及权益为您保留至{}。",
    "Your average is below the line of your tier for now. Your tier and its privileges are kept until {}.",
)


class MyServiceStandardOut(OutModel):
    """What the bank promises customers of my tier."""

    manager_grade: Grade = Field(description="Of the manager who serves me")
    contacts_a_year: int = Field(examples=[6])
    reviews_a_year: int = Field(examples=[1])
    answer_days: int = Field(description="Calendar days to the first answer to a complaint", examples=[1])
    resolve_days: int = Field(description="Calendar days to its resolution", examples=[10])
    others: list[str] = Field(description="Other promises, in my language", examples=[["机场贵宾厅免费使用"]])

    @classmethod
    def of(cls, sheet: Sheet, language: str) -> "MyServiceStandardOut":
        """Describe a sheet."""
        return cls(
            manager_grade=sheet.grade,
            contacts_a_year=sheet.contacts_a_year,
            reviews_a_year=sheet.reviews_a_year,
            answer_days=sheet.answer_days,
            resolve_days=sheet.resolve_days,
            others=[one.en if language == "en" else one.zh for one in sheet.others],
        )


class MyTierDetailOut(OutModel):
    """My tier, what decided it, and what the next one takes."""

    tier: MyTierOut | None = Field(description="Null: no tier yet")
    average: Cny | None = Field(description="My daily average over the last complete month; null when unknown")
    average_month: date | None = Field(description="First day of that month")
    freshness: FreshnessOut | None = Field(description="Of `average`; null: none yet")
    next: NextTierOut | None = Field(description="Null: I have the highest tier")
    outlook: MyTierOutlookOut | None = Field(description="Null where a balance that counts is not known")
    service_standard: MyServiceStandardOut | None = Field(description="Null: nothing in particular is promised")


class MyStandInOut(OutModel):
    """Who serves me while my manager is away."""

    name: str | None
    grade: Grade
    branch: str = Field(examples=["陆家嘴支行"])
    office_phone: str | None
    until: date = Field(description="The day on which my manager is back")


class MyManagerOut(OutModel):
    """Who serves me."""

    name: str | None
    grade: Grade
    branch: str = Field(examples=["陆家嘴支行"])
    office_phone: str | None
    stand_in: MyStandInOut | None = Field(
        description="Who serves me today, while my manager is away; null: nobody need"
    )
