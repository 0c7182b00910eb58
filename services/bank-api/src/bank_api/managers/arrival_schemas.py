"""What the bank port says and takes of arrivals and of the rules by which they are given out."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Annotated

from pydantic import Field

from guibin.core.ids import BranchId, CustomerId, ManagerId
from guibin.managers.arrivals.models import AssignmentRule
from guibin.managers.arrivals.service import Arrival, Candidate, WantedRule
from guibin.managers.models import ArrivalStrategy, ChosenBy, Grade, UnassignedReason
from guibin.managers.rules import Obstacle
from guibin.organisation.models import Branch
from guibin.web import OutModel, StrictModel

LONGEST_WAIT = 365


class AssignmentRuleIn(StrictModel):
    """How arrivals of a branch, or of the branches below, are given to managers."""

    strategy: ArrivalStrategy
    otherwise: ArrivalStrategy = Field(
        default=ArrivalStrategy.ROUND_ROBIN, description="What `preference_first` does without a wish that can be met"
    )
    max_wait_days: Annotated[int, Field(ge=1, le=LONGEST_WAIT)] | None = Field(
        default=None, description="Who waits longer is escalated as too_old; null: nobody is"
    )

    def wanted(self) -> WantedRule:
        """Say what is asked for."""
        return WantedRule(self.strategy, self.otherwise, self.max_wait_days)


class AssignmentRuleOut(OutModel):
    """The rule of a node of the organisation, for the branches below it that have none of their own."""

    branch_id: BranchId
    branch_code: str
    strategy: ArrivalStrategy
    otherwise: ArrivalStrategy
    max_wait_days: int | None
    turns: int = Field(description="How many turns were taken by round-robin")
    revision: int = Field(description="Counts edits; the ETag")
    updated_at: datetime

    @classmethod
    def of(cls, rule: AssignmentRule, branch: Branch) -> "AssignmentRuleOut":
        """Describe a rule with its node."""
        return cls(
            branch_id=branch.id,
            branch_code=branch.code,
            strategy=ArrivalStrategy(rule.strategy),
            otherwise=ArrivalStrategy(rule.otherwise),
            max_wait_days=rule.max_wait_days,
            turns=rule.turn,
            revision=rule.revision,
            updated_at=rule.updated_at,
        )


class AssignmentRulesOut(OutModel):
    """All rules, by the node's code. Where none counts, the manager with the least load is chosen."""

    items: list[AssignmentRuleOut]


class ArrivalIn(StrictModel):
    """A customer looks for a manager."""

    dry_run: bool = Field(default=False, description="Only tell who would be chosen and why; nothing is stored")


class CandidateOut(OutModel):
    """A manager who was looked at, as things stood before the assignment."""

    manager_id: ManagerId
    branch_id: BranchId
    grade: Grade
    preference: int | None = Field(description="1 should serve the tier, 2 may; null: may not")
    load: int = Field(description="Customers served")
    capacity: int
    minutes: int = Field(description="Minutes a year of the contact plan")
    hard_minutes: int | None
    score: float | None = Field(
        description="What the strategy made of it, the lowest is chosen: the last turn, how full the book is, or the"
        " draw; null for one who cannot serve the customer"
    )
    obstacles: Sequence[Obstacle] = Field(description="All that stands against it")
    chosen: bool

    @classmethod
    def of(cls, one: Candidate, chosen_id: object) -> "CandidateOut":
        """Describe a candidate."""
        seat = one.seat
        return cls(
            manager_id=seat.manager_id,
            branch_id=seat.branch_id,
            grade=Grade(seat.grade),
            preference=one.preference,
            load=one.load,
            capacity=seat.capacity,
            minutes=one.minutes,
            hard_minutes=seat.hard_minutes,
            score=one.score,
            obstacles=one.obstacles,
            chosen=seat.manager_id == chosen_id,
        )


class ArrivalOut(OutModel):
    """Who serves the customer from now on and why this one, or why nobody does."""

    customer_id: CustomerId
    tier: str | None = Field(examples=["T2"])
    manager_id: ManagerId | None = Field(description="Null: nobody, see `reason`")
    reason: UnassignedReason | None = Field(description="Why nobody; a customer of a managed tier waits with it")
    strategy: ChosenBy = Field(description="By which the manager was chosen; a claim comes before every strategy")
    rule_branch_id: BranchId | None = Field(description="The node whose rule counted; null: none did, least load")
    since: date | None = Field(description="First day; null where nobody serves, and in a dry run")
    strained: bool = Field(description="Whether the chosen manager's book is now above a soft maximum")
    candidates: list[CandidateOut]

    @classmethod
    def of(cls, arrival: Arrival) -> "ArrivalOut":
        """Describe what came of an arrival."""
        chosen_id = arrival.chosen.manager_id if arrival.chosen else None
        return cls(
            customer_id=arrival.customer.customer_id,
            tier=arrival.customer.tier_code or None,
            manager_id=chosen_id,
            reason=arrival.reason,
            strategy=arrival.strategy,
            rule_branch_id=arrival.rule_branch_id,
            since=arrival.since,
            strained=arrival.chosen is not None and arrival.chosen.is_strained,
            candidates=[CandidateOut.of(one, chosen_id) for one in arrival.candidates],
        )
