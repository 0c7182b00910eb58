"""Lists that staff ask for as files."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import CheckConstraint, Index
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Column, Field

from guibin.core.models import LOCAL, SQLModel, cipher, instant, one_of, text_column


class ListKind(StrEnum):
    """Which list."""

    CUSTOMERS = "customers"
    TAX_RECIPIENTS = "tax_recipients"


class ExportState(StrEnum):
    """The life of an export: made, or not made for a reason; then fetched, or over after its time."""

    WAITING = "waiting"
    READY = "ready"
    FETCHED = "fetched"
    EXPIRED = "expired"
    FAILED = "failed"


class ExportFailure(StrEnum):
    """Why an export was not made.

    `forbidden`: its requester may not export any more. `scope_changed`: nor these customers. `export_too_large`: there
    are more rows by now. `not_made`: the worker could not make it within a day.
    """

    FORBIDDEN = "forbidden"
    SCOPE_CHANGED = "scope_changed"
    TOO_LARGE = "export_too_large"
    NOT_MADE = "not_made"


class ListExport(SQLModel, table=True):
    """A list that somebody asked for: by which grant, over whose data, and the file while it lies ready (名单导出)."""

    __tablename__ = "list_export"
    __table_args__ = (
        one_of("kind", ListKind),
        one_of("state", ExportState),
        one_of("failure", ExportFailure),
        CheckConstraint("verb IN ('export', 'submit')", name="verb_known"),
        CheckConstraint("(verb = 'submit') = (approval_id IS NOT NULL)", name="submitted_is_approved"),
        CheckConstraint("(content_enc IS NOT NULL) = (state = 'ready')", name="file_while_ready"),
        CheckConstraint("(content_enc IS NULL) = (data_key IS NULL)", name="file_with_key"),
        CheckConstraint("(failure IS NOT NULL) = (state = 'failed')", name="failed_with_reason"),
        CheckConstraint("(link_hash IS NULL) = (link_expires_at IS NULL)", name="link_with_end"),
        Index(None, "requested_by", "created_at", "id"),
        Index(None, "state", "created_at"),
        LOCAL,
    )

    id: UUID = Field(primary_key=True)
    requested_by: UUID = Field(description="The member of staff whose file it is")
    kind: str = text_column()
    filters: dict[str, str] = Field(default_factory=dict, sa_column=Column(JSONB, nullable=False))
    verb: str = text_column(description="The grant that it rests on: export, or submit with an approval")
    scope: str = text_column(description="Whose data that grant opened when it was asked for")
    approval_id: UUID | None = None
    state: str = text_column()
    failure: str | None = text_column(default=None)
    created_at: datetime = instant()
    made_at: datetime | None = instant(default=None)
    expires_at: datetime | None = instant(default=None)
    rows: int | None = None
    data_key: bytes | None = cipher(default=None, description="Of this file alone, wrapped")
    content_enc: bytes | None = cipher(default=None, description="The CSV under the data key; NULL before and after")
    link_hash: bytes | None = cipher(default=None, description="SHA-256 of the one-time link that is open")
    link_expires_at: datetime | None = instant(default=None)
    fetched_at: datetime | None = instant(default=None)
