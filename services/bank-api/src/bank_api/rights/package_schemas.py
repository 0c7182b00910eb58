"""What the bank port says and takes of packages."""

from datetime import date, datetime
from typing import Annotated, Any, Self

from pydantic import ConfigDict, Field, model_validator

from guibin.core.ids import PackageId, RightId
from guibin.core.invalid import invalid_input
from guibin.core.text import Code, OneLine
from guibin.rights.models import PackagePeriod, PackageState, RightsPackage
from guibin.rights.packages import MOST_RIGHTS, MOST_UNITS_OF_A_RIGHT, PackageTerms
from guibin.rights.service import PackageContent
from guibin.web import Day, OutModel, StrictModel

from .terms import refuse_twins

MOST_TIERS = 20

EXAMPLE: dict[str, Any] = {
    "name_zh": "出行健康权益包",
    "name_en": "Travel and health",
    "period": "quarter",
    "tiers": [{"tier": "T3", "choose": 1}],
    "rights": [{"right_id": "rgt_01934f6e-7a10-7c3e-9d55-2f60a1b2c3d4", "units": 2}],
}


class PackageTierIn(StrictModel):
    """How many of the rights a customer of a tier chooses."""

    tier: Code
    choose: Annotated[int, Field(ge=1, le=MOST_RIGHTS)]


class PackageRightIn(StrictModel):
    """A right that can be chosen, and how many units of it a choice gives."""

    right_id: RightId
    units: Annotated[int, Field(ge=1, le=MOST_UNITS_OF_A_RIGHT)] = 1


class PackageContentIn(StrictModel):
    """A version of a package as its maker writes it."""

    model_config = ConfigDict(json_schema_extra={"examples": [EXAMPLE]})

    name_zh: Annotated[str, OneLine(60)]
    name_en: Annotated[str, OneLine(60)]
    period: PackagePeriod = Field(description="A choice is good for one calendar period")
    tiers: Annotated[list[PackageTierIn], Field(min_length=1, max_length=MOST_TIERS)]
    rights: Annotated[list[PackageRightIn], Field(min_length=1, max_length=MOST_RIGHTS)]
    last_day: Day | None = Field(default=None, description="After it nothing is chosen or taken any more")

    @model_validator(mode="after")
    def _each_once(self) -> Self:
        refuse_twins([line.tier for line in self.tiers])
        if len({line.right_id for line in self.rights}) < len(self.rights):
            raise invalid_input("duplicate_item", "同一权益不能重复", "must not name a right twice")
        return self

    def content(self) -> PackageContent:
        """Return the command's content."""
        terms = PackageTerms(
            period=self.period,
            choose={line.tier: line.choose for line in self.tiers},
            units={line.right_id: line.units for line in self.rights},
            last_day=self.last_day,
        )
        return PackageContent(self.name_zh, self.name_en, terms)


class PackageIn(PackageContentIn):
    """A new package, or the next version of the one with this code."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"code": "travel_health", **EXAMPLE}]})

    code: Code = Field(examples=["travel_health"])


class PackageTierOut(OutModel):
    """How many of the rights a customer of a tier chooses."""

    tier: str
    choose: int


class PackageRightOut(OutModel):
    """A right that can be chosen, and how many units of it a choice gives."""

    right_id: RightId
    units: int


class PackageOut(OutModel):
    """A version of a package."""

    id: PackageId
    code: str = Field(examples=["travel_health"])
    version: int
    state: PackageState = Field(description="`published`: in force from its first day until a later version's")
    revision: int = Field(description="Counts edits; the ETag")
    name_zh: str
    name_en: str
    period: PackagePeriod
    tiers: list[PackageTierOut]
    rights: list[PackageRightOut]
    first_day: date | None = Field(description="Of the period with which it came, or comes, into force")
    last_day: date | None
    created_at: datetime

    @classmethod
    def of(cls, package: RightsPackage) -> Self:
        """Describe a version."""
        terms = PackageTerms.of(package)
        own = cls.model_fields.keys() - {"tiers", "rights"}
        return cls(
            tiers=[PackageTierOut(tier=tier, choose=choose) for tier, choose in terms.choose.items()],
            rights=[PackageRightOut(right_id=right_id, units=units) for right_id, units in terms.units.items()],
            **{name: getattr(package, name) for name in own},
        )
