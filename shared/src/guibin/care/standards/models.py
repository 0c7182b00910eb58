"""The versions of what is promised to each tier."""

from datetime import date
from enum import StrEnum
from typing import Any

from sqlalchemy import Column, Index, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

from guibin.approvals.definitions.models import Version
from guibin.core.models import REFERENCE, one_of, text_column


class StandardState(StrEnum):
    """The life of a version."""

    DRAFT = "draft"
    PENDING = "pending"
    PUBLISHED = "published"


class ServiceStandard(Version, table=True):
    """A version of the sheets of all tiers. Of those published, the last one whose first day has come is in force."""

    __tablename__ = "service_standard"
    __table_args__ = (
        one_of("state", StandardState),
        Index(None, "effective_from", unique=True, postgresql_where=text("state = 'published'")),
        REFERENCE,
    )

    name: str = text_column()
    sheets: dict[str, Any] = Field(
        sa_column=Column(JSONB, nullable=False), description="`standards.rules.Sheet` by tier"
    )
    effective_from: date | None = Field(default=None, description="First day; of a draft the one wished for")
