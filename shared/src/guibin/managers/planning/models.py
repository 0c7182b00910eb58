"""Plans of assignment as they are kept: what was asked, each move with what decided it, each book before and after."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, Index, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Column, Field

from guibin.core.models import BY_CUSTOMER, LOCAL, SQLModel, instant, one_of, text_column
from guibin.managers.planning.rules import Reach


class AssignmentPlanKind(StrEnum):
    """What a plan is for: load that evens out, or a manager who leaves."""

    REBALANCE = "rebalance"
    LEAVE = "leave"


class Movable(StrEnum):
    """Who may move: those without a manager, also those whom a full book cannot keep, or everybody."""

    UNASSIGNED = "unassigned"
    OVERFULL = "overfull"
    EVERYBODY = "everybody"


class Unplaced(StrEnum):
    """Where the customers of a leaver go for whom there is no place: nowhere yet, or to the branch's head meanwhile."""

    STAY = "stay"
    BRANCH_HEAD = "branch_head"


class AssignmentPlanState(StrEnum):
    """The life of a plan."""

    WAITING = "waiting"
    COMPUTING = "computing"
    READY = "ready"
    FAILED = "failed"
    SUBMITTED = "submitted"
    APPLIED = "applied"
    CANCELLED = "cancelled"


class PlanStep(StrEnum):
    """What the worker does of a plan that it computes."""

    READING = "reading"
    SOLVING = "solving"
    WRITING = "writing"


class WhyNot(StrEnum):
    """Why the next best manager was not chosen: the book is full, or it would cost more in all."""

    FULL = "full"
    DEARER = "dearer"


class AssignmentPlan(SQLModel, table=True):
    """A plan that somebody asked for (管户分配方案)."""

    __tablename__ = "assignment_plan"
    __table_args__ = (
        one_of("kind", AssignmentPlanKind),
        one_of("movable", Movable),
        one_of("reach", Reach),
        one_of("unplaced", Unplaced),
        one_of("state", AssignmentPlanState),
        one_of("step", PlanStep),
        CheckConstraint("(kind = 'leave') = (manager_id IS NOT NULL)", name="of_who_leaves"),
        CheckConstraint("(state = 'applied') = (applied_at IS NOT NULL)", name="applied_when"),
        Index(None, "state", "created_at"),
        Index(
            "uq_assignment_plan_one_leave",
            "manager_id",
            unique=True,
            postgresql_where=text("state IN ('waiting', 'computing', 'ready', 'submitted')"),
        ),
        LOCAL,
    )

    id: UUID = Field(primary_key=True)
    kind: str = text_column()
    branch_id: UUID = Field(foreign_key="branch.id", description="The node whose customers and managers are planned")
    manager_id: UUID | None = Field(default=None, foreign_key="manager.id", description="Who leaves")
    movable: str = text_column()
    reach: str = text_column()
    unplaced: str = text_column(default=Unplaced.STAY)
    reason: str = text_column()
    weights: dict[str, int] = Field(sa_column=Column(JSONB, nullable=False))
    state: str = text_column(default=AssignmentPlanState.WAITING)
    step: str | None = text_column(default=None)
    asked_by: UUID
    created_at: datetime = instant()
    claimed_until: datetime | None = instant(default=None, description="Until then one worker computes it")
    computed_at: datetime | None = instant(default=None)
    applied_at: datetime | None = instant(default=None)
    approval_id: UUID | None = None
    customers: int | None = Field(default=None, description="Whom the plan considered")
    cost_before: int | None = Field(default=None, sa_type=BigInteger)
    cost_after: int | None = Field(default=None, sa_type=BigInteger)
    failure: str | None = text_column(default=None)


class PlanBook(SQLModel, table=True):
    """A manager's book before a plan and after it."""

    __tablename__ = "assignment_plan_book"
    __table_args__ = (LOCAL,)

    plan_id: UUID = Field(primary_key=True, foreign_key="assignment_plan.id")
    manager_id: UUID = Field(primary_key=True)
    capacity: int
    before: int
    after: int
    load_before: int = Field(sa_type=BigInteger)
    load_after: int = Field(sa_type=BigInteger)


class PlanMove(SQLModel, table=True):
    """A customer who changes hands by a plan, or who finds no place, with what decided it."""

    __tablename__ = "assignment_plan_move"
    __table_args__ = (
        one_of("why_not", WhyNot),
        CheckConstraint("(to_manager_id IS NULL) = (unplaced IS NOT NULL)", name="placed_or_why_not"),
        Index(None, "plan_id", "customer_id"),
        BY_CUSTOMER,
    )

    customer_id: UUID = Field(primary_key=True, foreign_key="customer.id")
    plan_id: UUID = Field(primary_key=True)
    tier_code: str | None = text_column(default=None)
    coverage_id: UUID | None = Field(default=None, description="The coverage that was open when it was computed")
    from_manager_id: UUID | None = None
    to_manager_id: UUID | None = None
    unplaced: str | None = text_column(default=None)
    costs: dict[str, int] = Field(sa_column=Column(JSONB, nullable=False))
    next_manager_id: UUID | None = None
    next_costs: dict[str, int] = Field(sa_column=Column(JSONB, nullable=False))
    why_not: str | None = text_column(default=None)
    left_out: bool = Field(default=False, description="Whoever submitted it left this one out")
