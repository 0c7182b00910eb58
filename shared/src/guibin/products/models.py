"""Products: what a holding is of."""

from enum import StrEnum

from sqlalchemy import Text
from sqlmodel import Field

from guibin.core.lines import Line
from guibin.core.models import REFERENCE, SQLModel, one_of, text_column


class ProductClass(StrEnum):
    """The classes that weights, facts and rules speak of."""

    CARDS = "cards"
    WEALTH_MANAGEMENT = "wealth_management"
    DEPOSITS = "deposits"
    STRUCTURED = "structured"
    E_CHANNELS = "e_channels"
    AGGREGATE_PAYMENT = "aggregate_payment"
    MERCHANT_LOANS = "merchant_loans"
    MICRO_LOANS = "micro_loans"
    FUND = "fund"
    INSURANCE = "insurance"
    BULLION = "bullion"
    CERTIFICATE_OF_DEPOSIT = "certificate_of_deposit"
    BOND = "bond"
    CUSTODY = "custody"
    TRUST = "trust"


class Side(StrEnum):
    """Whether the bank owes the customer or the customer the bank."""

    ASSET = "asset"
    LIABILITY = "liability"


class Product(SQLModel, table=True):
    """A product (产品)."""

    __tablename__ = "product"
    __table_args__ = (
        one_of("line", Line),
        one_of("product_class", ProductClass),
        one_of("side", Side),
        REFERENCE,
    )

    code: str = Field(sa_type=Text, primary_key=True)
    line: str = text_column()
    product_class: str = text_column()
    side: str = text_column()
    name_zh: str = text_column()
    name_en: str = text_column()
    risk_level: int | None = Field(default=None, ge=1, le=5, description="R1 to R5")
    weight_percent: int = Field(default=100, description="The default coefficient of the class in tier metrics")
