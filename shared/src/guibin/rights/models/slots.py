"""Appointments: the slots of a right, and the places in them that redemptions hold."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, text
from sqlmodel import Field

from guibin.core.models import BY_CUSTOMER, SQLModel, distributed, instant, one_of, text_column


class SlotState(StrEnum):
    """The life of a slot: whoever holds a place in one that is closing gets everything back, then it is closed."""

    OPEN = "open"
    CLOSING = "closing"
    CLOSED = "closed"


class RightsSlot(SQLModel, table=True):
    """When and where a right is served, and for how many people (预约时段).

    Time and place never change, so that what a customer booked stays what it was: a slot is closed and another added.
    """

    __tablename__ = "rights_slot"
    __table_args__ = (
        one_of("state", SlotState),
        CheckConstraint("starts_at < ends_at", name="ends_after_it_begins"),
        CheckConstraint("taken BETWEEN 0 AND capacity", name="taken_within_capacity"),
        CheckConstraint("(state = 'open') = (close_reason IS NULL)", name="closed_for_a_reason"),
        CheckConstraint("state <> 'closed' OR taken = 0", name="closed_when_empty"),
        Index(
            None, "right_id", "city_code", "place", "starts_at", unique=True, postgresql_where=text("state = 'open'")
        ),
        Index(None, "right_id", "starts_at", "id"),
        Index("ix_rights_slot_closing", "right_id", "id", postgresql_where=text("state = 'closing'")),
        distributed("right_id", "rights_stock"),
    )

    right_id: UUID = Field(primary_key=True)
    id: UUID = Field(primary_key=True)
    city_code: str = text_column()
    place: str = text_column()
    starts_at: datetime = instant()
    ends_at: datetime = instant()
    capacity: int = Field(description="People, guests counted in")
    taken: int = 0
    state: str = text_column(default=SlotState.OPEN)
    close_reason: str | None = text_column(default=None)
    created_by: UUID
    created_at: datetime = instant()


class Appointment(SQLModel, table=True):
    """The slot of a redemption, with its time and place as they were booked (预约).

    How many places it holds, and whether it was served, stands in the redemption.
    """

    __tablename__ = "appointment"
    __table_args__ = (
        ForeignKeyConstraint(["customer_id", "redemption_id"], ["redemption.customer_id", "redemption.id"]),
        CheckConstraint("(confirmed_at IS NULL) = (confirmed_by IS NULL)", name="confirmed_by_somebody"),
        Index(None, "right_id", "slot_id"),
        Index(None, "starts_at"),
        BY_CUSTOMER,
    )

    customer_id: UUID = Field(primary_key=True)
    redemption_id: UUID = Field(primary_key=True)
    right_id: UUID = Field(foreign_key="rights_item.id")
    slot_id: UUID
    city_code: str = text_column()
    place: str = text_column()
    starts_at: datetime = instant()
    ends_at: datetime = instant()
    moves: int = Field(default=0, description="How often the customer took another slot")
    confirmed_at: datetime | None = instant(default=None, description="When the place that serves it agreed")
    confirmed_by: UUID | None = None
    missed_at: datetime | None = instant(default=None, description="When it was noted that nobody came")
