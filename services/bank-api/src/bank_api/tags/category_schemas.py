"""What the bank port says of the categories of tags."""

from pydantic import Field

from guibin.core.text import Code
from guibin.tags.models import TagAxis
from guibin.web import OutModel, StrictModel

from .schemas import Name


class CategoryIn(StrictModel):
    """A new category, below one that there is."""

    code: Code = Field(examples=["asset_structure.personal.young"])
    parent: Code = Field(examples=["asset_structure.personal"])
    name_zh: Name = Field(examples=["青年客户"])
    name_en: Name = Field(examples=["Young customers"])


class CategoryOut(OutModel):
    """A category of tags."""

    code: str
    parent_code: str | None = Field(description="Null for the axes, which are the roots")
    axis: TagAxis
    name_zh: str
    name_en: str


class CategoriesOut(OutModel):
    """The tree of categories, parents named by their codes."""

    items: list[CategoryOut]
