"""Reservations: units that are held while a customer confirms."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, text
from sqlmodel import Field

from guibin.core.models import BY_CUSTOMER, SQLModel, distributed, instant, one_of, text_column


class ReservationState(StrEnum):
    """The life of a reservation; one that is held beyond its time has lapsed, whether that is written down or not."""

    HELD = "held"
    TAKEN = "taken"
    RELEASED = "released"
    LAPSED = "lapsed"


class Reservation(SQLModel, table=True):
    """Units of a right that a customer has set aside for a few minutes (预留)."""

    __tablename__ = "reservation"
    __table_args__ = (
        one_of("state", ReservationState),
        CheckConstraint("quantity BETWEEN 1 AND 100", name="quantity_in_range"),
        CheckConstraint("(state = 'taken') = (redemption_id IS NOT NULL)", name="taken_by_a_redemption"),
        CheckConstraint("(state = 'held') = (ended_at IS NULL)", name="ended"),
        ForeignKeyConstraint(["customer_id", "redemption_id"], ["redemption.customer_id", "redemption.id"]),
        Index(None, "customer_id", "right_id", unique=True, postgresql_where=text("state = 'held'")),
        Index(None, "customer_id", "created_at", "id"),
        BY_CUSTOMER,
    )

    customer_id: UUID = Field(primary_key=True, foreign_key="customer.id")
    id: UUID = Field(primary_key=True)
    right_id: UUID = Field(foreign_key="rights_item.id")
    quantity: int
    state: str = text_column(default=ReservationState.HELD)
    created_at: datetime = instant()
    lapses_at: datetime = instant()
    ended_at: datetime | None = instant(default=None)
    redemption_id: UUID | None = None


class StockHold(SQLModel, table=True):
    """What a reservation holds of a counted stock. Whoever writes it has locked the stock's row before.

    It says nothing of the customer, so that whoever needs units may let go what is held beyond its time.
    """

    __tablename__ = "stock_hold"
    __table_args__ = (
        CheckConstraint("units > 0", name="units_positive"),
        Index(None, "right_id", "lapses_at", postgresql_where=text("held")),
        distributed("right_id", "rights_stock"),
    )

    right_id: UUID = Field(primary_key=True)
    reservation_id: UUID = Field(primary_key=True)
    line: str | None = text_column(default=None, description="Of the release plan, from which its units came")
    units: int
    lapses_at: datetime = instant()
    held: bool = Field(default=True, description="Counted in what is reserved; no more once it is taken or let go")
