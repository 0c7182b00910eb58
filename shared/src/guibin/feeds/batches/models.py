"""Batches of feed files: what was announced, the parts that came in, and what became of each file."""

from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKeyConstraint, Index, Text, text
from sqlmodel import Field

from guibin.core.lines import Line
from guibin.core.models import LOCAL, SQLModel, cipher, instant, one_of, text_column
from guibin.feeds.models import FeedKind, FeedMode


class BatchState(StrEnum):
    """The life of a batch: open for parts, sealed once everything agrees, then taken; or it changes nothing."""

    OPEN = "open"
    SEALED = "sealed"
    DONE = "done"
    REFUSED = "refused"
    ABANDONED = "abandoned"


class FeedBatch(SQLModel, table=True):
    """The files of one line and one business date that are taken together. Its parts are kept under its data key."""

    __tablename__ = "feed_batch"
    __table_args__ = (
        one_of("line", Line),
        one_of("mode", FeedMode),
        one_of("state", BatchState),
        CheckConstraint("(state IN ('done', 'refused', 'abandoned')) = (ended_at IS NOT NULL)", name="ended"),
        CheckConstraint("(data_key IS NULL) = (ended_at IS NOT NULL)", name="readable_until_its_end"),
        CheckConstraint("(state = 'refused') = (refusal IS NOT NULL)", name="refused_with_code"),
        Index(None, "created_at", postgresql_where=text("state IN ('open', 'sealed')")),
        LOCAL,
    )

    id: UUID = Field(primary_key=True)
    line: str = text_column()
    mode: str = text_column()
    business_date: date
    state: str = text_column()
    refusal: str | None = text_column(default=None, description="The code with which the first file was refused")
    data_key: bytes | None = cipher(default=None)
    created_by: UUID
    created_at: datetime = instant()
    sealed_at: datetime | None = instant(default=None)
    failures: int = Field(default=0, description="How often the worker could not take it, through no fault of its rows")
    retry_at: datetime | None = instant(default=None, description="When it is tried again; its line waits for it")
    ended_at: datetime | None = instant(default=None)


class FeedBatchFile(SQLModel, table=True):
    """A file of a batch with its control figures; `place` is its turn."""

    __tablename__ = "feed_batch_file"
    __table_args__ = (one_of("kind", FeedKind), LOCAL)

    batch_id: UUID = Field(primary_key=True, foreign_key="feed_batch.id")
    name: str = Field(sa_type=Text, primary_key=True)
    place: int
    kind: str = text_column()
    sha256: bytes = cipher()
    size: int = Field(sa_type=BigInteger)
    rows: int
    control_fen: int | None = Field(default=None, sa_type=BigInteger, description="Sum of the balances or amounts")
    file_id: UUID | None = Field(default=None, foreign_key="feed_file.id", description="What became of it")


class FeedBatchPart(SQLModel, table=True):
    """A part of a file, encrypted under the key of the batch until the batch ends."""

    __tablename__ = "feed_batch_part"
    __table_args__ = (
        ForeignKeyConstraint(["batch_id", "name"], ["feed_batch_file.batch_id", "feed_batch_file.name"]),
        LOCAL,
    )

    batch_id: UUID = Field(primary_key=True)
    name: str = Field(sa_type=Text, primary_key=True)
    number: int = Field(primary_key=True, description="From 1 on")
    id: UUID = Field(description="Of this content: what takes its place has another")
    size: int
    sha256: bytes = cipher()
    content_enc: bytes | None = cipher(default=None)
    received_at: datetime = instant()
