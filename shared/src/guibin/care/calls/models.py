"""Calls that were ordered of the telephony, and what came of them."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, text
from sqlmodel import Field

from guibin.contact.rules import ContactPurpose
from guibin.core.models import BY_CUSTOMER, SQLModel, instant, one_of, text_column


class CallState(StrEnum):
    """The life of a call: the gate let nobody call (`suppressed`), or it is ordered, placed, and ends."""

    SUPPRESSED = "suppressed"
    ORDERED = "ordered"
    PLACED = "placed"
    ENDED = "ended"
    FAILED = "failed"


class CallResult(StrEnum):
    """What the telephony tells of a call that has ended."""

    REACHED = "reached"
    NO_ANSWER = "no_answer"
    CALL_BACK = "call_back"
    WRONG_NUMBER = "wrong_number"


class CallOrder(SQLModel, table=True):
    """A call that a member of staff wants (外呼单). The number stands nowhere in it, nor does what was said."""

    __tablename__ = "call_order"
    __table_args__ = (
        one_of("purpose", ContactPurpose),
        one_of("state", CallState),
        one_of("result", CallResult),
        CheckConstraint("(state = 'ended') = (result IS NOT NULL)", name="ended_with_a_result"),
        CheckConstraint("seconds BETWEEN 0 AND 86400", name="seconds_of_a_day"),
        Index(None, "next_try_at", postgresql_where=text("state = 'ordered'")),
        Index(None, "customer_id", "ordered_at"),
        BY_CUSTOMER,
    )

    customer_id: UUID = Field(primary_key=True, foreign_key="customer.id")
    id: UUID = Field(primary_key=True)
    contact_id: UUID = Field(description="The decision of the gate")
    staff_id: UUID
    purpose: str = text_column()
    subject: str | None = text_column(default=None)
    state: str = text_column()
    tries: int = 0
    next_try_at: datetime = instant()
    ordered_at: datetime = instant()
    placed_at: datetime | None = instant(default=None)
    ended_at: datetime | None = instant(default=None)
    result: str | None = text_column(default=None)
    seconds: int | None = None
    recording_ref: str | None = text_column(default=None, description="Where the telephony keeps the recording")
    touch_id: UUID | None = None
