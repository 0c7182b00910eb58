"""What the bank port says and takes of what managers can, may and carry, and of what customers ask for."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Annotated

from pydantic import Field

from guibin.core.ids import CustomerId, ManagerId, StaffId
from guibin.core.text import Code, Note
from guibin.managers.capacity.models import CapacityOverride, GradeCapacity
from guibin.managers.capacity.service import MOST_EXTRA, MOST_EXTRA_MINUTES
from guibin.managers.eligibility.models import ManagerConflict, ManagerLicence, ServiceNeed
from guibin.managers.eligibility.service import Needs, Profile
from guibin.managers.models import Grade
from guibin.web import Day, OutModel, StrictModel

from .schemas import MOST_CUSTOMERS

MOST_MINUTES = 200_000
MOST_WORDS = 30

Words = Annotated[list[Code], Field(max_length=MOST_WORDS)]
Customers = Annotated[int, Field(ge=0, le=MOST_CUSTOMERS)]
Minutes = Annotated[int, Field(ge=0, le=MOST_MINUTES)]


class ManagerProfileIn(StrictModel):
    """All that is said of a manager; a limit that is null is the grade's."""

    grade: Grade
    capacity: Annotated[int, Field(ge=1, le=MOST_CUSTOMERS)] = Field(description="Hard maximum of customers")
    soft_capacity: Customers | None = Field(default=None, description="Above so many customers there is a warning")
    hard_minutes: Minutes | None = Field(default=None, description="Most minutes a year of the contact plan")
    soft_minutes: Minutes | None = Field(default=None, description="Above so many minutes there is a warning")
    serves_subtree: bool = Field(default=False, description="Whether customers of the branches below are served too")
    languages: Words = Field(default=[], examples=[["zh", "yue", "en"]])
    skills: Words = Field(default=[], examples=[["inheritance", "cross_border"]])

    def profile(self) -> Profile:
        """Say what is asked for."""
        return Profile(**self.model_dump())


class LicenceIn(StrictModel):
    """From when until before when a licence is valid."""

    valid_from: Day
    valid_to: Day = Field(description="First day without it")


class LicenceOut(OutModel):
    """A licence of a manager."""

    licence: str = Field(examples=["fund_sales"])
    valid_from: date
    valid_to: date = Field(description="First day without it")


class LicencesOut(OutModel):
    """All licences of a manager, expired ones included."""

    manager_id: ManagerId
    items: list[LicenceOut]

    @classmethod
    def of(cls, manager_id: ManagerId, rows: Sequence[ManagerLicence]) -> "LicencesOut":
        """Describe a manager's licences."""
        return cls(manager_id=manager_id, items=[LicenceOut.model_validate(row) for row in rows])


class GradeCapacityIn(StrictModel):
    """What a manager of a grade carries where nothing else is said of the manager."""

    soft_customers: Customers
    hard_customers: Customers
    soft_minutes: Minutes
    hard_minutes: Minutes


class GradeCapacityOut(OutModel):
    """What a manager of a grade carries where nothing else is said of the manager."""

    grade: Grade
    soft_customers: int = Field(description="Above so many there is a warning", examples=[300])
    hard_customers: int = Field(description="More are refused", examples=[400])
    soft_minutes: int = Field(description="Of a year's contact plan", examples=[29700])
    hard_minutes: int = Field(examples=[33000])
    revision: int = Field(description="Counts edits; the ETag")


class TierLoadOut(OutModel):
    """What a customer of a tier weighs."""

    tier: str = Field(examples=["T3"])
    minutes: int = Field(description="Minutes a year by the contact plan", examples=[360])
    weight: float = Field(description="The same in hours: a customer with four calls of 15 minutes weighs 1")


class CapacitiesOut(OutModel):
    """What grades carry and tiers weigh."""

    grades: list[GradeCapacityOut]
    tiers: list[TierLoadOut]

    @classmethod
    def of(cls, grades: Sequence[GradeCapacity], tiers: Mapping[str, int]) -> "CapacitiesOut":
        """Describe both."""
        return cls(
            grades=[GradeCapacityOut.model_validate(row) for row in grades],
            tiers=[TierLoadOut(tier=tier, minutes=count, weight=count / 60) for tier, count in tiers.items()],
        )


class CapacityOverrideIn(StrictModel):
    """How much more a manager may carry than the hard maximum, until when, and why."""

    extra_customers: Annotated[int, Field(ge=0, le=MOST_EXTRA)] = 0
    extra_minutes: Annotated[int, Field(ge=0, le=MOST_EXTRA_MINUTES)] = 0
    valid_from: Day | None = Field(default=None, description="First day; null: today")
    valid_to: Day = Field(description="First day on which it is over")
    reason: Annotated[str, Note(200)] = Field(examples=["同事离职，过渡期内代管"])


class CapacityOverrideOut(OutModel):
    """What was granted on top of the hard maximum."""

    extra_customers: int
    extra_minutes: int
    valid_from: date
    valid_to: date
    reason: str
    created_at: datetime


class CapacityOverridesOut(OutModel):
    """What was granted to a manager, latest first."""

    manager_id: ManagerId
    items: list[CapacityOverrideOut]

    @classmethod
    def of(cls, manager_id: ManagerId, rows: Sequence[CapacityOverride]) -> "CapacityOverridesOut":
        """Describe what was granted."""
        return cls(manager_id=manager_id, items=[CapacityOverrideOut.model_validate(row) for row in rows])


class ServiceNeedsIn(StrictModel):
    """What a customer asks of a manager, and whom the customer, or who brought the customer, would like."""

    language: Code | None = Field(default=None, examples=["yue"])
    skills: Words = Field(default=[], examples=[["inheritance"]])
    wished_manager_id: ManagerId | None = None
    introducer_id: ManagerId | None = Field(default=None, description="The manager who brought the customer")

    def needs(self) -> Needs:
        """Say what is asked for."""
        return Needs(self.language, self.skills, self.wished_manager_id, self.introducer_id)


class ServiceNeedsOut(OutModel):
    """What a customer asks of a manager."""

    customer_id: CustomerId
    language: str | None = Field(examples=["yue"])
    skills: list[str] = Field(examples=[["inheritance"]])
    wished_manager_id: ManagerId | None
    introducer_id: ManagerId | None
    revision: int = Field(description="Counts edits, 0 before the first; the ETag")

    @classmethod
    def of(cls, customer_id: CustomerId, row: ServiceNeed | None) -> "ServiceNeedsOut":
        """Describe the needs of a customer, of whom nothing may be said yet."""
        return cls(
            customer_id=customer_id,
            language=row.language if row else None,
            skills=row.skills if row else [],
            wished_manager_id=row.wished_manager_id if row else None,
            introducer_id=row.introducer_id if row else None,
            revision=row.revision if row else 0,
        )


class ManagerConflictIn(StrictModel):
    """Who must not serve the customer, and why."""

    manager_id: ManagerId
    reason: Annotated[str, Note(200)] = Field(examples=["客户经理与客户有亲属关系"])


class ConflictWithdrawalIn(StrictModel):
    """Why it does not stand any more."""

    reason: Annotated[str, Note(200)] = Field(examples=["申报有误"])


class ManagerConflictOut(OutModel):
    """A declared conflict of interest."""

    manager_id: ManagerId
    reason: str
    declared_by: StaffId
    declared_at: datetime
    withdrawn_at: datetime | None = Field(description="Null while it stands")


class ManagerConflictsOut(OutModel):
    """Who was declared not to serve a customer."""

    customer_id: CustomerId
    items: list[ManagerConflictOut]

    @classmethod
    def of(cls, customer_id: CustomerId, rows: Sequence[ManagerConflict]) -> "ManagerConflictsOut":
        """Describe the conflicts of a customer."""
        return cls(customer_id=customer_id, items=[ManagerConflictOut.model_validate(row) for row in rows])
