"""Files of opening balances, of grants and of events: what came in, line by line, and what became of each line."""

from datetime import date, datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, Index, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Column, Field

from guibin.core.models import LOCAL, SQLModel, cipher, instant, one_of, text_column


class FileKind(StrEnum):
    """What a file brings: balances that another system kept, points granted or taken away by hand, business events."""

    OPENING = "opening"
    GRANT = "grant"
    EVENTS = "events"


BY_HAND = (FileKind.OPENING, FileKind.GRANT)
"""What a person answers for, and a second person approves; events earn what the rules in force say."""


class FileState(StrEnum):
    """The life of a file: submitted, then approved and carried out by the worker, or given up; events are at once."""

    SUBMITTED = "submitted"
    APPROVED = "approved"
    DONE = "done"
    REJECTED = "rejected"
    FAILED = "failed"


class LineState(StrEnum):
    """What became of a line; an event earned, earns nothing by any rule, was undone, or was known already."""

    WAITING = "waiting"
    POSTED = "posted"
    EARNED = "earned"
    NOTHING = "nothing"
    RETURNED = "returned"
    REPLAYED = "replayed"
    REFUSED = "refused"


class PointsFile(SQLModel, table=True):
    """A file of points (批量积分文件). Its reference and the number of a line name an entry: a line posts once."""

    __tablename__ = "points_file"
    __table_args__ = (
        one_of("kind", FileKind),
        one_of("state", FileState),
        CheckConstraint("(state IN ('done', 'failed', 'rejected')) = (ended_at IS NOT NULL)", name="ended"),
        Index(None, "reference", unique=True),
        Index(None, "state", postgresql_where=text("state = 'approved'")),
        LOCAL,
    )

    id: UUID = Field(primary_key=True)
    kind: str = text_column()
    reference: str = text_column(description="The bank's own name of the file")
    sha256: bytes = cipher()
    state: str = text_column()
    lines: int
    lines_refused: int = Field(description="Of them, those that could not be read")
    credits: int = Field(sa_type=BigInteger)
    debits: int = Field(sa_type=BigInteger)
    cost_fen: int = Field(sa_type=BigInteger, description="Of credits and debits together")
    maker_id: UUID
    created_at: datetime = instant()
    ended_at: datetime | None = instant(default=None)


class PointsFileLine(SQLModel, table=True):
    """A line of a file. Whom it names is a keyed hash, kept until the line is carried out."""

    __tablename__ = "points_file_line"
    __table_args__ = (
        one_of("state", LineState),
        CheckConstraint("(state = 'refused') = (code IS NOT NULL)", name="refused_with_code"),
        CheckConstraint("state = 'waiting' OR (customer_ref IS NULL AND event IS NULL)", name="named_while_waiting"),
        Index(None, "file_id", "line", postgresql_where=text("state = 'waiting'")),
        LOCAL,
    )

    file_id: UUID = Field(primary_key=True, foreign_key="points_file.id")
    line: int = Field(primary_key=True, description="Line of the file; the header is line 1")
    customer_ref: bytes | None = cipher(default=None)
    wallet: str | None = text_column(default=None)
    points: int | None = Field(default=None, sa_type=BigInteger)
    expires_on: date | None = None
    reason: str | None = text_column(default=None)
    event: dict[str, Any] | None = Field(
        default=None,
        sa_column=Column(JSONB(none_as_null=True)),
        description="What is to be recorded, until the line is carried out",
    )
    state: str = text_column()
    code: str | None = text_column(default=None)
    entry_id: UUID | None = None
