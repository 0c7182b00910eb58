"""What the bank port says and takes of the matrix of grades and tiers."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Annotated

from pydantic import Field

from guibin.core import clock
from guibin.core.ids import MatrixId
from guibin.core.text import Code, OneLine
from guibin.managers.matrix.models import ManagerMatrix
from guibin.managers.matrix.rules import Content, MatrixStage, SecondRole, TierLine, stage_of
from guibin.managers.matrix.service import Draft
from guibin.managers.models import Grade
from guibin.products.models import ProductClass
from guibin.web import Day, OutModel, StrictModel

MOST_TIERS = 20
MOST_DEMANDS = 100
TIERS = {
    "T3": {"primary": ["expert"], "fallback": ["private_banker"], "licence": "fund_sales"},
    "T4": {"primary": ["private_banker"], "fallback": ["expert"], "second_role": "branch_leader"},
}


class MatrixTierIn(StrictModel):
    """Who serves a tier."""

    primary: list[Grade] = Field(min_length=1, max_length=len(Grade), description="Grades that should serve it")
    fallback: list[Grade] = Field(
        default=[], max_length=len(Grade), description="Grades that may where none that should has room"
    )
    second_role: SecondRole | None = Field(default=None, description="Who serves its customers beside the manager")
    licence: Code | None = Field(default=None, description="Licence that it takes", examples=["private_banking"])


class ManagerMatrixIn(StrictModel):
    """A version of the matrix as its maker writes it."""

    name: Annotated[str, OneLine(60)] = Field(examples=["2027 对应表"])
    tiers: dict[Code, MatrixTierIn] = Field(
        min_length=1,
        max_length=MOST_TIERS,
        json_schema_extra={"additionalProperties": False},
        description="A tier that is left out has no managers: its customers wait with no_rule",
        examples=[TIERS],
    )
    product_licences: dict[ProductClass, Code] = Field(
        default={},
        max_length=len(ProductClass),
        json_schema_extra={"additionalProperties": False},
        description="Licence that a manager needs for customers who hold a product class",
        examples=[{"fund": "fund_sales"}],
    )
    tag_skills: dict[Code, Code] = Field(
        default={},
        max_length=MOST_DEMANDS,
        json_schema_extra={"additionalProperties": False},
        description="Skill that a manager needs for customers who have a tag",
    )
    effective_from: Day | None = Field(default=None, description="First day; null: once approved")

    def draft(self) -> Draft:
        """Say what is asked for."""
        lines = {tier: TierLine(**line.model_dump()) for tier, line in self.tiers.items()}
        products = {name.value: licence for name, licence in self.product_licences.items()}
        content = Content(tiers=lines, product_licences=products, tag_skills=self.tag_skills)
        return Draft(self.name, content, self.effective_from)


class MatrixTierOut(OutModel):
    """Who serves a tier."""

    primary: Sequence[Grade] = Field(description="Grades that should serve it")
    fallback: Sequence[Grade] = Field(description="Grades that may where none that should has room")
    second_role: SecondRole | None = Field(description="Who serves its customers beside the manager")
    licence: str | None = Field(description="Licence that it takes", examples=["private_banking"])


class ManagerMatrixOut(OutModel):
    """A version of the matrix: which grade should and may serve which tier."""

    id: MatrixId
    name: str
    state: MatrixStage = Field(description="Where it stands today")
    revision: int = Field(description="Counts edits; the ETag")
    tiers: dict[str, MatrixTierOut] = Field(examples=[TIERS])
    product_licences: dict[str, str] = Field(examples=[{"fund": "fund_sales"}])
    tag_skills: dict[str, str]
    effective_from: date | None = Field(description="First day; null: for ever, or of a draft once approved")
    effective_to: date | None = Field(description="First day of the version after it")
    created_at: datetime
    activated_at: datetime | None

    @classmethod
    def of(cls, matrix: ManagerMatrix) -> "ManagerMatrixOut":
        """Describe a version as it stands today."""
        stage = stage_of(matrix.state, matrix.effective_from, matrix.effective_to, on=clock.today())
        content = Content.model_validate(matrix.content).model_dump(mode="json")
        return cls.model_validate({**matrix.model_dump(exclude={"content"}), **content, "state": stage})
