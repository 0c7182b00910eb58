"""What the bank port says and takes of service standards."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Annotated, Self

from pydantic import Field

from guibin.care.standards.models import ServiceStandard, StandardState
from guibin.care.standards.repository import Kept
from guibin.care.standards.rules import PromiseKind, Sheet, Words, percent_kept
from guibin.care.standards.service import sheets_of
from guibin.core.ids import ManagerId, StandardId
from guibin.core.text import Code, OneLine
from guibin.managers.models import Grade
from guibin.web import Day, OutModel, StrictModel

MOST_OTHERS = 10
Days = Annotated[int, Field(ge=0, le=90)]
Times = Annotated[int, Field(ge=0, le=366)]


class OtherPromiseIn(StrictModel):
    """A promise in words."""

    zh: Annotated[str, OneLine(100)] = Field(examples=["机场贵宾厅免费使用"])
    en: Annotated[str, OneLine(200)] = Field(examples=["Free visits to airport lounges"])


class SheetIn(StrictModel):
    """What a tier is promised."""

    grade: Grade = Field(description="Of the manager who serves the tier", examples=["senior"])
    contacts_a_year: Times = Field(examples=[6])
    reviews_a_year: Times = Field(examples=[1])
    answer_days: Days = Field(description="Calendar days to the first answer to a complaint", examples=[1])
    resolve_days: Days = Field(description="Calendar days to its resolution", examples=[10])
    others: list[OtherPromiseIn] = Field(default_factory=list, max_length=MOST_OTHERS)

    def wanted(self) -> Sheet:
        """Return the sheet in the command's form."""
        return Sheet(
            grade=self.grade,
            contacts_a_year=self.contacts_a_year,
            reviews_a_year=self.reviews_a_year,
            answer_days=self.answer_days,
            resolve_days=self.resolve_days,
            others=tuple(Words(zh=one.zh, en=one.en) for one in self.others),
        )


class ServiceStandardIn(StrictModel):
    """The sheets of all tiers, as their maker writes them."""

    name: Annotated[str, OneLine(60)] = Field(examples=["2027 服务标准"])
    sheets: dict[Code, SheetIn] = Field(
        min_length=1,
        max_length=20,
        json_schema_extra={"additionalProperties": False},
        description="Every tier with a manager once; a higher tier is promised no less",
        examples=[
            {
                "T1": {
                    "grade": "intermediate",
                    "contacts_a_year": 4,
                    "reviews_a_year": 0,
                    "answer_days": 2,
                    "resolve_days": 15,
                }
            }
        ],
    )

    def wanted(self) -> dict[str, Sheet]:
        """Return the sheets in the command's form."""
        return {tier: sheet.wanted() for tier, sheet in self.sheets.items()}


class StandardSubmissionIn(StrictModel):
    """From when on a standard shall be in force."""

    effective_from: Day | None = Field(default=None, description="First day; the day of the decision where left out")


class OtherPromiseOut(OutModel):
    """A promise in words."""

    zh: str
    en: str


class SheetOut(OutModel):
    """What a tier is promised."""

    grade: Grade
    contacts_a_year: int
    reviews_a_year: int
    answer_days: int = Field(description="Calendar days to the first answer to a complaint")
    resolve_days: int = Field(description="Calendar days to its resolution")
    others: list[OtherPromiseOut]


class ServiceStandardOut(OutModel):
    """A version of the sheets of all tiers."""

    id: StandardId
    name: str
    state: StandardState
    revision: int = Field(description="Counts edits; the ETag")
    effective_from: date | None = Field(description="First day; null before it is published")
    sheets: dict[str, SheetOut]
    created_at: datetime

    @classmethod
    def of(cls, standard: ServiceStandard) -> Self:
        """Describe a version."""
        sheets = {tier: sheet.model_dump() for tier, sheet in sheets_of(standard).items()}
        return cls.model_validate({**standard.model_dump(), "sheets": sheets})


class KeptOut(OutModel):
    """How many promises of a kind fell due to the customers of a tier, and how many were kept."""

    measure: PromiseKind
    tier: str = Field(examples=["T2"])
    branch: str = Field(description="Code of the customers' branch", examples=["310101"])
    manager_id: ManagerId | None = Field(description="Null: nobody served them")
    due: int
    kept: int
    percent: float | None = Field(description="Null where none was due", examples=[92.5])


class StandardsKeptOut(OutModel):
    """What was kept of the standard in a month, by promise, tier, branch and manager."""

    month: str = Field(examples=["2026-10"])
    standard_id: StandardId | None = Field(description="In force on the month's last day; null: none was")
    items: list[KeptOut]

    @classmethod
    def of(cls, month: str, standard: ServiceStandard | None, rows: Sequence[Kept]) -> Self:
        """Describe the counts."""
        items = [
            KeptOut(
                measure=PromiseKind(row.measure),
                tier=row.tier,
                branch=row.branch,
                manager_id=row.manager_id,
                due=row.due,
                kept=row.kept,
                percent=percent_kept(row.kept, row.due),
            )
            for row in rows
        ]
        return cls(month=month, standard_id=standard.id if standard else None, items=items)
