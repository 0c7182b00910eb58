"""Handovers of customers and what stands on their lists: made from records, never from memory."""

from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, Text, text
from sqlmodel import Field

from guibin.core.models import BY_CUSTOMER, SQLModel, cipher, instant, one_of, text_column


class HandoverState(StrEnum):
    """The life of a handover: both sign, the customer confirms; another change of managers takes its place."""

    OPEN = "open"
    SIGNED = "signed"
    CONFIRMED = "confirmed"
    SUPERSEDED = "superseded"


class ItemKind(StrEnum):
    """What goes with a customer."""

    COMPLAINT = "complaint"
    PROMISE = "promise"
    NEED = "need"
    TASK = "task"
    OPPORTUNITY = "opportunity"
    MATURITY = "maturity"
    REDEMPTION = "redemption"
    GIFT = "gift"
    LINK = "link"


class Handover(SQLModel, table=True):
    """A customer goes from one manager to another (交接单)."""

    __tablename__ = "handover"
    __table_args__ = (
        one_of("state", HandoverState),
        CheckConstraint("giver_id <> taker_id", name="between_two"),
        CheckConstraint("(giver_signed_by IS NULL) = (giver_signed_at IS NULL)", name="giver_signed"),
        CheckConstraint("(taker_signed_by IS NULL) = (taker_signed_at IS NULL)", name="taker_signed"),
        CheckConstraint(
            "state NOT IN ('signed', 'confirmed') OR (giver_signed_at IS NOT NULL AND taker_signed_at IS NOT NULL)",
            name="signed_by_both",
        ),
        CheckConstraint("(state = 'confirmed') <= (confirmed_at IS NOT NULL)", name="confirmed"),
        Index(None, "customer_id", unique=True, postgresql_where=text("state = 'open'")),
        Index(None, "taker_id", "due_on", "id", postgresql_where=text("state = 'open'")),
        Index(None, "giver_id", "due_on", "id", postgresql_where=text("state = 'open'")),
        Index(None, "due_on", postgresql_where=text("state = 'open'")),
        Index(None, "id"),
        Index(None, "created_at", "id"),
        BY_CUSTOMER,
    )

    customer_id: UUID = Field(primary_key=True, foreign_key="customer.id")
    id: UUID = Field(primary_key=True)
    giver_id: UUID = Field(foreign_key="manager.id")
    taker_id: UUID = Field(foreign_key="manager.id")
    reason: str = text_column(description="Why the customer changed hands, as the coverage says")
    on_day: date = Field(description="From when on the taker serves the customer")
    due_on: date = Field(description="By when both have signed")
    joint_until: date = Field(description="Until when the giver may look at the customer; `on_day`: not at all")
    state: str = text_column(default=HandoverState.OPEN)
    giver_signed_by: UUID | None = Field(default=None, description="The giver, or who leads the branch of who is gone")
    giver_signed_at: datetime | None = instant(default=None)
    taker_signed_by: UUID | None = None
    taker_signed_at: datetime | None = instant(default=None)
    notes_enc: bytes | None = cipher(default=None)
    confirmed_at: datetime | None = instant(default=None, description="When the customer confirmed it")
    escalated_on: date | None = Field(default=None, description="When the branch was told that it is overdue")
    created_at: datetime = instant()
    revision: int = 1


class HandoverItem(SQLModel, table=True):
    """Something on the list of a handover, as it stood when the customer changed hands. Insert only."""

    __tablename__ = "handover_item"
    __table_args__ = (
        one_of("kind", ItemKind),
        ForeignKeyConstraint(["customer_id", "handover_id"], ["handover.customer_id", "handover.id"]),
        BY_CUSTOMER,
    )

    customer_id: UUID = Field(primary_key=True)
    handover_id: UUID = Field(primary_key=True)
    kind: str = Field(sa_type=Text, primary_key=True)
    subject_id: UUID = Field(primary_key=True)
    due_on: date | None = None
    state: str = text_column(description="How it stood then")
