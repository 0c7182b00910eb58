"""What a segment has beside a tag: customers pinned in or out by hand, and snapshots of its members."""

from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import Index, Text, text
from sqlmodel import Field

from guibin.core.models import BY_CUSTOMER, LOCAL, SQLModel, instant, one_of, text_column


class PinSide(StrEnum):
    """Where somebody by hand put a customer, whatever the rule says."""

    IN = "in"
    OUT = "out"


class SegmentPin(SQLModel, table=True):
    """A customer who was put into a segment, or out of it, by hand (手工锁定); no run changes that."""

    __tablename__ = "segment_pin"
    __table_args__ = (
        one_of("side", PinSide),
        Index(None, "tag_code", "customer_id", postgresql_where=text("until IS NULL")),
        BY_CUSTOMER,
    )

    customer_id: UUID = Field(primary_key=True, foreign_key="customer.id")
    tag_code: str = Field(sa_type=Text, primary_key=True, foreign_key="tag.code")
    since: date = Field(primary_key=True)
    until: date | None = Field(default=None, description="First day without it; NULL while it lasts")
    side: str = text_column()
    set_by: UUID
    reason: str = text_column()


class SegmentSnapshot(SQLModel, table=True):
    """The members of a segment as they were at a moment (人群快照); it never changes."""

    __tablename__ = "segment_snapshot"
    __table_args__ = (Index(None, "tag_code", "id"), LOCAL)

    id: UUID = Field(primary_key=True)
    tag_code: str = Field(sa_type=Text, foreign_key="tag.code")
    version: int | None = Field(default=None, description="The version of the rule in force")
    purpose: str = text_column()
    members: int
    taken_by: UUID
    taken_at: datetime = instant()


class SegmentSnapshotMember(SQLModel, table=True):
    """A customer in a snapshot."""

    __tablename__ = "segment_snapshot_member"
    __table_args__ = (Index(None, "snapshot_id", "customer_id"), BY_CUSTOMER)

    customer_id: UUID = Field(primary_key=True, foreign_key="customer.id")
    snapshot_id: UUID = Field(primary_key=True)
