"""What the bank port says of touches, needs, promises, complaints and care tasks."""

from collections.abc import Collection
from datetime import date, datetime
from typing import Any, Final, Self

from pydantic import Field

from bank_api.customers.views import View, view_of
from guibin.care.models import (
    ComplaintCategory,
    ComplaintState,
    Direction,
    NeedCategory,
    NeedState,
    PromiseState,
    Severity,
    TaskOrigin,
    TaskState,
    TouchChannel,
    TouchKind,
    TouchPurpose,
    TouchResult,
    TouchSource,
)
from guibin.care.service import Logged, Seen
from guibin.core.ids import (
    CareTaskId,
    ComplaintId,
    CustomerId,
    ManagerId,
    NeedId,
    OpportunityId,
    PromiseId,
    ProposalId,
    RedemptionId,
    RightId,
    StaffId,
    TouchId,
)
from guibin.web import OutModel

AMOUNTS: Final = {"amount": "amount_fen", "won": "won_fen"}
"""The columns behind amounts."""


class TouchVerdictOut(OutModel):
    """What the contact policy says of a contact that happened; it is written down whatever that is."""

    allowed: bool
    reasons: list[str] = Field(description="Everything that stood against it")
    policy_version: int


class TouchLoggedOut(OutModel):
    """What was written down."""

    id: TouchId
    customer_id: CustomerId
    at: datetime
    verdict: TouchVerdictOut | None = Field(description="null: the policy does not judge such a contact")
    completed_task_id: CareTaskId | None
    need_ids: list[NeedId]
    promise_ids: list[PromiseId]
    kept_promise_ids: list[PromiseId]
    complaint_id: ComplaintId | None
    next_task_id: CareTaskId | None
    opportunity_ids: list[OpportunityId]
    ended_opportunity_ids: list[OpportunityId]

    @classmethod
    def of(cls, logged: Logged) -> Self:
        """Describe what was written down."""
        touch = logged.touch
        return cls(
            id=touch.id,
            customer_id=touch.customer_id,
            at=touch.at,
            completed_task_id=logged.task and logged.task.id,
            need_ids=[one.id for one in logged.needs],
            promise_ids=[one.id for one in logged.promises],
            kept_promise_ids=list(logged.kept),
            complaint_id=logged.complaint and logged.complaint.id,
            next_task_id=logged.next_task and logged.next_task.id,
            opportunity_ids=[one.id for one in logged.opportunities],
            ended_opportunity_ids=list(logged.ended_opportunities),
            verdict=None if touch.verdict is None else TouchVerdictOut.model_validate(touch.verdict),
        )


class RecordOut(OutModel):
    """What all records have in common."""

    @classmethod
    def of(cls, seen: Seen[Any], roles: Collection[str]) -> Self:
        """Describe a record; auditors see that something was said, and not what."""
        made = {"customer_id", "text", "note", "resolution"}
        values = {name: getattr(seen.row, AMOUNTS.get(name, name)) for name in cls.model_fields.keys() - made}
        words = (None, None) if view_of(roles, is_primary=False) is View.HIDDEN else (seen.text, seen.resolution)
        own: dict[str, object] = {"text": words[0], "note": words[0], "resolution": words[1]}
        return cls(customer_id=seen.customer_id, **values, **{k: v for k, v in own.items() if k in cls.model_fields})


class TouchOut(RecordOut):
    """A contact that happened."""

    id: TouchId
    customer_id: CustomerId
    staff_id: StaffId | None = Field(description="Who was in touch; null for a machine")
    kind: TouchKind
    channel: TouchChannel
    direction: Direction
    purpose: TouchPurpose
    result: TouchResult
    product_code: str | None
    right_id: RightId | None
    at: datetime
    minutes: int
    note: str | None
    source: TouchSource
    verdict: TouchVerdictOut | None = Field(description="What the contact policy said")
    corrects_id: TouchId | None
    corrected_by: TouchId | None = Field(description="The touch that stands in its place: this one does not count")


class NeedOut(RecordOut):
    """A need and how it stands."""

    id: NeedId
    customer_id: CustomerId
    manager_id: ManagerId | None = Field(description="Who answers for it now")
    category: NeedCategory
    text: str | None
    state: NeedState
    due_on: date | None
    right_id: RightId | None = Field(description="The right that is to serve it")
    proposal_id: ProposalId | None
    redemption_id: RedemptionId | None = Field(description="The redemption that served it")
    reason: str | None
    touch_id: TouchId | None
    created_by: StaffId
    created_at: datetime
    ended_at: datetime | None
    revision: int


class PromiseOut(RecordOut):
    """A promise and how it stands."""

    id: PromiseId
    customer_id: CustomerId
    manager_id: ManagerId | None = Field(description="Who owes it now")
    promised_by: StaffId = Field(description="Who gave the word")
    text: str | None
    due_on: date
    state: PromiseState
    reason: str | None
    handed_over: int = Field(description="How often it went to another manager")
    touch_id: TouchId | None
    created_at: datetime
    ended_at: datetime | None
    revision: int


class ComplaintOut(RecordOut):
    """A complaint and how it stands."""

    id: ComplaintId
    customer_id: CustomerId
    manager_id: ManagerId | None = Field(description="Who answers for it now")
    category: ComplaintCategory
    severity: Severity
    channel: TouchChannel
    text: str | None
    state: ComplaintState
    answer_due_on: date
    resolve_due_on: date
    answered_at: datetime | None
    resolved_at: datetime | None
    closed_at: datetime | None
    resolution: str | None
    redemption_id: RedemptionId | None
    compensation: str | None = Field(description="Public id of what made up for it")
    satisfied: bool | None
    handed_over: int = Field(description="How often it went to another manager")
    touch_id: TouchId | None
    created_by: StaffId
    created_at: datetime
    revision: int


class CareTaskOut(RecordOut):
    """A contact that is due, or was."""

    id: CareTaskId
    customer_id: CustomerId
    manager_id: ManagerId | None = Field(description="Whose it is now; null: nobody's")
    kind: TouchKind
    channel: TouchChannel | None
    purpose: TouchPurpose
    origin: TaskOrigin
    title_zh: str | None
    title_en: str | None
    minutes: int | None
    occasion: date
    starts_on: date
    due_on: date
    state: TaskState
    reason: str | None
    note: str | None
    touch_id: TouchId | None = Field(description="The touch that completed it")
    escalation: int = Field(description="0 nobody told, 1 the manager, 2 the leader, 3 above")
    created_at: datetime
    ended_at: datetime | None
    revision: int
