"""What becomes of a right once it is taken: uses of its codes, and what customers think of it."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKeyConstraint, Index, text
from sqlmodel import Field

from guibin.core.models import BY_CUSTOMER, SQLModel, cipher, distributed, instant, one_of, text_column


class UsedBy(StrEnum):
    """Who used a code: a member of staff, or a supplier's service."""

    STAFF = "staff"
    SERVICE = "service"


class VoucherUse(SQLModel, table=True):
    """One use of a code, or of a part of its value (核销记录). Insert only."""

    __tablename__ = "voucher_use"
    __table_args__ = (
        one_of("used_by_kind", UsedBy),
        CheckConstraint("amount_fen > 0", name="amount_positive"),
        ForeignKeyConstraint(["right_id", "code_id"], ["voucher_code.right_id", "voucher_code.id"]),
        Index(None, "right_id", "code_id"),
        Index(None, "customer_id", "redemption_id"),
        Index(None, "recorded_at", "id"),
        Index(
            None,
            *("right_id", "used_by", "reference"),
            unique=True,
            postgresql_where=text("reference IS NOT NULL"),
        ),
        distributed("right_id", "rights_stock"),
    )

    right_id: UUID = Field(primary_key=True)
    id: UUID = Field(primary_key=True)
    code_id: UUID
    redemption_id: UUID
    customer_id: UUID
    amount_fen: int | None = Field(default=None, sa_type=BigInteger, description="Of a value voucher")
    used_at: datetime = instant(description="When it happened")
    recorded_at: datetime = instant(description="When it was told")
    used_by: UUID
    used_by_kind: str = text_column()
    branch_id: UUID | None = None
    place: str | None = text_column(default=None)
    reference: str | None = text_column(default=None, description="The user's own number of this use")
    offline: bool = Field(default=False, description="Told afterwards, in a batch")


class RedemptionRating(SQLModel, table=True):
    """What a customer thinks of what was redeemed (评价)."""

    __tablename__ = "redemption_rating"
    __table_args__ = (
        CheckConstraint("stars BETWEEN 1 AND 5", name="stars_in_range"),
        ForeignKeyConstraint(["customer_id", "redemption_id"], ["redemption.customer_id", "redemption.id"]),
        Index(None, "right_id", "rated_at", "redemption_id"),
        BY_CUSTOMER,
    )

    customer_id: UUID = Field(primary_key=True)
    redemption_id: UUID = Field(primary_key=True)
    right_id: UUID = Field(foreign_key="rights_item.id")
    stars: int
    words_enc: bytes | None = cipher(default=None, description="Under the customer's data key")
    rated_at: datetime = instant()
    changed_at: datetime = instant()


class RightsRating(SQLModel, table=True):
    """How many ratings a right has, and all their stars."""

    __tablename__ = "rights_rating"
    __table_args__ = (
        CheckConstraint("stars BETWEEN ratings AND 5 * ratings", name="stars_of_ratings"),
        distributed("right_id", "rights_stock"),
    )

    right_id: UUID = Field(primary_key=True)
    ratings: int = Field(sa_type=BigInteger)
    stars: int = Field(sa_type=BigInteger)


class Favourite(SQLModel, table=True):
    """A right that a customer has marked (收藏); one that is marked no more keeps its row."""

    __tablename__ = "favourite"
    __table_args__ = (
        Index(None, "right_id", "customer_id", postgresql_where=text("unmarked_at IS NULL")),
        BY_CUSTOMER,
    )

    customer_id: UUID = Field(primary_key=True, foreign_key="customer.id")
    right_id: UUID = Field(primary_key=True, foreign_key="rights_item.id")
    marked_at: datetime = instant()
    unmarked_at: datetime | None = instant(default=None)
