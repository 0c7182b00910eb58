"""How arrivals are given to managers: a rule per branch or region, and whose turn it is."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint
from sqlmodel import Field

from guibin.core.models import REFERENCE, SQLModel, instant, one_of, text_column
from guibin.managers.models import ArrivalStrategy


class AssignmentRule(SQLModel, table=True):
    """The rule of a node of the organisation, for the branches below it that have none of their own."""

    __tablename__ = "assignment_rule"
    __table_args__ = (
        one_of("strategy", ArrivalStrategy),
        CheckConstraint("otherwise IN ('round_robin', 'least_load', 'weighted_random')", name="otherwise_known"),
        CheckConstraint("max_wait_days > 0", name="waits_a_day"),
        REFERENCE,
    )

    branch_id: UUID = Field(primary_key=True, foreign_key="branch.id")
    strategy: str = text_column()
    otherwise: str = text_column(description="What `preference_first` does without a wish that can be met")
    max_wait_days: int | None = Field(default=None, description="Who waits longer is escalated; NULL: nobody is")
    turn: int = Field(default=0, sa_type=BigInteger, description="How many turns were taken")
    revision: int = 1
    updated_at: datetime = instant()


class AssignmentTurn(SQLModel, table=True):
    """At which turn of a rule a manager was last chosen."""

    __tablename__ = "assignment_turn"
    __table_args__ = (REFERENCE,)

    branch_id: UUID = Field(primary_key=True, foreign_key="assignment_rule.branch_id")
    manager_id: UUID = Field(primary_key=True, foreign_key="manager.id")
    turn: int = Field(sa_type=BigInteger)
