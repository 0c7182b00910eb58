"""What was imported, when, by whom and how much of it named a customer; the rows themselves are not kept."""

from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import Index, Text
from sqlmodel import Field

from guibin.core.models import LOCAL, SQLModel, cipher, instant, one_of, text_column


class KeyKind(StrEnum):
    """By what the rows of an import name customers."""

    CUSTOMER = "customer"
    CUSTOMER_NO = "customer_no"
    CERTIFICATE = "certificate"
    PHONE = "phone"
    RECORD = "record"


class ImportMode(StrEnum):
    """Whether those whom an import does not name keep what they have."""

    DELTA = "delta"
    FULL = "full"


class TagImport(SQLModel, table=True):
    """One import of one tag with its match report; of a model's tag also which model scored, and when."""

    __tablename__ = "tag_import"
    __table_args__ = (one_of("key_kind", KeyKind), one_of("mode", ImportMode), Index(None, "tag_code", "id"), LOCAL)

    id: UUID = Field(primary_key=True)
    tag_code: str = Field(sa_type=Text)
    key_kind: str = text_column()
    mode: str = text_column()
    model: str | None = text_column(default=None)
    model_version: str | None = text_column(default=None)
    scored_on: date | None = None
    expires_on: date | None = None
    rows: int
    matched: int
    unknown: int
    ambiguous: int
    duplicate: int
    invalid: int
    no_consent: int
    ended: int
    sha256: bytes | None = cipher(default=None, description="Of the file; NULL for rows that came in a call")
    made_by: UUID
    made_at: datetime = instant()


class TagImportReject(SQLModel, table=True):
    """A row of an imported file that gave nothing: where and why, never its content."""

    __tablename__ = "tag_import_reject"
    __table_args__ = (LOCAL,)

    import_id: UUID = Field(primary_key=True, foreign_key="tag_import.id")
    row: int = Field(primary_key=True, description="Line of the file, the header is line 1")
    code: str = text_column()
    column: str | None = text_column(default=None)
