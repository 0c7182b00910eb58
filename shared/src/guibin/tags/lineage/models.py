"""How tags are used, and what becomes of those that nobody uses."""

from datetime import date
from enum import StrEnum
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, Text
from sqlmodel import Field

from guibin.core.models import LOCAL, REFERENCE, SQLModel, one_of


class UseWay(StrEnum):
    """What somebody did with a tag: filtered by it, counted it, exported by it, asked why, gave it, saw it.

    `shown` is counted once a day for each tag and person: whoever opens a customer sees all tags of the customer.
    """

    FILTERED = "filtered"
    COUNTED = "counted"
    EXPORTED = "exported"
    EXPLAINED = "explained"
    GIVEN = "given"
    SHOWN = "shown"


class TagUse(SQLModel, table=True):
    """How often a member of staff used a tag on a day, by way (标签使用)."""

    __tablename__ = "tag_use"
    __table_args__ = (
        one_of("way", UseWay),
        CheckConstraint("times > 0", name="times_positive"),
        Index(None, "used_on"),
        LOCAL,
    )

    tag_code: str = Field(sa_type=Text, primary_key=True, foreign_key="tag.code")
    used_on: date = Field(primary_key=True)
    way: str = Field(sa_type=Text, primary_key=True)
    staff_id: UUID = Field(primary_key=True)
    times: int


class TagPolicy(SQLModel, table=True):
    """The one row that says when a tag counts as dead: frozen after so many days without use, retired after more."""

    __tablename__ = "tag_policy"
    __table_args__ = (
        CheckConstraint("id = 1", name="one_row"),
        CheckConstraint("unused_days BETWEEN 1 AND 3660", name="unused_days_known"),
        CheckConstraint("announced_days BETWEEN 1 AND 365", name="announced_days_known"),
        CheckConstraint("full_every_days BETWEEN 1 AND 31", name="full_every_days_known"),
        CheckConstraint("checked_percent BETWEEN 1 AND 100", name="checked_percent_known"),
        REFERENCE,
    )

    id: int = Field(default=1, primary_key=True)
    unused_days: int | None = Field(default=None, description="NULL: no tag is frozen by the night")
    announced_days: int = Field(default=7, description="Between freezing and retirement")
    full_every_days: int = Field(default=7, description="How often the night holds everybody to every rule")
    checked_percent: int = Field(default=5, description="Share of customers that each other night checks")
    revision: int = Field(default=1, description="Counts edits; the ETag")
