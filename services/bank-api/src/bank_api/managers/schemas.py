"""What the bank port says and takes of managers and coverage."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import Field

from guibin.core.ids import BranchId, CoverageId, CustomerId, ManagerId, StaffId
from guibin.core.text import Note
from guibin.managers.matrix.rules import SecondRole
from guibin.managers.models import Coverage, CoverageRole, Grade, Unassigned, UnassignedReason
from guibin.managers.repository import InBook, InTeam, Person, QueueCount
from guibin.managers.rules import Seat
from guibin.managers.service import Move
from guibin.managers.stability.constancy import Constancy, whole_months
from guibin.managers.stability.models import Succession, SuccessionCause
from guibin.organisation.service import staff_name
from guibin.security.ciphers import KeyRing
from guibin.web import Day, OutModel, StrictModel

MOST_CUSTOMERS = 20_000
MOST_ASSIGNMENTS = 200


class ManagerIn(StrictModel):
    """A member of staff becomes a manager of the own branch."""

    staff_id: StaffId
    grade: Grade
    capacity: Annotated[int, Field(ge=1, le=MOST_CUSTOMERS)] | None = Field(
        default=None, description="Hard maximum of customers; null: what the grade says at this moment"
    )


class ManagerOut(OutModel):
    """A customer manager."""

    id: ManagerId
    staff_id: StaffId
    staff_no: str
    name: str | None
    branch_id: BranchId
    branch_code: str
    grade: Grade
    capacity: int = Field(description="Hard maximum of customers, with what was granted on top for a time")
    soft_capacity: int | None = Field(description="Above so many customers there is a warning")
    load: int = Field(description="Customers served now")
    available: int = Field(description="How many more customers fit; below zero where the maximum was lowered since")
    minutes: int = Field(description="Minutes a year that the contact plan asks for these customers")
    hard_minutes: int | None = Field(description="Most minutes a year, with what was granted on top for a time")
    soft_minutes: int | None = Field(description="Above so many minutes there is a warning")
    strained: bool = Field(description="Whether the book is above a soft maximum")
    serves_subtree: bool = Field(description="Whether customers of the branches below are served too")
    languages: list[str] = Field(examples=[["zh", "yue"]])
    skills: list[str] = Field(examples=[["inheritance"]])
    on_leave: bool
    active: bool
    revision: int = Field(description="Counts edits; the ETag")
    created_at: datetime

    @classmethod
    def of(cls, person: Person, seat: Seat, keys: KeyRing) -> "ManagerOut":
        """Describe a manager with what is carried and may be carried today."""
        manager = person.manager
        return cls(
            id=manager.id,
            staff_id=manager.staff_id,
            staff_no=person.staff.no,
            name=staff_name(keys, person.staff),
            branch_id=person.branch.id,
            branch_code=person.branch.code,
            grade=Grade(manager.grade),
            capacity=seat.capacity,
            soft_capacity=seat.soft_capacity,
            load=seat.load,
            available=seat.capacity - seat.load,
            minutes=seat.minutes,
            hard_minutes=seat.hard_minutes,
            soft_minutes=seat.soft_minutes,
            strained=seat.is_strained,
            serves_subtree=manager.serves_subtree,
            languages=manager.languages,
            skills=manager.skills,
            on_leave=seat.absent,
            active=manager.active and person.staff.active,
            revision=manager.revision,
            created_at=manager.created_at,
        )


class InBookOut(OutModel):
    """A customer whom a manager serves."""

    customer_id: CustomerId
    tier: str | None = Field(examples=["T2"])
    since: date
    stands_in_for: ManagerId | None = Field(description="The colleague who is away and whose customer it is; null: own")

    @classmethod
    def of(cls, row: InBook, manager_id: UUID) -> "InBookOut":
        """Describe a customer of a manager's book."""
        away = None if row.manager_id == manager_id else row.manager_id
        return cls(customer_id=row.customer_id, tier=row.tier_code, since=row.since, stands_in_for=away)


class UnassignedOut(OutModel):
    """A customer who should have a manager and has none."""

    customer_id: CustomerId
    tier: str = Field(examples=["T2"])
    branch_id: BranchId
    reason: UnassignedReason
    cause: UnassignedReason | None = Field(description="Of one who waits too long: why nobody was found")
    since: date
    escalated_on: date | None = Field(description="Since when the wait is longer than the branch's rule allows")

    @classmethod
    def of(cls, row: Unassigned) -> "UnassignedOut":
        """Describe a place in the queue."""
        return cls(
            customer_id=row.customer_id,
            tier=row.tier_code,
            branch_id=row.branch_id,
            reason=UnassignedReason(row.reason),
            cause=None if row.cause is None else UnassignedReason(row.cause),
            since=row.since,
            escalated_on=row.escalated_on,
        )


class UnassignedCountOut(OutModel):
    """How many customers of a branch wait for one reason."""

    branch_id: BranchId
    reason: UnassignedReason
    customers: int
    since: date = Field(description="Since when the first of them waits")

    @classmethod
    def of(cls, row: QueueCount) -> "UnassignedCountOut":
        """Describe a count."""
        return cls.model_validate(row)


class UnassignedCountsOut(OutModel):
    """Who waits, by branch and reason, as far as it is in the caller's scope."""

    customers: int
    items: list[UnassignedCountOut]

    @classmethod
    def of(cls, rows: Sequence[QueueCount]) -> "UnassignedCountsOut":
        """Describe all counts."""
        return cls(customers=sum(row.customers for row in rows), items=[UnassignedCountOut.of(row) for row in rows])


class CoverageIn(StrictModel):
    """Who shall serve the customer from today on."""

    manager_id: ManagerId
    reason: Annotated[str, Note(200)] = Field(examples=["客户要求更换客户经理"])
    valid_from: Day | None = Field(
        default=None, description="First day, today where it is left out; an earlier one since when nobody else served"
    )


class AssignmentIn(StrictModel):
    """A customer and who shall serve the customer."""

    customer_id: CustomerId
    manager_id: ManagerId


class AssignmentsIn(StrictModel):
    """Who shall serve whom."""

    items: Annotated[list[AssignmentIn], Field(min_length=1, max_length=MOST_ASSIGNMENTS)]
    reason: Annotated[str, Note(200)] = Field(examples=["网点撤并，客户整体移交"])
    valid_from: Day | None = Field(
        default=None,
        description="First day; today, said or left out, is the day on which it is carried out; an earlier one since"
        " when nobody else served",
    )


class AssignmentResultOut(OutModel):
    """What became of one item."""

    index: int
    status: Literal["assigned", "unchanged"]
    customer_id: CustomerId
    manager_id: ManagerId


class AssignmentsOut(OutModel):
    """All items, in order."""

    results: list[AssignmentResultOut]
    strained: list[ManagerId] = Field(description="Managers whose books are above a soft maximum now")

    @classmethod
    def of(cls, moves: Sequence[Move], changed: Sequence[bool], seats: Sequence[Seat]) -> "AssignmentsOut":
        """Describe which customers changed hands."""
        rows = [
            AssignmentResultOut(
                index=index,
                status="assigned" if is_new else "unchanged",
                customer_id=move.customer_id,
                manager_id=move.manager_id,
            )
            for index, (move, is_new) in enumerate(zip(moves, changed, strict=True))
        ]
        return cls(results=rows, strained=[seat.manager_id for seat in seats if seat.is_strained])


class CoverageRowOut(OutModel):
    """Who served the customer from when to when."""

    id: CoverageId
    manager_id: ManagerId
    role: str = Field(examples=["primary"])
    valid_from: date
    valid_to: date | None = Field(description="First day on which it is over; null while it lasts")
    source: str = Field(description="run, staff or arrival")
    reason: str
    end_reason: str | None

    @classmethod
    def of(cls, row: Coverage) -> "CoverageRowOut":
        """Describe a coverage."""
        return cls.model_validate(row)


class TeamMemberOut(OutModel):
    """Who serves the customer beside the primary manager."""

    coverage_id: CoverageId
    manager_id: ManagerId
    name: str | None
    role: CoverageRole = Field(description="`joint`: gave the customer away, and reads it for a while")
    since: date
    until: date | None = Field(description="The last day; null: no end is set")
    reason: str

    @classmethod
    def of(cls, row: InTeam, keys: KeyRing) -> "TeamMemberOut":
        """Describe somebody of a team."""
        return cls(
            coverage_id=row.coverage.id,
            manager_id=row.manager.id,
            name=staff_name(keys, row.staff),
            role=CoverageRole(row.coverage.role),
            since=row.coverage.valid_from,
            until=row.coverage.valid_to and row.coverage.valid_to - timedelta(days=1),
            reason=row.coverage.reason,
        )


class SuccessorOut(OutModel):
    """Who will be the primary manager, and serves in the second role until then."""

    manager_id: ManagerId
    cause: SuccessionCause
    started_on: date
    due_on: date = Field(description="From which the successor is the primary manager")

    @classmethod
    def of(cls, row: Succession) -> "SuccessorOut":
        """Describe who is coming."""
        return cls(
            manager_id=row.successor_id,
            cause=SuccessionCause(row.cause),
            started_on=row.started_on,
            due_on=row.due_on,
        )


class CustomerStabilityOut(OutModel):
    """How long one customer has the manager."""

    customer_id: CustomerId
    manager_id: ManagerId
    since: date = Field(description="Since then nobody else was the primary manager")
    months: int = Field(description="Whole months since then")
    managers: int = Field(description="Managers in the 24 months before")
    alarm: bool = Field(description="Whether that is more than the terms of coverage bear")

    @classmethod
    def of(cls, one: Constancy, *, day: date, most: int) -> Self:
        """Describe a customer."""
        return cls(
            customer_id=one.customer_id,
            manager_id=one.manager_id,
            since=one.since,
            months=whole_months(one.since, day),
            managers=one.managers,
            alarm=one.managers > most,
        )


class CoverageOut(OutModel):
    """Who serves a customer on a day, and who did before and after it."""

    customer_id: CustomerId
    as_of: date
    manager: ManagerOut | None = Field(description="The primary manager")
    since: date | None
    stand_in_id: ManagerId | None = Field(description="Who serves the customer while the primary manager is away")
    stability: CustomerStabilityOut | None = Field(description="How long it is the same manager; null without one")
    team: list[TeamMemberOut] = Field(description="Who serves in another role")
    missing_role: SecondRole | None = Field(
        description="In which role the matrix in force wants somebody today who is not there; null: in none"
    )
    successor: SuccessorOut | None = Field(description="Who is coming now; null: nobody")
    history: list[CoverageRowOut] = Field(description="Newest first, of all roles")
