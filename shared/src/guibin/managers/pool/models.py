"""Customers whom nobody looked after for months: announced to the manager, then back in the pool of the branch."""

from datetime import date
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, text
from sqlmodel import Field

from guibin.core.models import BY_CUSTOMER, SQLModel


class PoolPlace(SQLModel, table=True):
    """A customer is about to go back to the pool (noticed), is in it (returned), or is out of it again (left)."""

    __tablename__ = "pool_place"
    __table_args__ = (
        CheckConstraint("returns_on >= noticed_on", name="in_order"),
        Index(None, "manager_id", postgresql_where=text("left_on IS NULL")),
        BY_CUSTOMER,
    )

    customer_id: UUID = Field(primary_key=True, foreign_key="customer.id")
    manager_id: UUID = Field(foreign_key="manager.id", description="Whose book the customer leaves")
    noticed_on: date
    returns_on: date = Field(description="From which the customer is in the pool, if nobody looks after them before")
    returned_on: date | None = None
    left_on: date | None = Field(default=None, description="Somebody looked after the customer, or serves them again")
