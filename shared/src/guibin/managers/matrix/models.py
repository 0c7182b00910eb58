"""The matrix of grades and tiers in its versions: one of them is in force on any day."""

from datetime import date, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import CheckConstraint, Column, func, text
from sqlalchemy.dialects.postgresql import JSONB, ExcludeConstraint
from sqlmodel import Field

from guibin.approvals.definitions.models import Version
from guibin.core.models import REFERENCE, instant, one_of, text_column


class MatrixState(StrEnum):
    """The life of a version as it is kept; whether an approved one is in force is a question of its days."""

    DRAFT = "draft"
    PENDING = "pending"
    APPROVED = "approved"


class ManagerMatrix(Version, table=True):
    """A version of the matrix: whom which grade serves, and what a tier, a product or a tag asks of a manager.

    Approved versions never overlap: the next one ends the one before it. The first one has been in force for ever.
    """

    __tablename__ = "manager_matrix"
    __table_args__ = (
        one_of("state", MatrixState),
        CheckConstraint("effective_to >= effective_from", name="ends_after_it_begins"),
        ExcludeConstraint(
            (func.daterange(text("effective_from"), text("effective_to")), "&&"),
            where=text("state = 'approved'"),
            using="gist",
            name="ex_manager_matrix_one_in_force",
        ),
        REFERENCE,
    )

    name: str = text_column()
    effective_from: date | None = Field(default=None, description="First day; of a draft null: once approved")
    effective_to: date | None = Field(default=None, description="First day of the version after it")
    content: dict[str, Any] = Field(
        sa_column=Column(JSONB, nullable=False), description="`managers.matrix.rules.Content`"
    )
    activated_at: datetime | None = instant(default=None)
