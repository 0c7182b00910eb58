"""What the bank port says of products."""

from typing import Annotated

from pydantic import Field

from guibin.core.lines import Line
from guibin.core.text import Code, OneLine
from guibin.products.models import ProductClass, Side
from guibin.web import OutModel, StrictModel

RiskLevel = Annotated[int, Field(ge=1, le=5, description="R1 (lowest) to R5")]


class ProductIn(StrictModel):
    """A new product."""

    code: Code = Field(examples=["PF-DEP-01"])
    line: Line
    product_class: ProductClass
    side: Side
    name_zh: Annotated[str, OneLine(80)] = Field(examples=["活期存款"])
    name_en: Annotated[str, OneLine(80)] = Field(examples=["Current account"])
    risk_level: RiskLevel | None = None
    weight_percent: int = Field(default=100, ge=0, le=1_000, description="Default coefficient in tier metrics")


class ProductOut(OutModel):
    """A product."""

    code: str
    line: Line
    product_class: ProductClass
    side: Side
    name_zh: str
    name_en: str
    risk_level: int | None
    weight_percent: int
