"""What managers are licensed for, what customers ask of a manager, and who must not serve whom."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import ARRAY, CheckConstraint, Column, Index, Text, text
from sqlmodel import Field

from guibin.core.models import BY_CUSTOMER, REFERENCE, SQLModel, instant, text_column


class ManagerLicence(SQLModel, table=True):
    """A licence of a manager, which expires; renewing it writes another day."""

    __tablename__ = "manager_licence"
    __table_args__ = (CheckConstraint("valid_to > valid_from", name="ends_after_it_begins"), REFERENCE)

    manager_id: UUID = Field(primary_key=True, foreign_key="manager.id")
    licence: str = Field(sa_type=Text, primary_key=True)
    valid_from: date
    valid_to: date = Field(description="First day without it")


class ServiceNeed(SQLModel, table=True):
    """What a customer asks of a manager, and whom the customer, or who brought the customer, would like."""

    __tablename__ = "service_need"
    __table_args__ = (BY_CUSTOMER,)

    customer_id: UUID = Field(primary_key=True, foreign_key="customer.id")
    language: str | None = text_column(default=None)
    skills: list[str] = Field(
        default_factory=list, sa_column=Column(ARRAY(Text), nullable=False, server_default=text("'{}'"))
    )
    wished_manager_id: UUID | None = Field(default=None, foreign_key="manager.id")
    introducer_id: UUID | None = Field(default=None, foreign_key="manager.id", description="Who brought the customer")
    revision: int = 1
    updated_at: datetime = instant()


class ManagerConflict(SQLModel, table=True):
    """A declared conflict of interest: this manager must not serve this customer."""

    __tablename__ = "manager_conflict"
    __table_args__ = (Index(None, "manager_id"), BY_CUSTOMER)

    customer_id: UUID = Field(primary_key=True, foreign_key="customer.id")
    manager_id: UUID = Field(primary_key=True, foreign_key="manager.id")
    reason: str = text_column()
    declared_by: UUID
    declared_at: datetime = instant()
    withdrawn_at: datetime | None = instant(default=None)
