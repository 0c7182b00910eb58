"""What was to be had in place of a redemption that failed, and whether the customer took it."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKeyConstraint, Index, Text, text
from sqlmodel import Field

from guibin.core.models import BY_CUSTOMER, SQLModel, instant


class Substitution(SQLModel, table=True):
    """A redemption that failed (替代), what of it came back, and the redemption that replaced it: one at most."""

    __tablename__ = "substitution"
    __table_args__ = (
        CheckConstraint("units BETWEEN 1 AND 100 AND free_units BETWEEN 0 AND units", name="units_in_range"),
        CheckConstraint("points >= 0", name="points_not_negative"),
        CheckConstraint("(replaced_by IS NULL) = (replaced_at IS NULL)", name="replaced_at_an_instant"),
        ForeignKeyConstraint(["customer_id", "redemption_id"], ["redemption.customer_id", "redemption.id"]),
        ForeignKeyConstraint(["customer_id", "replaced_by"], ["redemption.customer_id", "redemption.id"]),
        Index(None, "customer_id", "replaced_by", unique=True, postgresql_where=text("replaced_by IS NOT NULL")),
        BY_CUSTOMER,
    )

    customer_id: UUID = Field(primary_key=True, foreign_key="customer.id")
    redemption_id: UUID = Field(primary_key=True)
    right_id: UUID = Field(foreign_key="rights_item.id")
    units: int = Field(description="That came back")
    free_units: int = Field(description="Of them those that a quota or a package had paid for")
    points: int = Field(sa_type=BigInteger, description="That came back")
    wallet: str = Field(sa_type=Text, foreign_key="wallet.code")
    failed_at: datetime = instant()
    open_until: datetime = instant(description="Before this instant it can be replaced")
    replaced_by: UUID | None = None
    replaced_at: datetime | None = instant(default=None)
