"""Four eyes: a command that waits for another person's decision."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import BigInteger, ForeignKeyConstraint, Index
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Column, Field

from guibin.core.models import SQLModel, cipher, distributed, instant, one_of, text_column


class ApprovalState(StrEnum):
    """The life of an approval."""

    PENDING = "pending"
    APPROVED = "approved"
    REJECTED = "rejected"
    EXPIRED = "expired"
    FAILED = "failed"


class Approval(SQLModel, table=True):
    """A submitted command: its kind, its payload in canonical form and the hash that a decision refers to."""

    __tablename__ = "approval"
    __table_args__ = (
        one_of("state", ApprovalState),
        Index(None, "state", "created_at"),
        distributed("owner_id", "customer"),
    )

    owner_id: UUID = Field(primary_key=True, description="The customer concerned, else the maker")
    id: UUID = Field(primary_key=True)
    kind: str = text_column()
    domain: str = text_column()
    subject: str = text_column(description="The public id or code of what is changed")
    payload: dict[str, object] = Field(sa_column=Column(JSONB, nullable=False))
    payload_hash: bytes = cipher()
    preview: dict[str, object] = Field(default_factory=dict, sa_column=Column(JSONB, nullable=False))
    cost_fen: int | None = Field(default=None, sa_type=BigInteger)
    branch_id: UUID | None = Field(default=None, description="Where in the organisation an approver must stand")
    maker_id: UUID
    state: str = text_column()
    failure: str | None = text_column(default=None, description="Code of the refusal when the execution failed")
    created_at: datetime = instant()
    expires_at: datetime = instant()
    decided_at: datetime | None = instant(default=None)


class ApprovalDecision(SQLModel, table=True):
    """One person's yes or no over one payload hash."""

    __tablename__ = "approval_decision"
    __table_args__ = (
        ForeignKeyConstraint(["owner_id", "approval_id"], ["approval.owner_id", "approval.id"]),
        distributed("owner_id", "customer"),
    )

    owner_id: UUID = Field(primary_key=True)
    approval_id: UUID = Field(primary_key=True)
    approver_id: UUID = Field(primary_key=True)
    approved: bool
    payload_hash: bytes = cipher()
    comment: str | None = text_column(default=None)
    decided_at: datetime = instant()
