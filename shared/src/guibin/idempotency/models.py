from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, LargeBinary
from sqlmodel import Field, SQLModel

from guibin.core.models import distributed, instant, text_column


class IdempotencyKey(SQLModel, table=True):
    """A key that an actor used, and the answer that it gave."""

    __tablename__ = "idempotency_key"
    __table_args__ = (
        CheckConstraint("octet_length(fingerprint) = 32", name="fingerprint_is_sha256"),
        CheckConstraint("char_length(key) BETWEEN 1 AND 128", name="key_length"),
        CheckConstraint("status BETWEEN 200 AND 299 OR status = 409", name="status_is_stored"),
        distributed("actor_id", "customer"),
    )

    actor_id: UUID = Field(primary_key=True)
    key: str = text_column(primary_key=True)
    fingerprint: bytes = Field(
        sa_type=LargeBinary, sa_column_kwargs={"comment": "SHA-256 over method, path, query and canonical body"}
    )
    status: int | None = Field(
        default=None, sa_column_kwargs={"comment": "Empty only inside the transaction that makes the answer"}
    )
    body: bytes | None = Field(
        default=None,
        sa_type=LargeBinary,
        sa_column_kwargs={"comment": "Kept at least 7 days; the key stays, so that it never has a second effect"},
    )
    content_type: str | None = text_column(default=None)
    etag: str | None = text_column(default=None)
    created_at: datetime = instant()
