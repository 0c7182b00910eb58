"""Runs of scheduled work, step by step."""

from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import Index, Text, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Column, Field

from guibin.core.models import LOCAL, SQLModel, instant, one_of, text_column


class RunState(StrEnum):
    """Where a run stands; one that was killed stays `running` and is resumed."""

    RUNNING = "running"
    FINISHED = "finished"


class Run(SQLModel, table=True):
    """One nightly run of one business day."""

    __tablename__ = "run"
    __table_args__ = (
        one_of("state", RunState),
        Index(None, "started_at", "id"),
        Index("ix_run_one_open", "business_date", unique=True, postgresql_where=text("state = 'running'")),
        Index(None, "business_date"),
        LOCAL,
    )

    id: UUID = Field(primary_key=True)
    kind: str = text_column()
    business_date: date
    state: str = text_column()
    started_at: datetime = instant()
    finished_at: datetime | None = instant(default=None)
    actor_id: UUID
    overdue_told_at: datetime | None = instant(default=None)


class RunStep(SQLModel, table=True):
    """A step with what it read, changed and refused; written in the transaction of its effect."""

    __tablename__ = "run_step"
    __table_args__ = (LOCAL,)

    run_id: UUID = Field(primary_key=True, foreign_key="run.id")
    name: str = Field(sa_type=Text, primary_key=True)
    position: int
    counts: dict[str, int] = Field(default_factory=dict, sa_column=Column(JSONB, nullable=False))
    started_at: datetime = instant()
    finished_at: datetime | None = instant(default=None)
