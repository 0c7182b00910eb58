"""The audit trail: one row for each staff command, refusal that must be kept, and run. Insert only."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Index
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Column, Field

from guibin.core.models import SQLModel, distributed, instant, text_column


class AuditEntry(SQLModel, table=True):
    """Who did what to what, when, from where, with which result. Never a personal value."""

    __tablename__ = "audit_entry"
    __table_args__ = (
        Index(None, "owner_id", "at"),
        Index(None, "at"),
        distributed("owner_id", "customer"),
    )

    owner_id: UUID = Field(primary_key=True, description="The customer concerned, else the actor")
    id: UUID = Field(primary_key=True)
    at: datetime = instant()
    actor_kind: str = text_column()
    actor_id: UUID
    roles: str = text_column(default="")
    action: str = text_column()
    object_type: str = text_column()
    object_id: str = text_column()
    scope: str = text_column(default="")
    reason: str | None = text_column(default=None)
    result: str = text_column()
    request_id: str | None = text_column(default=None)
    facts: dict[str, object] = Field(default_factory=dict, sa_column=Column(JSONB, nullable=False))
