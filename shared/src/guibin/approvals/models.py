"""Four eyes: a command that waits for another person's decision."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKeyConstraint, Index, Text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Column, Field

from guibin.core.models import REFERENCE, SQLModel, cipher, distributed, instant, one_of, text_column


class ApprovalState(StrEnum):
    """The life of an approval; it is open while it is pending or its maker is asked for changes."""

    PENDING = "pending"
    CHANGES_REQUESTED = "changes_requested"
    APPROVED = "approved"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"
    FAILED = "failed"


class Verdict(StrEnum):
    """What one person says of a request."""

    AGREED = "agreed"
    REJECTED = "rejected"
    CHANGES_REQUESTED = "changes_requested"


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
    revision: int = Field(default=1, description="Counts the payloads; a decision is about one of them")
    preview: dict[str, object] = Field(default_factory=dict, sa_column=Column(JSONB, nullable=False))
    cost_fen: int | None = Field(default=None, sa_type=BigInteger)
    branch_id: UUID | None = Field(default=None, description="Where in the organisation an approver must stand")
    maker_id: UUID
    state: str = text_column()
    failure: str | None = text_column(default=None, description="Code of the refusal when the execution failed")
    created_at: datetime = instant()
    expires_at: datetime = instant()
    decided_at: datetime | None = instant(default=None)

    @property
    def customer_id(self) -> UUID | None:
        """The customer concerned; None when it is about nobody in particular."""
        return None if self.owner_id == self.maker_id else self.owner_id


class ApprovalDecision(SQLModel, table=True):
    """What one person said of one payload. A new payload asks everybody anew. Insert only."""

    __tablename__ = "approval_decision"
    __table_args__ = (
        ForeignKeyConstraint(["owner_id", "approval_id"], ["approval.owner_id", "approval.id"]),
        one_of("verdict", Verdict),
        distributed("owner_id", "customer"),
    )

    owner_id: UUID = Field(primary_key=True)
    approval_id: UUID = Field(primary_key=True)
    revision: int = Field(primary_key=True)
    approver_id: UUID = Field(primary_key=True)
    verdict: str = text_column()
    payload_hash: bytes = cipher()
    comment: str | None = text_column(default=None)
    decided_at: datetime = instant()


class ApprovalRule(SQLModel, table=True):
    """How a kind of command is approved, where the bank wants it otherwise than `rules.DEFAULT_RULE`."""

    __tablename__ = "approval_rule"
    __table_args__ = (
        CheckConstraint("business_days BETWEEN 1 AND 60", name="business_days_in_range"),
        CheckConstraint("approvers BETWEEN 1 AND 5", name="approvers_in_range"),
        CheckConstraint("approvers_above BETWEEN approvers AND 5", name="approvers_above_in_range"),
        CheckConstraint("free_items >= 0", name="free_items_not_negative"),
        REFERENCE,
    )

    kind: str = Field(sa_type=Text, primary_key=True)
    business_days: int = Field(description="How long a request stays open")
    approvers: int = Field(description="How many people must agree")
    threshold_fen: int | None = Field(default=None, sa_type=BigInteger, description="Cost above which it takes more")
    approvers_above: int = Field(description="How many people must agree above the threshold")
    free_items: int | None = Field(default=None, description="How many objects one command changes without approval")
