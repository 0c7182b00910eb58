"""Who stands how to whom: links between persons and companies, households and their members, dated from and to."""

from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, Text, text
from sqlmodel import Field

from guibin.core.lines import Line
from guibin.core.models import BY_CUSTOMER, SQLModel, cipher, distributed, instant, one_of, text_column


class LinkKind(StrEnum):
    """What one customer is to another."""

    OWNER = "owner"
    LEGAL_REPRESENTATIVE = "legal_representative"
    FINANCE_HEAD = "finance_head"
    EMPLOYEE = "employee"
    GUARANTOR = "guarantor"


class HouseholdKind(StrEnum):
    """What keeps a group together."""

    FAMILY = "family"
    BUSINESS = "business"


class HouseholdRole(StrEnum):
    """What a member is in a household; each household has one head."""

    HEAD = "head"
    SPOUSE = "spouse"
    CHILD = "child"
    PARENT = "parent"
    SIBLING = "sibling"
    PARTNER = "partner"
    OTHER = "other"


class CustomerLink(SQLModel, table=True):
    """One customer is something to another from a day to a day (关联关系): the owner, an employee, the guarantor."""

    __tablename__ = "customer_link"
    __table_args__ = (
        one_of("kind", LinkKind),
        CheckConstraint("other_id <> customer_id", name="between_two"),
        CheckConstraint("valid_to IS NULL OR valid_to >= valid_from", name="ends_after_it_began"),
        one_of("line", Line),
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
    line: str | None = Field(default=None, sa_type=Text, description="Whose files say it; NULL: a person does")
    named_by: bytes | None = cipher(
        default=None, description="As whom the line named a customer into whom others were merged; NULL for others"
    )
    other_named_by: bytes | None = cipher(default=None, description="The same of the other customer")


class Household(SQLModel, table=True):
    """A family or a circle of business whom the bank serves together (家庭). It is no customer's: its members are."""

    __tablename__ = "household"
    __table_args__ = (one_of("kind", HouseholdKind), distributed("id"))

    id: UUID = Field(primary_key=True)
    kind: str = text_column()
    created_at: datetime = instant()
    created_by: UUID
    ended_on: date | None = Field(default=None, description="First day without it; NULL while it lasts")
    merged_into: UUID | None = Field(default=None, description="The household that its members went to")


class HouseholdMember(SQLModel, table=True):
    """A customer belongs to a household from a day to a day; another role or share begins another row."""

    __tablename__ = "household_member"
    __table_args__ = (
        one_of("role", HouseholdRole),
        CheckConstraint("share_percent BETWEEN 0 AND 100", name="share_in_per_cent"),
        CheckConstraint("valid_to IS NULL OR valid_to >= valid_from", name="ends_after_it_began"),
        Index(None, "customer_id", "household_id", unique=True, postgresql_where=text("valid_to IS NULL")),
        Index(None, "household_id"),
        BY_CUSTOMER,
    )

    customer_id: UUID = Field(primary_key=True, foreign_key="customer.id")
    id: UUID = Field(primary_key=True)
    household_id: UUID
    role: str = text_column()
    is_primary: bool = Field(description="Of the households of a customer the one that counts first")
    share_percent: int = Field(description="How much of the member's figures counts for this household")
    shares_tier: bool = Field(default=False, description="Named to have the head's tier, as the scheme says")
    valid_from: date
    valid_to: date | None = Field(default=None, description="First day without it; NULL while it lasts")
    set_by: UUID
    set_at: datetime = instant()
    ended_by: UUID | None = None
