"""Events that wait to be handed on, to whom each goes, and the webhooks of the bank's systems."""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Column, Field

from guibin.core.models import LOCAL, SQLModel, cipher, distributed, instant, one_of, text_column
from guibin.outbox.events import EventName


class WebhookState(StrEnum):
    """Whether a webhook gets events; what waits for one that is off waits on."""

    ACTIVE = "active"
    OFF = "off"


class DeliveryState(StrEnum):
    """The life of a delivery: waiting until the receiver has it; dead after the last try, until somebody resends it."""

    WAITING = "waiting"
    DELIVERED = "delivered"
    DEAD = "dead"


class DeliveryFailure(StrEnum):
    """Why the last try failed, where the receiver did not answer with a status.

    `address_not_allowed`: its name leads to an address that must not be called. `timeout`: no answer in time.
    `unreachable`: no connection, or one that broke off. `failed`: a consumer of ours could not apply it.
    """

    ADDRESS_NOT_ALLOWED = "address_not_allowed"
    TIMEOUT = "timeout"
    UNREACHABLE = "unreachable"
    FAILED = "failed"


class OutboxEvent(SQLModel, table=True):
    """Something that happened (事件), written in the transaction in which it did. No personal value stands in it."""

    __tablename__ = "outbox_event"
    __table_args__ = (
        one_of("type", EventName),
        CheckConstraint("customer_id IS NULL OR customer_id = owner_id", name="owned_by_its_customer"),
        Index(None, "owner_id", "type", "once", unique=True, postgresql_where=text("once IS NOT NULL")),
        Index("ix_outbox_event_waiting", "created_at", postgresql_where=text("relayed_at IS NULL")),
        distributed("owner_id", "customer"),
    )

    owner_id: UUID = Field(primary_key=True, description="The customer concerned, else the subject")
    id: UUID = Field(primary_key=True)
    type: str = text_column()
    subject: str = text_column(description="Public id of what it is about")
    customer_id: UUID | None = None
    payload: dict[str, Any] = Field(default_factory=dict, sa_column=Column(JSONB, nullable=False))
    once: str | None = text_column(default=None, description="Of its type and owner there is one of this name")
    created_at: datetime = instant()
    relayed_at: datetime | None = instant(default=None, description="When its deliveries were made")


class Webhook(SQLModel, table=True):
    """Where a system of the bank receives events (事件推送)."""

    __tablename__ = "webhook"
    __table_args__ = (
        one_of("state", WebhookState),
        CheckConstraint("(old_secret_enc IS NULL) = (old_secret_until IS NULL)", name="old_secret_with_end"),
        LOCAL,
    )

    id: UUID = Field(primary_key=True)
    name: str = text_column()
    url: str = text_column()
    event_types: list[str] = Field(default_factory=list, sa_column=Column(JSONB, nullable=False))
    state: str = text_column()
    data_key: bytes = cipher(description="Of its secrets, wrapped")
    secret_no: int = Field(default=1, description="Number of the secret; with k before it the key id of a signature")
    secret_enc: bytes = cipher()
    old_secret_enc: bytes | None = cipher(default=None, description="The one before, which signs too for a while")
    old_secret_until: datetime | None = instant(default=None)
    revision: int = Field(default=1, description="Counts every change; the ETag")
    created_by: UUID
    created_at: datetime = instant()


class EventDelivery(SQLModel, table=True):
    """One event for one receiver: a webhook, or a consumer of ours, for which it proves that the event was applied.

    Of what a receiver answers the status and the beginning of the text are kept.
    """

    __tablename__ = "event_delivery"
    __table_args__ = (
        one_of("state", DeliveryState),
        one_of("failure", DeliveryFailure),
        CheckConstraint("(consumer IS NULL) <> (webhook_id IS NULL)", name="one_receiver"),
        CheckConstraint("(state = 'delivered') = (delivered_at IS NOT NULL)", name="delivered"),
        Index(None, "consumer", "event_id", unique=True, postgresql_where=text("consumer IS NOT NULL")),
        Index(None, "webhook_id", "event_id", unique=True, postgresql_where=text("webhook_id IS NOT NULL")),
        Index(None, "webhook_id", "created_at", "id", postgresql_where=text("webhook_id IS NOT NULL")),
        Index("ix_event_delivery_waiting", "next_try_at", postgresql_where=text("state = 'waiting'")),
        LOCAL,
    )

    id: UUID = Field(primary_key=True)
    event_id: UUID
    event_owner: UUID = Field(description="Where the event lies")
    event_type: str = text_column()
    consumer: str | None = text_column(default=None)
    webhook_id: UUID | None = Field(default=None, foreign_key="webhook.id")
    state: str = text_column()
    attempts: int = 0
    next_try_at: datetime = instant()
    created_at: datetime = instant()
    tried_at: datetime | None = instant(default=None)
    delivered_at: datetime | None = instant(default=None)
    status: int | None = Field(default=None, description="HTTP status of the last answer")
    answer: str | None = text_column(default=None, description="Its first 200 characters")
    failure: str | None = text_column(default=None)
