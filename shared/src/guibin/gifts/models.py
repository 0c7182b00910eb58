"""Gifts, what branches have of them, and who received which."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, Index, text
from sqlmodel import Field

from guibin.core.models import BY_CUSTOMER, REFERENCE, SQLModel, distributed, instant, one_of, text_column


class Gift(SQLModel, table=True):
    """A gift that branches may hand over (礼品); one that is not offered any more is not received or promised."""

    __tablename__ = "gift"
    __table_args__ = (CheckConstraint("value_fen > 0", name="value_positive"), REFERENCE)

    id: UUID = Field(primary_key=True)
    code: str = text_column(unique=True)
    name_zh: str = text_column()
    name_en: str = text_column()
    value_fen: int = Field(sa_type=BigInteger, description="What one unit is worth, for the cap and the income tax")
    offered: bool
    created_at: datetime = instant()


class GiftStock(SQLModel, table=True):
    """The units of a gift at a branch: entered = free + reserved + handed_over + written_off."""

    __tablename__ = "gift_stock"
    __table_args__ = (
        CheckConstraint("free >= 0", name="free_not_negative"),
        CheckConstraint("reserved >= 0", name="reserved_not_negative"),
        CheckConstraint("entered = free + reserved + handed_over + written_off", name="adds_up"),
        distributed("gift_id"),
    )

    gift_id: UUID = Field(primary_key=True)
    branch_id: UUID = Field(primary_key=True)
    entered: int = Field(default=0, sa_type=BigInteger, description="Received, and found by a count")
    free: int = Field(default=0, sa_type=BigInteger)
    reserved: int = Field(default=0, sa_type=BigInteger, description="On the shelf, promised to customers")
    handed_over: int = Field(default=0, sa_type=BigInteger)
    written_off: int = Field(default=0, sa_type=BigInteger, description="Lost, broken, or missed by a count")


class MovementKind(StrEnum):
    """Why units of a gift came or went."""

    RECEIVED = "received"
    COUNTED = "counted"
    WRITTEN_OFF = "written_off"
    HANDED_OVER = "handed_over"


class GiftMovement(SQLModel, table=True):
    """Units that came to a branch's shelf (positive) or left it (negative). Insert only."""

    __tablename__ = "gift_movement"
    __table_args__ = (
        one_of("kind", MovementKind),
        CheckConstraint("units <> 0 OR kind = 'counted'", name="moves_something"),
        CheckConstraint("(kind = 'received') <= (units > 0)", name="received_comes"),
        CheckConstraint("(kind IN ('written_off', 'handed_over')) <= (units < 0)", name="given_goes"),
        CheckConstraint("(kind = 'handed_over') = (handover_id IS NOT NULL)", name="handed_over_to_somebody"),
        Index(None, "gift_id", "branch_id", "at", "id"),
        distributed("gift_id", "gift_stock"),
    )

    gift_id: UUID = Field(primary_key=True)
    id: UUID = Field(primary_key=True)
    branch_id: UUID
    kind: str = text_column()
    units: int = Field(sa_type=BigInteger)
    reason: str | None = text_column(default=None)
    handover_id: UUID | None = None
    by: UUID = Field(description="The member of staff")
    at: datetime = instant()


class Occasion(StrEnum):
    """On what occasion a gift is given; never free text, which would tell of the customer."""

    BIRTHDAY = "birthday"
    FESTIVAL = "festival"
    ANNIVERSARY = "anniversary"
    VISIT = "visit"
    THANKS = "thanks"
    APOLOGY = "apology"


class GiftHandoverState(StrEnum):
    """The life of a handover: it waits for the second signature, then the customer has it, or nothing came of it."""

    WAITING = "waiting"
    HANDED_OVER = "handed_over"
    RELEASED = "released"


class GiftHandover(SQLModel, table=True):
    """A gift for a customer, with both people who answer for it."""

    __tablename__ = "gift_handover"
    __table_args__ = (
        one_of("state", GiftHandoverState),
        one_of("occasion", Occasion),
        CheckConstraint("units BETWEEN 1 AND 100", name="units_in_range"),
        CheckConstraint("value_fen > 0", name="value_positive"),
        CheckConstraint("(state = 'waiting') = (ended_at IS NULL)", name="ended"),
        CheckConstraint("(state = 'handed_over') = (signed_by IS NOT NULL)", name="signed"),
        CheckConstraint("signed_by <> given_by", name="signed_by_another"),
        Index(None, "customer_id", "created_at", "id"),
        Index(None, "ended_at", postgresql_where=text("state = 'handed_over'")),
        BY_CUSTOMER,
    )

    customer_id: UUID = Field(primary_key=True, foreign_key="customer.id")
    id: UUID = Field(primary_key=True)
    gift_id: UUID = Field(foreign_key="gift.id")
    branch_id: UUID = Field(description="Whose stock it comes from")
    units: int
    value_fen: int = Field(sa_type=BigInteger, description="Of all units")
    year: int = Field(description="Whose cap it counts against")
    occasion: str = text_column()
    state: str = text_column(default=GiftHandoverState.WAITING)
    given_by: UUID = Field(description="The member of staff who asked")
    signed_by: UUID | None = Field(default=None, description="Who signed as the second person")
    approval_id: UUID
    created_at: datetime = instant()
    ended_at: datetime | None = instant(default=None)


class GiftYear(SQLModel, table=True):
    """What a customer has been given and promised in a year."""

    __tablename__ = "gift_year"
    __table_args__ = (CheckConstraint("given_fen >= 0", name="not_negative"), BY_CUSTOMER)

    customer_id: UUID = Field(primary_key=True, foreign_key="customer.id")
    year: int = Field(primary_key=True)
    given_fen: int = Field(default=0, sa_type=BigInteger)
