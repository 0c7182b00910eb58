"""What the customer port says to customers of themselves."""

from datetime import date

from pydantic import Field

from guibin.core.ids import CustomerId
from guibin.core.money import Cny
from guibin.managers.models import Grade
from guibin.tiers.models import Tier
from guibin.tiers.repository import CurrentTier
from guibin.web import OutModel


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
    missing: Cny | None = Field(description="What my average lacks; 0.00 when it is reached; null when unknown")
    growth_points: int | None = Field(description="Points of growth that give it as well; null where none do")
    growth_missing: int | None = Field(description="What my points of growth lack to that, as of the figures")


class MyTierDetailOut(OutModel):
    """My tier, what decided it, and what the next one takes."""

    tier: MyTierOut | None = Field(description="Null: no tier yet")
    average: Cny | None = Field(description="My daily average over the last complete month; null when unknown")
    average_month: date | None = Field(description="First day of that month")
    as_of: date | None = Field(description="The business day of these figures")
    next: NextTierOut | None = Field(description="Null: I have the highest tier")


class MyManagerOut(OutModel):
    """Who serves me."""

    name: str | None
    grade: Grade
    branch: str = Field(examples=["陆家嘴支行"])
    office_phone: str | None
