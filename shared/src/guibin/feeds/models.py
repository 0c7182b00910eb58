"""The lines' files that came in, and the rows of them that were refused."""

from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import ARRAY, Index, Text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Column, Field

from guibin.core.lines import Line
from guibin.core.models import LOCAL, SQLModel, cipher, instant, one_of, text_column


class FeedKind(StrEnum):
    """What a file tells."""

    PARTIES = "parties"
    HOLDINGS = "holdings"
    BALANCES = "balances"
    EVENTS = "events"
    RESTRICTIONS = "restrictions"
    LINKS = "links"
    IDENTITY = "identity"
    TOUCHES = "touches"


class OrganisationFile(StrEnum):
    """What a file of the bank's own organisation tells."""

    BRANCHES = "branches"
    STAFF = "staff"
    HOLIDAYS = "holidays"


class TagFile(StrEnum):
    """What a file of a tag tells: whom a key names, and which value the customer has."""

    VALUES = "tag_values"


FileKind = FeedKind | OrganisationFile | TagFile


class FeedMode(StrEnum):
    """Whether what is not in a file has ended."""

    FULL = "full"
    DELTA = "delta"


class FeedFile(SQLModel, table=True):
    """One file that was taken: one line, one kind, one business date. The same content again is the same file."""

    __tablename__ = "feed_file"
    __table_args__ = (
        one_of("line", Line),
        one_of("kind", FeedKind),
        one_of("mode", FeedMode),
        Index(None, "line", "kind", "business_date", "sha256", unique=True),
        LOCAL,
    )

    id: UUID = Field(primary_key=True)
    line: str = text_column()
    kind: str = text_column()
    mode: str = text_column()
    business_date: date
    sha256: bytes = cipher()
    rows_read: int
    rows_accepted: int
    rows_changed: int
    rows_rejected: int
    columns: list[str] | None = Field(
        default=None, sa_column=Column(ARRAY(Text), nullable=True), description="As the line named them"
    )
    drift: dict[str, list[str]] | None = Field(
        default=None, sa_column=Column(JSONB(none_as_null=True), nullable=True), description="Since the file before"
    )
    mapping_version: int | None = None
    counts: dict[str, int] = Field(default_factory=dict, sa_column=Column(JSONB, nullable=False))
    taken_at: datetime = instant()
    actor_id: UUID


class FeedReject(SQLModel, table=True):
    """A row that was refused: where and why, never its content."""

    __tablename__ = "feed_reject"
    __table_args__ = (LOCAL,)

    file_id: UUID = Field(primary_key=True, foreign_key="feed_file.id")
    row: int = Field(primary_key=True, description="Line of the file, the header is line 1")
    code: str = text_column()
    column: str | None = Field(default=None, sa_type=Text)
