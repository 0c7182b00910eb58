"""Stability first: managers who come gradually, and what customers wish."""

from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, text
from sqlmodel import Field

from guibin.core.models import BY_CUSTOMER, SQLModel, instant, one_of, text_column


class SuccessionCause(StrEnum):
    """Why another manager comes."""

    TIER_FORBIDDEN = "tier_forbidden"
    TIER_SETTLED = "tier_settled"


class SuccessionState(StrEnum):
    """How far a succession is."""

    OPEN = "open"
    DONE = "done"
    CANCELLED = "cancelled"


class Wish(StrEnum):
    """What a customer wishes of the manager."""

    KEEP = "keep"
    CHANGE = "change"


class WishReason(StrEnum):
    """Why a customer wishes it."""

    TRUST = "trust"
    DISTANCE = "distance"
    LANGUAGE = "language"
    EXPERTISE = "expertise"
    AVAILABILITY = "availability"
    CONDUCT = "conduct"
    OTHER = "other"


class WishState(StrEnum):
    """What became of a wish."""

    OPEN = "open"
    ACCEPTED = "accepted"
    DECLINED = "declined"
    SUPERSEDED = "superseded"


class Succession(SQLModel, table=True):
    """A manager serves beside the present one until a day, and is the customer's primary manager from it on."""

    __tablename__ = "succession"
    __table_args__ = (
        one_of("cause", SuccessionCause),
        one_of("state", SuccessionState),
        CheckConstraint("due_on > started_on", name="in_order"),
        CheckConstraint("(state = 'open') = (ended_on IS NULL)", name="ended"),
        Index(None, "customer_id", unique=True, postgresql_where=text("state = 'open'")),
        BY_CUSTOMER,
    )

    customer_id: UUID = Field(primary_key=True, foreign_key="customer.id")
    id: UUID = Field(primary_key=True)
    successor_id: UUID = Field(foreign_key="manager.id")
    cause: str = text_column()
    started_on: date
    due_on: date = Field(description="From which the successor is the primary manager")
    state: str = text_column(default=SuccessionState.OPEN)
    ended_on: date | None = None


class ManagerWish(SQLModel, table=True):
    """A customer wishes to keep the present manager, or to have another; codes only, so that nothing personal is kept.

    A wish to keep holds from the moment it is uttered until somebody declines it or the manager is another one.
    """

    __tablename__ = "manager_wish"
    __table_args__ = (
        one_of("wish", Wish),
        one_of("reason", WishReason),
        one_of("state", WishState),
        CheckConstraint("(state IN ('accepted', 'declined')) = (answered_by IS NOT NULL)", name="answered"),
        Index(None, "customer_id", unique=True, postgresql_where=text("state = 'open'")),
        BY_CUSTOMER,
    )

    customer_id: UUID = Field(primary_key=True, foreign_key="customer.id")
    id: UUID = Field(primary_key=True)
    manager_id: UUID = Field(foreign_key="manager.id", description="Who served the customer then")
    wish: str = text_column()
    reason: str = text_column()
    state: str = text_column(default=WishState.OPEN)
    uttered_at: datetime = instant()
    answered_by: UUID | None = None
    answered_at: datetime | None = instant(default=None)
