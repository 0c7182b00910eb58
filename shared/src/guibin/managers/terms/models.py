"""The versions of the terms on which customers keep, change and lose their managers."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Column, Field

from guibin.core.models import REFERENCE, SQLModel, instant


class CoverageTermsVersion(SQLModel, table=True):
    """One version of the terms; the highest is in force, and without one the terms are what `Terms` says."""

    __tablename__ = "coverage_terms"
    __table_args__ = (REFERENCE,)

    version: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    terms: dict[str, Any] = Field(sa_column=Column(JSONB, nullable=False))
    approval_id: UUID
    decided_at: datetime = instant()
