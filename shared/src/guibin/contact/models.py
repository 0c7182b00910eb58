"""The contact policy by version, what customers wish, what a second person allowed, and every decision of the gate."""

from datetime import datetime, time
from enum import StrEnum
from uuid import UUID

from sqlalchemy import ARRAY, CheckConstraint, Index, Text, text
from sqlmodel import Column, Field

from guibin.approvals.terms.models import TermsVersion
from guibin.contact.rules import Channel, ContactPurpose, Sender
from guibin.core.models import BY_CUSTOMER, REFERENCE, SQLModel, instant, one_of, text_column


class ContactState(StrEnum):
    """The life of a contact: a place is held, then it went out or was given up; or it was refused."""

    HELD = "held"
    SENT = "sent"
    RELEASED = "released"
    REFUSED = "refused"


class ContactPolicy(TermsVersion, table=True):
    """A version of the policy (触达规则), never written again; the highest is in force."""

    __tablename__ = "contact_policy"
    __table_args__ = (CheckConstraint("version >= 1", name="version_positive"), REFERENCE)

    in_force_from: datetime = instant()
    set_by: UUID | None = None


class ContactPreference(SQLModel, table=True):
    """What a customer wishes (客户触达偏好); the newest word of all who are one customer counts."""

    __tablename__ = "contact_preference"
    __table_args__ = (
        CheckConstraint("(quiet_from IS NULL) = (quiet_to IS NULL)", name="quiet_from_and_to"),
        BY_CUSTOMER,
    )

    customer_id: UUID = Field(primary_key=True, foreign_key="customer.id")
    no_calls: bool = False
    quiet_from: time | None = None
    quiet_to: time | None = None
    updated_at: datetime = instant()
    updated_by: UUID


class ContactAllowance(SQLModel, table=True):
    """Offers beyond the caps that a second person allowed for a customer (超频批准)."""

    __tablename__ = "contact_allowance"
    __table_args__ = (
        one_of("channel", Channel),
        CheckConstraint("extra BETWEEN 1 AND 10", name="a_few"),
        CheckConstraint("ends_at > begins_at", name="ends_after_it_began"),
        BY_CUSTOMER,
    )

    customer_id: UUID = Field(primary_key=True, foreign_key="customer.id")
    id: UUID = Field(primary_key=True)
    channel: str = text_column()
    extra: int
    begins_at: datetime = instant()
    ends_at: datetime = instant()
    approval_id: UUID


class ContactDecision(SQLModel, table=True):
    """What the gate said to one contact, and what became of it (触达记录): who was left alone is told with its reasons.

    A contact that happened all the same (`sent` with reasons) counts like any other.
    """

    __tablename__ = "contact_decision"
    __table_args__ = (
        one_of("channel", Channel),
        one_of("purpose", ContactPurpose),
        one_of("sender", Sender),
        one_of("state", ContactState),
        CheckConstraint("state <> 'refused' OR cardinality(reasons) > 0", name="refused_for_reasons"),
        CheckConstraint("(state = 'held') <= (held_until IS NOT NULL)", name="held_for_a_time"),
        Index(
            None,
            "customer_id",
            "at",
            postgresql_where=text("purpose = 'selling' AND state IN ('held', 'sent')"),
        ),
        Index(None, "held_until", postgresql_where=text("state = 'held'")),
        Index(None, "decided_at"),
        BY_CUSTOMER,
    )

    customer_id: UUID = Field(primary_key=True, foreign_key="customer.id")
    id: UUID = Field(primary_key=True)
    channel: str = text_column()
    purpose: str = text_column()
    sender: str = text_column()
    subject: str | None = text_column(default=None, description="The product or right that is offered")
    reference: str | None = text_column(default=None, description="What it belongs to: a campaign, a task, a call")
    state: str = text_column()
    reasons: list[str] = Field(sa_column=Column(ARRAY(Text), nullable=False))
    possible_at: datetime | None = instant(default=None)
    policy_version: int
    at: datetime = instant(description="The moment that was asked about")
    decided_at: datetime = instant()
    decided_by: UUID
    held_until: datetime | None = instant(default=None)
    ended_at: datetime | None = instant(default=None)
