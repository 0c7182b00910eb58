"""The versions of each line's mappings."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import ARRAY, Index, Text, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Column, Field

from guibin.core.lines import Line
from guibin.core.models import REFERENCE, SQLModel, instant, one_of, text_column
from guibin.feeds.models import FeedKind


class MappingState(StrEnum):
    """The life of a version: drafted, submitted, in force until the next one is."""

    DRAFT = "draft"
    PENDING = "pending"
    ACTIVE = "active"
    REPLACED = "replaced"


class FeedMapping(SQLModel, table=True):
    """A version of how a line writes files of a kind. At most one is in force."""

    __tablename__ = "feed_mapping"
    __table_args__ = (
        one_of("line", Line),
        one_of("kind", FeedKind),
        one_of("state", MappingState),
        Index(None, "line", "kind", unique=True, postgresql_where=text("state = 'active'")),
        REFERENCE,
    )

    line: str = Field(sa_type=Text, primary_key=True)
    kind: str = Field(sa_type=Text, primary_key=True)
    version: int = Field(primary_key=True)
    state: str = text_column()
    columns: dict[str, str] = Field(sa_column=Column(JSONB, nullable=False), description="Ours by theirs")
    values: dict[str, dict[str, str]] = Field(
        sa_column=Column(JSONB, nullable=False), description="Ours by theirs, within one of our columns"
    )
    ignored: list[str] = Field(sa_column=Column(ARRAY(Text), nullable=False), description="Theirs that are read past")
    dates: dict[str, str] = Field(
        default_factory=dict,
        sa_column=Column(JSONB, nullable=False, server_default=text("'{}'")),
        description="How our columns of days are written",
    )
    fills: list[str] = Field(
        default_factory=list,
        sa_column=Column(ARRAY(Text), nullable=False, server_default=text("'{}'")),
        description="Ours that only fill what is empty",
    )
    created_by: UUID
    created_at: datetime = instant()
