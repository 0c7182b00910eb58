"""The audit trail: one row for each command, look at personal data and refusal; and the seals over it. Insert only."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, Index, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Column, Field

from guibin.core.models import LOCAL, SQLModel, cipher, distributed, instant, text_column


class AuditEntry(SQLModel, table=True):
    """Who did what to what, when, from where, with which result. Never a personal value."""

    __tablename__ = "audit_entry"
    __table_args__ = (
        Index(None, "owner_id", "at"),
        Index(None, "actor_id", "at"),
        Index(None, "at"),
        Index(None, "xact", "id"),
        distributed("owner_id", "customer"),
    )

    owner_id: UUID = Field(primary_key=True, description="The customer concerned, else the actor")
    id: UUID = Field(primary_key=True)
    xact: int = Field(
        sa_column=Column(
            BigInteger,
            nullable=False,
            server_default=text("((pg_current_xact_id())::text)::bigint"),
            comment="the writing transaction; the sealer reads below those that are still open",
        )
    )
    at: datetime = instant()
    actor_kind: str = text_column()
    actor_id: UUID
    roles: str = text_column(default="")
    on_behalf_id: UUID | None = Field(default=None, description="For whom the actor stands in, or whose command it is")
    action: str = text_column()
    object_type: str = text_column()
    object_id: str = text_column()
    permission: str = text_column(default="", sa_column_kwargs={"server_default": ""})
    scope: str = text_column(default="")
    reason: str | None = text_column(default=None)
    ticket: str | None = text_column(default=None)
    result: str = text_column()
    ip: str | None = text_column(default=None)
    device: str | None = text_column(default=None)
    request_id: str | None = text_column(default=None)
    changes: dict[str, list[str | None]] = Field(
        default_factory=dict,
        sa_column=Column(
            JSONB, nullable=False, server_default=text("'{}'"), comment="field: keyed hashes before and after"
        ),
    )
    facts: dict[str, object] = Field(default_factory=dict, sa_column=Column(JSONB, nullable=False))


class AuditSeal(SQLModel, table=True):
    """One link of the chain: the hash of one row of the trail and of the link before."""

    __tablename__ = "audit_seal"
    __table_args__ = (Index(None, "owner_id", "entry_id", unique=True), LOCAL)

    seq: int = Field(sa_type=BigInteger, primary_key=True, sa_column_kwargs={"autoincrement": False})
    owner_id: UUID
    entry_id: UUID
    xact: int = Field(sa_type=BigInteger)
    algorithm: str = text_column()
    prev_hash: bytes = cipher()
    hash: bytes = cipher()
    sealed_at: datetime = instant()
