"""What the bank port says and takes of plans of assignment."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Annotated

from pydantic import Field

from guibin.core.ids import ApprovalId, AssignmentPlanId, BranchId, CustomerId, ManagerId, StaffId
from guibin.core.text import Note
from guibin.managers.models import Manager, UnassignedReason
from guibin.managers.planning.asking import Wish
from guibin.managers.planning.models import (
    AssignmentPlan,
    AssignmentPlanKind,
    AssignmentPlanState,
    Movable,
    PlanBook,
    PlanMove,
    PlanStep,
    Unplaced,
    WhyNot,
)
from guibin.managers.planning.repository import Tally
from guibin.managers.planning.rules import Part, Reach
from guibin.web import OutModel, StrictModel

DEAREST_WEIGHT = 10_000
MOST_LEFT_OUT = 200

Reason = Annotated[str, Note(200)]
REACH = "How far from a customer's branch a manager may stand"


class AssignmentWeightsIn(StrictModel):
    """What counts how much, in points of cost; a part that is left out counts as usual."""

    distance: Annotated[int, Field(ge=0, le=DEAREST_WEIGHT, description="Each step of the tree")] | None = None
    other_city: Annotated[int, Field(ge=0, le=DEAREST_WEIGHT)] | None = None
    second_choice: (
        Annotated[int, Field(ge=0, le=DEAREST_WEIGHT, description="A second choice of the matrix")] | None
    ) = None
    missing_skill: Annotated[int, Field(ge=0, le=DEAREST_WEIGHT, description="Each")] | None = None
    passed_claim: (
        Annotated[int, Field(ge=0, le=DEAREST_WEIGHT, description="Another manager than who has the claim")] | None
    ) = None
    broken_relationship: (
        Annotated[int, Field(ge=0, le=DEAREST_WEIGHT, description="Each month together, times the place of the tier")]
        | None
    ) = None
    load: Annotated[int, Field(ge=0, le=DEAREST_WEIGHT, description="Each tenth of the book that is full")] | None = (
        None
    )
    above_soft: Annotated[int, Field(ge=0, le=DEAREST_WEIGHT, description="Above the soft maximum")] | None = None

    def weights(self) -> dict[Part, int]:
        """Return those that were given."""
        return {Part(name): weight for name, weight in self.model_dump(exclude_none=True).items()}


class AssignmentPlanIn(StrictModel):
    """Which part of the bank shall be planned, and what may move."""

    branch_id: BranchId = Field(description="The node whose customers and managers are planned, with all below it")
    movable: Movable = Field(
        default=Movable.EVERYBODY,
        description="Who may move: those without a manager, also those whom a full book cannot keep, or everybody",
    )
    reach: Reach = Field(default=Reach.BRANCH, description=REACH)
    weights: AssignmentWeightsIn = Field(default_factory=AssignmentWeightsIn)
    reason: Reason = Field(examples=["年度管户均衡"])

    def wish(self) -> Wish:
        """Return what the plan shall do."""
        return Wish(self.reason, self.movable, self.reach, self.weights.weights())


class ManagerLeaveIn(StrictModel):
    """A manager leaves: who may take the customers, and where those go for whom there is no place."""

    branch_id: BranchId | None = Field(
        default=None,
        description="The node whose managers may take customers; the manager's branch where it is left out",
    )
    reach: Reach = Field(default=Reach.BRANCH, description=REACH)
    unplaced: Unplaced = Field(
        default=Unplaced.STAY,
        description="Those without a place stay until the night finds one, or go to the branch's head meanwhile",
    )
    weights: AssignmentWeightsIn = Field(default_factory=AssignmentWeightsIn)
    reason: Reason = Field(examples=["客户经理离职，客户移交"])

    def wish(self) -> Wish:
        """Return what the plan shall do."""
        return Wish(self.reason, Movable.EVERYBODY, self.reach, self.weights.weights(), self.unplaced)


class PlanSubmissionIn(StrictModel):
    """Who shall stay where they are."""

    without: Annotated[list[CustomerId], Field(max_length=MOST_LEFT_OUT)] = Field(default_factory=list)
    without_changed: bool = Field(
        default=False, description="Go on without those whose manager or tier has changed since it was computed"
    )


class PlanTallyOut(OutModel):
    """How many customers of a tier a plan moves, or finds no place for."""

    tier: str | None = Field(examples=["T2"])
    unplaced: UnassignedReason | None = Field(description="Why there is no place; null for those who move")
    had_manager: bool
    left_out: bool
    customers: int

    @classmethod
    def of(cls, tally: Tally) -> "PlanTallyOut":
        """Describe a count."""
        return cls(
            tier=tally.tier_code,
            unplaced=UnassignedReason(tally.unplaced) if tally.unplaced else None,
            had_manager=tally.had_manager,
            left_out=tally.left_out,
            customers=tally.customers,
        )


class AssignmentPlanOut(OutModel):
    """A plan of assignment."""

    id: AssignmentPlanId
    kind: AssignmentPlanKind
    branch_id: BranchId
    manager_id: ManagerId | None = Field(description="Who leaves")
    movable: Movable
    reach: Reach
    unplaced: Unplaced
    weights: dict[Part, int]
    reason: str
    state: AssignmentPlanState
    step: PlanStep | None = Field(description="What the worker is at; null before and after")
    asked_by: StaffId
    created_at: datetime
    computed_at: datetime | None
    applied_at: datetime | None
    approval_id: ApprovalId | None
    customers: int | None = Field(description="Customers whom it may move")
    cost_before: int | None = Field(description="What the book costs as it is, in points")
    cost_after: int | None = Field(description="What it costs by the plan, broken relationships included")
    failure: str | None

    @classmethod
    def of(cls, plan: AssignmentPlan) -> "AssignmentPlanOut":
        """Describe a plan."""
        return cls.model_validate(plan)


class AssignmentPlanDetailOut(AssignmentPlanOut):
    """A plan of assignment with its counts."""

    tallies: list[PlanTallyOut]

    @classmethod
    def with_tallies(cls, plan: AssignmentPlan, tallies: Sequence[Tally]) -> "AssignmentPlanDetailOut":
        """Describe a plan with what it moves."""
        facts = AssignmentPlanOut.of(plan).model_dump()
        return cls(**facts, tallies=[PlanTallyOut.of(tally) for tally in tallies])


class PlanMoveOut(OutModel):
    """A customer who changes hands by a plan, or finds no place, with what decided it."""

    customer_id: CustomerId
    tier: str | None = Field(examples=["T2"])
    from_manager_id: ManagerId | None
    to_manager_id: ManagerId | None
    unplaced: UnassignedReason | None
    costs: dict[Part, int] = Field(description="The parts of the cost of the chosen manager; none that is 0")
    next_manager_id: ManagerId | None = Field(description="Who would have been next best")
    next_costs: dict[Part, int]
    why_not: WhyNot | None = Field(description="Why that one was not chosen: the book is full, or dearer in all")
    left_out: bool

    @classmethod
    def of(cls, move: PlanMove) -> "PlanMoveOut":
        """Describe a move."""
        return cls(
            customer_id=move.customer_id,
            tier=move.tier_code,
            from_manager_id=move.from_manager_id,
            to_manager_id=move.to_manager_id,
            unplaced=UnassignedReason(move.unplaced) if move.unplaced else None,
            costs={Part(name): cost for name, cost in move.costs.items()},
            next_manager_id=move.next_manager_id,
            next_costs={Part(name): cost for name, cost in move.next_costs.items()},
            why_not=WhyNot(move.why_not) if move.why_not else None,
            left_out=move.left_out,
        )


class PlanBookOut(OutModel):
    """A manager's book before and after a plan."""

    manager_id: ManagerId
    capacity: int
    before: int
    after: int
    load_before: int = Field(description="Weighted load")
    load_after: int

    @classmethod
    def of(cls, book: PlanBook) -> "PlanBookOut":
        """Describe a book."""
        return cls.model_validate(book)


class PlanBooksOut(OutModel):
    """All books that a plan looks at, by manager."""

    books: list[PlanBookOut]


class ManagerLeaveOut(OutModel):
    """A manager who leaves, with the plan for the book."""

    manager_id: ManagerId
    leaving_since: date
    left_on: date | None
    plan: AssignmentPlanOut

    @classmethod
    def of(cls, plan: AssignmentPlan, manager: Manager) -> "ManagerLeaveOut":
        """Describe a leave that has begun."""
        return cls.model_validate(
            {
                "manager_id": manager.id,
                "leaving_since": manager.leaving_since,
                "left_on": manager.left_on,
                "plan": AssignmentPlanOut.of(plan),
            }
        )
