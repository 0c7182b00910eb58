"""What merges took over of points, and what their undoing gave back: each side is a row on its own customer's shard."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKeyConstraint, Index
from sqlmodel import Field

from guibin.core.models import BY_CUSTOMER, SQLModel, instant, one_of, text_column
from guibin.points.transfer_rules import TransferSide


class PointsMerge(SQLModel, table=True):
    """One side of what went over; the function `points_merge` writes both, as `points_unmerge` does."""

    __tablename__ = "points_merge"
    __table_args__ = (
        one_of("side", TransferSide),
        CheckConstraint("points >= 0 AND debt >= 0 AND points + debt > 0", name="something"),
        CheckConstraint("other_id <> customer_id", name="between_two"),
        ForeignKeyConstraint(["customer_id", "entry_id"], ["points_entry.customer_id", "points_entry.id"]),
        Index(None, "customer_id", "merge_id"),
        BY_CUSTOMER,
    )

    customer_id: UUID = Field(primary_key=True)
    id: UUID = Field(primary_key=True)
    merge_id: UUID = Field(description="The merge in the journal")
    side: str = text_column()
    wallet: str = text_column()
    points: int = Field(sa_type=BigInteger)
    debt: int = Field(sa_type=BigInteger)
    other_id: UUID = Field(description="The customer on the other side")
    entry_id: UUID
    undoes: bool = Field(description="Given back when the merge was undone")
    posted_at: datetime = instant()
    posted_on: date = Field(description="Day of business")
