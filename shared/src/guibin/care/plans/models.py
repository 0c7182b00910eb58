"""Care plans as versioned data."""

from datetime import date, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Column, Index, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

from guibin.approvals.definitions.models import Version
from guibin.core.models import REFERENCE, instant, one_of, text_column


class PlanState(StrEnum):
    """The life of a care plan."""

    DRAFT = "draft"
    PENDING = "pending"
    SCHEDULED = "scheduled"
    ACTIVE = "active"
    REPLACED = "replaced"


class CarePlan(Version, table=True):
    """How the bank looks after its customers (维护计划): one version, put in force by a second person."""

    __tablename__ = "care_plan"
    __table_args__ = (
        one_of("state", PlanState),
        Index(None, "state", unique=True, postgresql_where=text("state = 'active'")),
        Index(None, "created_at", "id"),
        REFERENCE,
    )

    name: str = text_column()
    terms: dict[str, Any] = Field(sa_column=Column(JSONB, nullable=False), description="`plans.terms.PlanTerms`")
    effective_from: date | None = Field(default=None, description="First day of its care; null: once approved")
    activated_at: datetime | None = instant(default=None)
    in_force_from: date | None = Field(default=None, description="The day on which it came in force")
    in_force_to: date | None = Field(default=None, description="First day on which another was in force")
