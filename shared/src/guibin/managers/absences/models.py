"""When a manager is away, and who serves the book meanwhile."""

from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, func, text
from sqlalchemy.dialects.postgresql import ExcludeConstraint
from sqlmodel import Field

from guibin.core.models import REFERENCE, SQLModel, instant, one_of, text_column


class AbsenceKind(StrEnum):
    """Why a manager is away."""

    LEAVE = "leave"
    SICK = "sick"
    TRAINING = "training"
    SECONDMENT = "secondment"


class ManagerAbsence(SQLModel, table=True):
    """A manager is away from a day until another. One that was called off has no days: it ends where it begins."""

    __tablename__ = "manager_absence"
    __table_args__ = (
        one_of("kind", AbsenceKind),
        CheckConstraint("valid_to >= valid_from", name="in_order"),
        CheckConstraint("backup_id <> manager_id", name="of_two"),
        ExcludeConstraint(
            ("manager_id", "="),
            (func.daterange(text("valid_from"), text("valid_to")), "&&"),
            using="gist",
            name="ex_manager_absence_one_at_a_time",
        ),
        Index(None, "manager_id", "valid_to"),
        REFERENCE,
    )

    id: UUID = Field(primary_key=True)
    manager_id: UUID = Field(foreign_key="manager.id")
    backup_id: UUID = Field(foreign_key="manager.id", description="Who serves the book meanwhile")
    kind: str = text_column()
    valid_from: date = Field(description="First day away")
    valid_to: date = Field(description="First day back")
    note: str | None = text_column(default=None)
    created_by: UUID
    created_at: datetime = instant()
