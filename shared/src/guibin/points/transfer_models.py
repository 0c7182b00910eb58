"""Transfers of points between customers. Only the function `points_transfer` writes this table."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKeyConstraint, Index, text
from sqlmodel import Field

from guibin.core.models import BY_CUSTOMER, SQLModel, instant, one_of, text_column
from guibin.points.transfer_rules import TransferSide


class PointsTransfer(SQLModel, table=True):
    """One side of a transfer: both customers have a row under the transfer's id. Insert only."""

    __tablename__ = "points_transfer"
    __table_args__ = (
        one_of("side", TransferSide),
        CheckConstraint("points > 0", name="points_positive"),
        CheckConstraint("other_id <> customer_id", name="between_two"),
        ForeignKeyConstraint(["customer_id", "entry_id"], ["points_entry.customer_id", "points_entry.id"]),
        Index(None, "customer_id", "reverses", postgresql_where=text("reverses IS NOT NULL")),
        BY_CUSTOMER,
    )

    customer_id: UUID = Field(primary_key=True)
    id: UUID = Field(primary_key=True)
    side: str = text_column()
    wallet: str = text_column()
    points: int = Field(sa_type=BigInteger)
    other_id: UUID = Field(description="The customer on the other side")
    entry_id: UUID
    reverses: UUID | None = Field(
        default=None, description="The transfer of which this takes back, by the bank or a refund"
    )
    household_id: UUID | None = Field(default=None, description="The household whose points these were")
    posted_at: datetime = instant()
    posted_on: date = Field(description="Day of business")
    inheritance_id: UUID | None = Field(default=None, description="The claim of heirs by which the bank passed it on")
