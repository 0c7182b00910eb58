"""Redemptions and the steps of their life."""

from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKeyConstraint, Index, Text, text
from sqlmodel import Field

from guibin.core.models import BY_CUSTOMER, SQLModel, cipher, instant, one_of, text_column


class RedemptionState(StrEnum):
    """The life of a redemption: what costs money beside points waits for it, and ends unpaid where it does not come."""

    AWAITING_PAYMENT = "awaiting_payment"
    CONFIRMED = "confirmed"
    IN_FULFILMENT = "in_fulfilment"
    FULFILLED = "fulfilled"
    CANCELLED = "cancelled"
    REFUNDED = "refunded"
    FAILED = "failed"
    UNPAID = "unpaid"


class Redemption(SQLModel, table=True):
    """One taking of a right (兑换单)."""

    __tablename__ = "redemption"
    __table_args__ = (
        one_of("state", RedemptionState),
        CheckConstraint("quantity BETWEEN 1 AND 100", name="quantity_in_range"),
        CheckConstraint("quota_used BETWEEN 0 AND quantity", name="quota_within_quantity"),
        CheckConstraint("points_charged >= 0", name="points_not_negative"),
        CheckConstraint(
            "quantity_refunded BETWEEN 0 AND quantity AND quota_refunded BETWEEN 0 AND quota_used"
            " AND points_refunded BETWEEN 0 AND points_charged",
            name="refunded_within_taken",
        ),
        CheckConstraint(
            "companions >= 0 AND guest_quota_used BETWEEN 0 AND companions", name="guests_within_companions"
        ),
        CheckConstraint("(package_id IS NULL) = (package_period IS NULL)", name="package_for_a_period"),
        ForeignKeyConstraint(["customer_id", "entry_id"], ["points_entry.customer_id", "points_entry.id"]),
        ForeignKeyConstraint(
            ["customer_id", "package_id", "package_period"],
            ["package_choice.customer_id", "package_choice.package_id", "package_choice.period_start"],
        ),
        Index(None, "customer_id", "right_id", "created_at"),
        Index(None, "customer_id", "created_at", "id"),
        Index(None, "customer_id", "step_up_id", unique=True, postgresql_where=text("step_up_id IS NOT NULL")),
        BY_CUSTOMER,
    )

    customer_id: UUID = Field(primary_key=True, foreign_key="customer.id")
    id: UUID = Field(primary_key=True)
    right_id: UUID = Field(foreign_key="rights_item.id")
    right_revision: int = Field(description="Of the prices and quotas that decided")
    quantity: int
    quota_used: int
    points_charged: int = Field(sa_type=BigInteger, description="Set aside as long as money is awaited")
    wallet: str = Field(sa_type=Text, foreign_key="wallet.code")
    entry_id: UUID | None = None
    quantity_refunded: int = Field(default=0, description="Units that were given back")
    quota_refunded: int = Field(default=0, description="Units of the quota that were given back")
    points_refunded: int = Field(default=0, sa_type=BigInteger)
    companions: int = Field(default=0, description="Guests of all units together")
    guest_quota_used: int = Field(default=0, description="Guests who were free")
    class_of_service: str | None = text_column(default=None)
    cost_fen: int = Field(default=0, sa_type=BigInteger, description="What its budget pays, where it has one")
    valid_from: date | None = Field(default=None, description="The first day on which its codes are used")
    valid_until: date | None = Field(default=None, description="The last day on which its codes are used")
    package_id: UUID | None = Field(default=None, description="The package from which all its units were taken")
    package_period: date | None = Field(default=None, description="The first day of the period of that package")
    step_up_id: UUID | None = Field(default=None, description="The proof by which it was allowed; good once")
    state: str = text_column()
    fulfilment: str = text_column()
    created_at: datetime = instant()
    actor_id: UUID
    delivery_enc: bytes | None = cipher(
        default=None, description="Where it goes, under the customer's key; forgotten some days after the end"
    )


class RedemptionStep(SQLModel, table=True):
    """A dated, actor-stamped step of a redemption's life. Insert only."""

    __tablename__ = "redemption_step"
    __table_args__ = (
        ForeignKeyConstraint(["customer_id", "redemption_id"], ["redemption.customer_id", "redemption.id"]),
        one_of("state", RedemptionState),
        BY_CUSTOMER,
    )

    customer_id: UUID = Field(primary_key=True)
    redemption_id: UUID = Field(primary_key=True)
    state: str = Field(sa_type=Text, primary_key=True)
    at: datetime = instant()
    actor_id: UUID


class RedemptionBeneficiary(SQLModel, table=True):
    """Whom a redemption serves, when it is not the customer; encrypted, and deleted some days after its end."""

    __tablename__ = "redemption_beneficiary"
    __table_args__ = (
        ForeignKeyConstraint(["customer_id", "redemption_id"], ["redemption.customer_id", "redemption.id"]),
        BY_CUSTOMER,
    )

    customer_id: UUID = Field(primary_key=True)
    redemption_id: UUID = Field(primary_key=True)
    name_enc: bytes = cipher()
    phone_enc: bytes = cipher()
    certificate_enc: bytes | None = cipher(default=None)
    consented_at: datetime = instant(description="When the customer declared that this person agrees")
