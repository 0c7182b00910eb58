"""What pays for points and rights, and what can be stopped at once."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKeyConstraint, Index, Text, UniqueConstraint
from sqlmodel import Field

from guibin.core.lines import Line
from guibin.core.models import REFERENCE, SQLModel, distributed, instant, one_of, text_column


class Target(StrEnum):
    """What a kill switch stops: everything, one kind of points, or one right."""

    PROGRAMME = "programme"
    WALLET = "wallet"
    RIGHT = "right"


class KillSwitch(SQLModel, table=True):
    """Something that is stopped, or was: earning, spending or both. `subject` is empty for the whole programme."""

    __tablename__ = "kill_switch"
    __table_args__ = (one_of("target", Target), REFERENCE)

    target: str = Field(sa_type=Text, primary_key=True)
    subject: str = Field(sa_type=Text, primary_key=True, description="Code of the wallet, public id of the right")
    earning: bool
    spending: bool
    reason: str = text_column()
    set_by: UUID
    set_at: datetime = instant()


class Budget(SQLModel, table=True):
    """What a branch may spend for a line in a year, in points and in CNY; NULL is no bound (预算)."""

    __tablename__ = "budget"
    __table_args__ = (
        one_of("line", Line),
        UniqueConstraint("branch_id", "year", "line"),
        CheckConstraint("points_limit IS NOT NULL OR fen_limit IS NOT NULL", name="bounded"),
        CheckConstraint("points_spent >= 0 AND (points_limit IS NULL OR points_spent <= points_limit)", name="points"),
        CheckConstraint("fen_spent >= 0 AND (fen_limit IS NULL OR fen_spent <= fen_limit)", name="fen"),
        distributed("branch_id"),
    )

    branch_id: UUID = Field(primary_key=True, foreign_key="branch.id")
    id: UUID = Field(primary_key=True)
    year: int
    line: str = text_column()
    points_limit: int | None = Field(default=None, sa_type=BigInteger)
    fen_limit: int | None = Field(default=None, sa_type=BigInteger)
    points_spent: int = Field(default=0, sa_type=BigInteger)
    fen_spent: int = Field(default=0, sa_type=BigInteger)
    created_at: datetime = instant()


class BudgetDraw(SQLModel, table=True):
    """What one redemption, rule or grant took from a budget, less what was given back."""

    __tablename__ = "budget_draw"
    __table_args__ = (
        CheckConstraint("points >= 0 AND fen >= 0", name="not_negative"),
        ForeignKeyConstraint(["branch_id", "budget_id"], ["budget.branch_id", "budget.id"]),
        Index(None, "source_kind", "source_id"),
        distributed("branch_id", "budget"),
    )

    branch_id: UUID = Field(primary_key=True)
    budget_id: UUID = Field(primary_key=True)
    source_kind: str = Field(sa_type=Text, primary_key=True)
    source_id: str = Field(sa_type=Text, primary_key=True)
    points: int = Field(sa_type=BigInteger)
    fen: int = Field(sa_type=BigInteger)
    drawn_at: datetime = instant()
