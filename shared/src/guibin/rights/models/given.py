"""Points that redemptions gave."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKeyConstraint, Text
from sqlmodel import Field

from guibin.core.models import BY_CUSTOMER, SQLModel, instant


class RedemptionPoints(SQLModel, table=True):
    """What a redemption gave in points, to whom, and by which entry of the receiver. Only SQL functions write it."""

    __tablename__ = "redemption_points"
    __table_args__ = (
        CheckConstraint("points > 0", name="points_positive"),
        ForeignKeyConstraint(["customer_id", "redemption_id"], ["redemption.customer_id", "redemption.id"]),
        BY_CUSTOMER,
    )

    customer_id: UUID = Field(primary_key=True)
    redemption_id: UUID = Field(primary_key=True)
    receiver_id: UUID = Field(description="The customer whose points they are, who may be the same")
    wallet: str = Field(sa_type=Text, foreign_key="wallet.code")
    points: int = Field(sa_type=BigInteger)
    entry_id: UUID = Field(description="Of the receiver")
    given_at: datetime = instant()
