"""Where what was redeemed goes, when it goes to an account or an address."""

from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint
from sqlmodel import Field

from guibin.core.models import BY_CUSTOMER, SQLModel, cipher


class RedemptionDelivery(SQLModel, table=True):
    """The account that is topped up, or the address of a parcel; encrypted, and deleted some days after the end."""

    __tablename__ = "redemption_delivery"
    __table_args__ = (
        ForeignKeyConstraint(["customer_id", "redemption_id"], ["redemption.customer_id", "redemption.id"]),
        CheckConstraint("(recharge_account_enc IS NULL) <> (address_enc IS NULL)", name="one_goal"),
        CheckConstraint(
            "(address_enc IS NULL) = (recipient_enc IS NULL) AND (address_enc IS NULL) = (phone_enc IS NULL)",
            name="whole_address",
        ),
        BY_CUSTOMER,
    )

    customer_id: UUID = Field(primary_key=True)
    redemption_id: UUID = Field(primary_key=True)
    recharge_account_enc: bytes | None = cipher(default=None)
    recipient_enc: bytes | None = cipher(default=None)
    phone_enc: bytes | None = cipher(default=None)
    address_enc: bytes | None = cipher(default=None)
