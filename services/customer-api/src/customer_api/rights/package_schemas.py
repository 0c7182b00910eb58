"""What the customer port says and takes of packages."""

from datetime import date
from typing import Annotated, Self

from pydantic import ConfigDict, Field, model_validator

from guibin.core.ids import PackageId, RightId
from guibin.core.invalid import invalid_input
from guibin.rights.models import PackagePeriod
from guibin.rights.packages import MOST_RIGHTS, Allowance
from guibin.rights.service import MyPackage
from guibin.web import OutModel, StrictModel


class RightPackageOut(OutModel):
    """What a package that I chose gives of a right in the period that is running."""

    package_id: PackageId
    units: int
    left: int
    period_end: date = Field(description="After this day what was not taken lapses")

    @classmethod
    def of(cls, given: Allowance) -> Self:
        """Describe what a package gives."""
        return cls(package_id=given.package_id, units=given.units, left=given.left, period_end=given.period.last)


class PackageRightOut(OutModel):
    """A right of a package."""

    right_id: RightId
    right_name: str = Field(examples=["机场贵宾厅"])
    units: int = Field(description="Units that it gives when I choose it")
    chosen: bool
    left: int = Field(description="Units that I can still take in this period; 0 when it is not chosen")


class MyPackageOut(OutModel):
    """A package of mine: for each period I choose so many of its rights."""

    id: PackageId
    code: str = Field(examples=["travel_health"])
    name: str = Field(examples=["出行健康权益包"])
    period: PackagePeriod
    period_start: date
    period_end: date = Field(description="After this day what was not taken lapses")
    choose: int = Field(description="How many of the rights I may choose")
    changeable: bool = Field(description="Whether I can exchange what I chose: until the first use")
    rights: list[PackageRightOut]

    @classmethod
    def of(cls, mine: MyPackage, language: str) -> Self:
        """Describe a package in the customer's language."""
        package = mine.package
        return cls(
            id=package.id,
            code=package.code,
            name=package.name_en if language == "en" else package.name_zh,
            period=PackagePeriod(package.period),
            period_start=mine.period.first,
            period_end=mine.period.last,
            choose=mine.choose,
            changeable=mine.changeable,
            rights=[
                PackageRightOut(
                    right_id=line.item.id,
                    right_name=line.item.name_en if language == "en" else line.item.name_zh,
                    units=line.units,
                    chosen=line.chosen,
                    left=line.left,
                )
                for line in mine.lines
            ],
        )


class MyPackagesOut(OutModel):
    """My packages."""

    items: list[MyPackageOut]


class PackageChoiceIn(StrictModel):
    """All the rights that I choose for this period."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"rights": ["rgt_01934f6e-7a10-7c3e-9d55-2f60a1b2c3d4"]}]}
    )

    rights: Annotated[list[RightId], Field(min_length=1, max_length=MOST_RIGHTS)]

    @model_validator(mode="after")
    def _each_once(self) -> Self:
        if len(set(self.rights)) < len(self.rights):
            raise invalid_input("duplicate_item", "同一权益不能重复", "must not name a right twice")
        return self
