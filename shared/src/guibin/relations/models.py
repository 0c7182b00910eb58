"""Who stands how to whom: links between persons and companies, dated from and to."""

from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import CheckConstraint, Index
from sqlmodel import Field

from guibin.core.models import BY_CUSTOMER, SQLModel, instant, one_of, text_column


class LinkKind(StrEnum):
    """What one customer is to another."""

    OWNER = "owner"
    LEGAL_REPRESENTATIVE = "legal_representative"
    FINANCE_HEAD = "finance_head"
    EMPLOYEE = "employee"
    GUARANTOR = "guarantor"


class CustomerLink(SQLModel, table=True):
    """One customer is something to another from a day to a day (关联关系): the owner, an employee, the guarantor."""

    __tablename__ = "customer_link"
    __table_args__ = (
        one_of("kind", LinkKind),
        CheckConstraint("other_id <> customer_id", name="between_two"),
        CheckConstraint("valid_to IS NULL OR valid_to >= valid_from", name="ends_after_it_began"),
        Index(None, "other_id"),
        BY_CUSTOMER,
    )

    customer_id: UUID = Field(primary_key=True, foreign_key="customer.id", description="Who is the owner, employee ...")
    id: UUID = Field(primary_key=True)
    other_id: UUID = Field(description="Of whom")
    kind: str = text_column()
    valid_from: date
    valid_to: date | None = Field(default=None, description="First day without it; NULL while it lasts")
    reason: str = text_column()
    set_by: UUID
    set_at: datetime = instant()
    ended_by: UUID | None = None
