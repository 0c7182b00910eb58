"""The policies that a bank has written."""

from datetime import time

from sqlalchemy import ARRAY, CheckConstraint, Text
from sqlmodel import Column, Field

from guibin.core.lines import Line
from guibin.core.models import REFERENCE, SQLModel, one_of, text_column
from guibin.feeds.policies.rules import Late


class FeedPolicy(SQLModel, table=True):
    """When a line is due and what follows when it is late. A line without a row is held to the common terms."""

    __tablename__ = "feed_policy"
    __table_args__ = (
        one_of("line", Line),
        one_of("late", Late),
        CheckConstraint("'balances' = ANY(kinds)", name="with_balances"),
        REFERENCE,
    )

    line: str = Field(sa_type=Text, primary_key=True)
    cut_off: time = Field(description="Local time on the day after the business date")
    late: str = text_column()
    kinds: list[str] = Field(sa_column=Column(ARRAY(Text), nullable=False), description="What must be in")
    owner: str | None = text_column(default=None, description="Who answers for the line's data: a unit, not a person")
    revision: int
