"""Touches, care tasks, needs, promises and complaints.

What is open names the manager who answers for it, so that a day's work is read by manager and day. Rows stay with the
customer of whom they were written: one who was merged away keeps them, and its words stay under its own key.
"""

from datetime import date, datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Column, Index, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

from guibin.core.models import BY_CUSTOMER, SQLModel, cipher, instant, one_of, text_column


class TouchKind(StrEnum):
    """What a touch (触达) is, or what a care task asks for."""

    CALL = "call"
    VISIT = "visit"
    MEETING = "meeting"
    MESSAGE = "message"
    REVIEW = "review"


class TouchChannel(StrEnum):
    """By which way a customer and the bank meet."""

    PHONE = "phone"
    IN_PERSON = "in_person"
    VIDEO = "video"
    SMS = "sms"
    WECHAT = "wechat"
    WECOM = "wecom"
    APP = "app"
    EMAIL = "email"
    POST = "post"


class Direction(StrEnum):
    """Who turned to whom: the bank (`out`) or the customer (`in`)."""

    OUT = "out"
    IN = "in"


class TouchPurpose(StrEnum):
    """What a touch is for. Only `sales` sells; a share of touches that sell nothing is a figure of care."""

    CARE = "care"
    SERVICE = "service"
    SALES = "sales"
    COMPLAINT = "complaint"
    HANDOVER = "handover"


class TouchResult(StrEnum):
    """What came of a touch."""

    REACHED = "reached"
    NO_ANSWER = "no_answer"
    CALL_BACK = "call_back"
    REFUSED = "refused"
    INTERESTED = "interested"
    SOLD = "sold"
    WRONG_NUMBER = "wrong_number"


REACHED = frozenset(
    {TouchResult.REACHED, TouchResult.REFUSED, TouchResult.INTERESTED, TouchResult.SOLD, TouchResult.CALL_BACK}
)
"""The results with which the customer was spoken to: only these satisfy a care task or count as contact."""


class TouchSource(StrEnum):
    """Who wrote a touch down."""

    STAFF = "staff"
    TELEPHONY = "telephony"
    CUSTOMER = "customer"
    SYSTEM = "system"


class TaskOrigin(StrEnum):
    """What made a care task."""

    PLAN = "plan"
    TRIGGER = "trigger"
    AFTER_SALE = "after_sale"
    STAFF = "staff"
    TOUCH = "touch"
    REQUEST = "request"
    HANDOVER = "handover"


class TaskState(StrEnum):
    """The life of a care task: `skipped` by a person with a reason, `lapsed` where nothing asks for it any more.

    What lapsed counts neither as kept nor as broken.
    """

    OPEN = "open"
    DONE = "done"
    SKIPPED = "skipped"
    LAPSED = "lapsed"


class NeedCategory(StrEnum):
    """What a need is about."""

    SHOPPING = "shopping"
    HEALTH = "health"
    MEDICAL = "medical"
    EDUCATION = "education"
    SOCIAL = "social"
    FINANCIAL = "financial"
    OTHER = "other"


class NeedState(StrEnum):
    """The way of a need: a right is proposed for it, and it is served; or it is declined, or lapses."""

    OPEN = "open"
    PROPOSED = "proposed"
    SERVED = "served"
    DECLINED = "declined"
    LAPSED = "lapsed"


class PromiseState(StrEnum):
    """What became of a promise; one whose day is over stays open until somebody says so."""

    OPEN = "open"
    KEPT = "kept"
    BROKEN = "broken"
    RELEASED = "released"


class ComplaintCategory(StrEnum):
    """What a complaint is about."""

    SERVICE = "service"
    PRODUCT = "product"
    FEES = "fees"
    RIGHTS = "rights"
    POINTS = "points"
    SUPPLIER = "supplier"
    PRIVACY = "privacy"
    OTHER = "other"


class Severity(StrEnum):
    """How grave a complaint is; it sets the days for the answer and the resolution."""

    MINOR = "minor"
    SERIOUS = "serious"
    GRAVE = "grave"


class ComplaintState(StrEnum):
    """The life of a complaint: somebody answers, a resolution is told, the customer agrees or lets it be."""

    OPEN = "open"
    ANSWERED = "answered"
    RESOLVED = "resolved"
    CLOSED = "closed"


OPEN = text("state = 'open'")
ASKED_FOR = text("origin = 'request' AND state = 'open'")
UNSERVED = text("state IN ('open', 'proposed')")
NOT_CLOSED = text("state <> 'closed'")


class Touch(SQLModel, table=True):
    """A contact that happened. Insert only: a correction is another touch, which the corrected one names.

    What counts touches leaves out those with a `corrected_by`.
    """

    __tablename__ = "touch"
    __table_args__ = (
        one_of("kind", TouchKind),
        one_of("channel", TouchChannel),
        one_of("direction", Direction),
        one_of("purpose", TouchPurpose),
        one_of("result", TouchResult),
        one_of("source", TouchSource),
        CheckConstraint("minutes BETWEEN 0 AND 1440", name="minutes_in_a_day"),
        CheckConstraint("corrects_id <> id AND corrected_by <> id", name="corrects_another"),
        UniqueConstraint("customer_id", "source", "reference"),
        Index(None, "customer_id", "at", "id"),
        Index(None, "staff_id", "at"),
        Index(None, "at"),
        BY_CUSTOMER,
    )

    customer_id: UUID = Field(primary_key=True, foreign_key="customer.id")
    id: UUID = Field(primary_key=True)
    staff_id: UUID | None = Field(default=None, description="Who was in touch; NULL for a machine")
    manager_id: UUID | None = Field(default=None, description="The same person as a manager, where one is")
    kind: str = text_column()
    channel: str = text_column()
    direction: str = text_column()
    purpose: str = text_column()
    result: str = text_column()
    product_code: str | None = text_column(default=None)
    right_id: UUID | None = None
    at: datetime = instant(description="When it happened")
    minutes: int = 0
    note_enc: bytes | None = cipher(default=None)
    source: str = text_column(default=TouchSource.STAFF)
    reference: str | None = text_column(default=None, description="Its id in the system that reported it")
    named_by: bytes | None = cipher(
        default=None, description="As whom the line named a customer into whom others were merged; NULL for others"
    )
    verdict: dict[str, Any] | None = Field(
        default=None, sa_column=Column(JSONB), description="What the contact policy says of it"
    )
    corrects_id: UUID | None = None
    corrected_by: UUID | None = None
    recorded_at: datetime = instant()


class CareTask(SQLModel, table=True):
    """A contact that is due (维护任务). What made it and for which day is unique, so that a night makes it once."""

    __tablename__ = "care_task"
    __table_args__ = (
        one_of("kind", TouchKind),
        one_of("channel", TouchChannel),
        one_of("purpose", TouchPurpose),
        one_of("origin", TaskOrigin),
        one_of("state", TaskState),
        CheckConstraint("starts_on <= due_on", name="starts_before_due"),
        CheckConstraint("escalation BETWEEN 0 AND 3", name="escalation_in_range"),
        CheckConstraint("(state = 'open') = (ended_at IS NULL)", name="ended"),
        CheckConstraint("state <> 'skipped' OR reason IS NOT NULL", name="skipped_for_a_reason"),
        UniqueConstraint("customer_id", "origin", "made_by", "occasion", "reference"),
        Index(None, "manager_id", "due_on", "id", postgresql_where=OPEN),
        Index(None, "due_on", postgresql_where=OPEN),
        Index(None, "customer_id", "due_on", postgresql_where=OPEN),
        Index(None, "customer_id", unique=True, postgresql_where=ASKED_FOR),
        Index(None, "id"),
        BY_CUSTOMER,
    )

    customer_id: UUID = Field(primary_key=True, foreign_key="customer.id")
    id: UUID = Field(primary_key=True)
    manager_id: UUID | None = Field(default=None, foreign_key="manager.id", description="Whose it is; NULL: nobody's")
    kind: str = text_column()
    channel: str | None = text_column(default=None, description="Only by this way; NULL: any")
    purpose: str = text_column(default=TouchPurpose.CARE)
    minutes: int | None = Field(default=None, description="What it takes, as the plan says")
    title_zh: str | None = text_column(default=None, description="What is to be done, never of the customer")
    title_en: str | None = text_column(default=None)
    origin: str = text_column()
    made_by: str = text_column(description="Code of the plan's item or of the trigger, or what else asked for it")
    occasion: date = Field(description="The day, or the first day of the period, for which it was made")
    reference: str = text_column(default="", description="Public id of what it is about: tells two of a day apart")
    plan_item_id: UUID | None = None
    starts_on: date
    due_on: date
    state: str = text_column(default=TaskState.OPEN)
    reason: str | None = text_column(default=None, description="Why it was skipped or lapsed")
    touch_id: UUID | None = Field(default=None, description="The touch that completed it")
    escalation: int = Field(default=0, description="0 nobody told, 1 the manager, 2 the leader, 3 above")
    escalated_on: date | None = None
    note_enc: bytes | None = cipher(default=None)
    created_by: UUID | None = Field(default=None, description="The member of staff; NULL for the night")
    created_at: datetime = instant()
    ended_at: datetime | None = instant(default=None)
    revision: int = 1


class Need(SQLModel, table=True):
    """What a customer wishes for, financial or not (需求)."""

    __tablename__ = "need"
    __table_args__ = (
        one_of("category", NeedCategory),
        one_of("state", NeedState),
        CheckConstraint("(state IN ('open', 'proposed')) = (ended_at IS NULL)", name="ended"),
        CheckConstraint("state <> 'proposed' OR right_id IS NOT NULL", name="proposed_names_the_right"),
        Index(None, "manager_id", "due_on", "id", postgresql_where=UNSERVED),
        Index(None, "customer_id", "proposal_id", postgresql_where=text("proposal_id IS NOT NULL")),
        BY_CUSTOMER,
    )

    customer_id: UUID = Field(primary_key=True, foreign_key="customer.id")
    id: UUID = Field(primary_key=True)
    manager_id: UUID | None = Field(default=None, foreign_key="manager.id")
    category: str = text_column()
    text_enc: bytes | None = cipher(default=None)
    state: str = text_column(default=NeedState.OPEN)
    due_on: date | None = None
    touch_id: UUID | None = Field(default=None, description="The touch in which it was told")
    right_id: UUID | None = Field(default=None, description="The right that is to serve it")
    proposal_id: UUID | None = None
    redemption_id: UUID | None = Field(default=None, description="The redemption that served it")
    reason: str | None = text_column(default=None, description="Why it was declined or lapsed, or how it was served")
    created_by: UUID
    created_at: datetime = instant()
    ended_at: datetime | None = instant(default=None)
    revision: int = 1


class Promise(SQLModel, table=True):
    """What somebody of the bank promised a customer (承诺); whoever serves the customer owes it."""

    __tablename__ = "promise"
    __table_args__ = (
        one_of("state", PromiseState),
        CheckConstraint("(state = 'open') = (ended_at IS NULL)", name="ended"),
        CheckConstraint("state NOT IN ('broken', 'released') OR reason IS NOT NULL", name="ended_for_a_reason"),
        Index(None, "manager_id", "due_on", "id", postgresql_where=OPEN),
        Index(None, "due_on", postgresql_where=OPEN),
        BY_CUSTOMER,
    )

    customer_id: UUID = Field(primary_key=True, foreign_key="customer.id")
    id: UUID = Field(primary_key=True)
    manager_id: UUID | None = Field(default=None, foreign_key="manager.id", description="Who owes it now")
    promised_by: UUID = Field(description="The member of staff who gave the word")
    text_enc: bytes | None = cipher(default=None)
    due_on: date
    state: str = text_column(default=PromiseState.OPEN)
    reason: str | None = text_column(default=None)
    touch_id: UUID | None = Field(default=None, description="The touch in which it was given")
    handed_over: int = Field(default=0, description="How often it went to another manager")
    created_at: datetime = instant()
    ended_at: datetime | None = instant(default=None)
    ended_by: UUID | None = None
    revision: int = 1


class Complaint(SQLModel, table=True):
    """A customer's complaint (投诉), from its receipt to its end."""

    __tablename__ = "complaint"
    __table_args__ = (
        one_of("category", ComplaintCategory),
        one_of("severity", Severity),
        one_of("channel", TouchChannel),
        one_of("state", ComplaintState),
        CheckConstraint("(state = 'closed') = (closed_at IS NOT NULL)", name="closed"),
        CheckConstraint("(state = 'open') = (answered_at IS NULL)", name="answered"),
        CheckConstraint("(state IN ('resolved', 'closed')) = (resolved_at IS NOT NULL)", name="resolved"),
        CheckConstraint("answer_due_on <= resolve_due_on", name="answered_before_resolved"),
        Index(None, "manager_id", "resolve_due_on", "id", postgresql_where=NOT_CLOSED),
        Index(None, "resolve_due_on", postgresql_where=NOT_CLOSED),
        Index(None, "created_at", "id"),
        BY_CUSTOMER,
    )

    customer_id: UUID = Field(primary_key=True, foreign_key="customer.id")
    id: UUID = Field(primary_key=True)
    manager_id: UUID | None = Field(default=None, foreign_key="manager.id", description="Who answers for it now")
    category: str = text_column()
    severity: str = text_column()
    channel: str = text_column()
    text_enc: bytes | None = cipher(default=None)
    state: str = text_column(default=ComplaintState.OPEN)
    answer_due_on: date
    resolve_due_on: date
    answered_at: datetime | None = instant(default=None)
    resolved_at: datetime | None = instant(default=None)
    closed_at: datetime | None = instant(default=None)
    resolution_enc: bytes | None = cipher(default=None)
    redemption_id: UUID | None = Field(default=None, description="The redemption it is about")
    compensation: str | None = text_column(default=None, description="Public id of what made up for it")
    satisfied: bool | None = Field(default=None, description="Whether the customer was content at the end")
    touch_id: UUID | None = Field(default=None, description="The touch in which it was made")
    handed_over: int = Field(default=0, description="How often it went to another manager")
    created_by: UUID
    created_at: datetime = instant()
    revision: int = 1
