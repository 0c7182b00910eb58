"""Managers, and who serves whom from when to when."""

from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, Text, UniqueConstraint, func, text
from sqlalchemy.dialects.postgresql import ExcludeConstraint
from sqlmodel import Field

from guibin.core.models import BY_CUSTOMER, REFERENCE, SQLModel, instant, one_of, text_column


class Grade(StrEnum):
    """Grades of customer managers (职级), rising."""

    LOBBY = "lobby"
    INTERMEDIATE = "intermediate"
    SENIOR = "senior"
    EXPERT = "expert"
    PRIVATE_BANKER = "private_banker"


class CoverageRole(StrEnum):
    """In which role a manager serves a customer."""

    PRIMARY = "primary"
    BACKUP = "backup"
    SPECIALIST = "specialist"
    BRANCH_LEADER = "branch_leader"
    CORPORATE_MANAGER = "corporate_manager"
    SECOND = "second"


class UnassignedReason(StrEnum):
    """Why a customer who should have a manager has none."""

    NO_RULE = "no_rule"
    NO_ELIGIBLE_MANAGER = "no_eligible_manager"
    NO_CAPACITY = "no_capacity"


class Manager(SQLModel, table=True):
    """A customer manager (客户经理). The load is counted from coverage, never kept here."""

    __tablename__ = "manager"
    __table_args__ = (
        UniqueConstraint("staff_id"),
        one_of("grade", Grade),
        CheckConstraint("left_on IS NULL OR leaving_since IS NOT NULL", name="freezes_before_it_ends"),
        REFERENCE,
    )

    id: UUID = Field(primary_key=True)
    staff_id: UUID = Field(foreign_key="staff.id")
    branch_id: UUID = Field(foreign_key="branch.id", index=True)
    grade: str = text_column()
    capacity: int = Field(description="Hard maximum of customers")
    active: bool = True
    leaving_since: date | None = Field(default=None, description="Since then the manager gets nobody new")
    left_on: date | None = Field(default=None, description="Since then the book is handed over; ended when it is empty")
    revision: int = 1
    created_at: datetime = instant()


class Coverage(SQLModel, table=True):
    """Who serves whom (管户关系). Only `valid_to` and `end_reason` are ever written again."""

    __tablename__ = "coverage"
    __table_args__ = (
        one_of("role", CoverageRole),
        ExcludeConstraint(
            ("customer_id", "="),
            (func.daterange(text("valid_from"), text("valid_to")), "&&"),
            where=text("role = 'primary'"),
            using="gist",
            name="ex_coverage_one_primary",
        ),
        ExcludeConstraint(
            ("customer_id", "="),
            ("manager_id", "="),
            ("role", "="),
            (func.daterange(text("valid_from"), text("valid_to")), "&&"),
            where=text("role <> 'primary'"),
            using="gist",
            name="ex_coverage_role_once",
        ),
        Index(None, "manager_id", "valid_to"),
        BY_CUSTOMER,
    )

    customer_id: UUID = Field(primary_key=True, foreign_key="customer.id")
    id: UUID = Field(primary_key=True)
    manager_id: UUID = Field(foreign_key="manager.id")
    role: str = text_column()
    valid_from: date
    valid_to: date | None = Field(default=None, description="First day on which it is over")
    source: str = text_column(description="run or staff")
    reason: str = text_column()
    end_reason: str | None = text_column(default=None)


class Unassigned(SQLModel, table=True):
    """A customer who should have a manager and has none, with the reason."""

    __tablename__ = "unassigned"
    __table_args__ = (one_of("reason", UnassignedReason), BY_CUSTOMER)

    customer_id: UUID = Field(primary_key=True, foreign_key="customer.id")
    tier_code: str = Field(sa_type=Text, foreign_key="tier.code")
    branch_id: UUID = Field(foreign_key="branch.id")
    reason: str = text_column()
    since: date
    resolved_on: date | None = Field(default=None, description="NULL while the customer waits")
