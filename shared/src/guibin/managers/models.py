"""Managers, and who serves whom from when to when."""

from datetime import date, datetime
from enum import StrEnum
from secrets import choice
from typing import Final
from uuid import UUID

from sqlalchemy import ARRAY, CheckConstraint, Column, Index, Text, UniqueConstraint, func, text
from sqlalchemy.dialects.postgresql import ExcludeConstraint
from sqlmodel import Field

from guibin.core.models import BY_CUSTOMER, REFERENCE, SQLModel, instant, one_of, text_column
from guibin.customers.models import ACCOMPANYING


class Grade(StrEnum):
    """Grades of customer managers (职级), rising."""

    LOBBY = "lobby"
    INTERMEDIATE = "intermediate"
    SENIOR = "senior"
    EXPERT = "expert"
    PRIVATE_BANKER = "private_banker"


class CoverageRole(StrEnum):
    """In which role a manager serves a customer; in the last one who gave it away reads it for a while."""

    PRIMARY = "primary"
    BACKUP = "backup"
    SPECIALIST = "specialist"
    BRANCH_LEADER = "branch_leader"
    CORPORATE_MANAGER = "corporate_manager"
    SECOND = "second"
    JOINT = ACCOMPANYING


class UnassignedReason(StrEnum):
    """Why a customer who should have a manager has none."""

    NO_RULE = "no_rule"
    NO_ELIGIBLE_MANAGER = "no_eligible_manager"
    NONE_AVAILABLE = "none_available"
    NOT_PERMITTED = "not_permitted"
    NO_CAPACITY = "no_capacity"
    TOO_OLD = "too_old"


class ArrivalStrategy(StrEnum):
    """How one of those who can serve an arrival is chosen."""

    ROUND_ROBIN = "round_robin"
    LEAST_LOAD = "least_load"
    WEIGHTED_RANDOM = "weighted_random"
    PREFERENCE_FIRST = "preference_first"


class ChosenBy(StrEnum):
    """By what one of those who can serve an arrival was chosen: a strategy, or the claim that the manager has."""

    ROUND_ROBIN = ArrivalStrategy.ROUND_ROBIN
    LEAST_LOAD = ArrivalStrategy.LEAST_LOAD
    WEIGHTED_RANDOM = ArrivalStrategy.WEIGHTED_RANDOM
    PREFERENCE_FIRST = ArrivalStrategy.PREFERENCE_FIRST
    CLAIM = "claim"


CODE_LETTERS: Final = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"
"""Without those that are taken for each other when a customer types them."""
CODE_LENGTH: Final = 10


def new_referral_code() -> str:
    """Return a code that customers type to name their manager."""
    return "".join(choice(CODE_LETTERS) for _ in range(CODE_LENGTH))


def _words() -> Column[list[str]]:
    return Column(ARRAY(Text), nullable=False, server_default=text("'{}'"))


class Manager(SQLModel, table=True):
    """A customer manager (客户经理). The load is counted from coverage, never kept here."""

    __tablename__ = "manager"
    __table_args__ = (
        UniqueConstraint("staff_id"),
        UniqueConstraint("referral_code"),
        one_of("grade", Grade),
        CheckConstraint("left_on IS NULL OR leaving_since IS NOT NULL", name="freezes_before_it_ends"),
        CheckConstraint("soft_capacity >= 0 AND hard_minutes >= 0 AND soft_minutes >= 0", name="limits_not_negative"),
        REFERENCE,
    )

    id: UUID = Field(primary_key=True)
    staff_id: UUID = Field(foreign_key="staff.id")
    branch_id: UUID = Field(foreign_key="branch.id", index=True)
    grade: str = text_column()
    capacity: int = Field(description="Hard maximum of customers")
    soft_capacity: int | None = Field(default=None, description="Above it a warning; NULL: what the grade says")
    hard_minutes: int | None = Field(default=None, description="Of a year's contact plan; NULL: what the grade says")
    soft_minutes: int | None = Field(default=None, description="Above it a warning; NULL: what the grade says")
    serves_subtree: bool = Field(
        default=False,
        sa_column_kwargs={"server_default": text("false")},
        description="Whether customers of the branches below the own one are served too",
    )
    languages: list[str] = Field(default_factory=list, sa_column=_words())
    skills: list[str] = Field(default_factory=list, sa_column=_words())
    active: bool = True
    leaving_since: date | None = Field(default=None, description="Since then the manager gets nobody new")
    left_on: date | None = Field(default=None, description="Since then the book is handed over; ended when it is empty")
    referral_code: str = text_column(
        default_factory=new_referral_code, description="Who types it gives the manager the claim"
    )
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
    cause: str | None = text_column(default=None, description="Of one who waits too long: why nobody was found")
    escalated_on: date | None = Field(default=None, description="Since when the wait is longer than the rule allows")
    resolved_on: date | None = Field(default=None, description="NULL while the customer waits")
