"""What customers donated by redemptions, and for what."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKeyConstraint
from sqlmodel import Field

from guibin.core.models import BY_CUSTOMER, SQLModel, instant, text_column


class RedemptionDonation(SQLModel, table=True):
    """A donation (捐赠), as its receipt says: the cause and the worth of a unit are those of its moment."""

    __tablename__ = "redemption_donation"
    __table_args__ = (
        CheckConstraint("unit_value_fen > 0", name="worth_something"),
        ForeignKeyConstraint(["customer_id", "redemption_id"], ["redemption.customer_id", "redemption.id"]),
        BY_CUSTOMER,
    )

    customer_id: UUID = Field(primary_key=True, foreign_key="customer.id")
    redemption_id: UUID = Field(primary_key=True)
    organisation_zh: str = text_column()
    organisation_en: str = text_column()
    project_zh: str = text_column()
    project_en: str = text_column()
    unit_value_fen: int = Field(sa_type=BigInteger, description="What the bank gives the organisation for a unit")
    named: bool = Field(description="Whether the customer agreed to be named")
    donated_at: datetime = instant()
