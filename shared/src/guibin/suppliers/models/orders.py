"""Orders at suppliers, and what suppliers tell of them."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, Text, text
from sqlmodel import Field

from guibin.core.models import BY_CUSTOMER, LOCAL, SQLModel, cipher, instant, one_of, text_column


class OrderState(StrEnum):
    """The life of an order, which only goes forward.

    `waiting` to be sent. `sent`: it was given to the network, and what came of it is unknown until a query or a
    call-back says it. `accepted`: the supplier has it. `done`, `refused`: its end. `withdrawn`: it never went out.
    """

    WAITING = "waiting"
    SENT = "sent"
    ACCEPTED = "accepted"
    DONE = "done"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"


class OrderFault(StrEnum):
    """Why the last try told nothing, or why an order waits for a person.

    `timeout`, `unreachable`, `address_not_allowed`: there was no answer. `bad_answer`: one that says nothing.
    `not_known`: the supplier says that it never got the order. `mismatch`: it delivers something else than was ordered.
    `not_applied`: what it says could not be carried out here.
    """

    TIMEOUT = "timeout"
    UNREACHABLE = "unreachable"
    ADDRESS_NOT_ALLOWED = "address_not_allowed"
    BAD_ANSWER = "bad_answer"
    NOT_KNOWN = "not_known"
    MISMATCH = "mismatch"
    NOT_APPLIED = "not_applied"


class SupplierOrder(SQLModel, table=True):
    """The order of a redemption at its supplier (供应商订单): one at most. Its id is the number that both sides use."""

    __tablename__ = "supplier_order"
    __table_args__ = (
        one_of("state", OrderState),
        one_of("fault", OrderFault),
        CheckConstraint("(state IN ('done', 'refused', 'withdrawn')) = (ended_at IS NOT NULL)", name="ended"),
        CheckConstraint("state NOT IN ('sent', 'accepted') OR sent_at IS NOT NULL", name="sent_at_a_time"),
        ForeignKeyConstraint(["customer_id", "redemption_id"], ["redemption.customer_id", "redemption.id"]),
        Index(None, "customer_id", "redemption_id", unique=True),
        Index(None, "id"),
        Index("ix_supplier_order_due", "next_try_at", postgresql_where=text("ended_at IS NULL AND parked_at IS NULL")),
        Index(None, "supplier_id", "created_at", "id"),
        BY_CUSTOMER,
    )

    customer_id: UUID = Field(primary_key=True, foreign_key="customer.id")
    id: UUID = Field(primary_key=True)
    redemption_id: UUID
    right_id: UUID = Field(foreign_key="rights_item.id")
    supplier_id: UUID = Field(foreign_key="supplier.id")
    product_code: str = text_column(description="What the supplier called the right when it was ordered")
    quantity: int
    state: str = text_column()
    tries: int = Field(default=0, description="Since something was last heard")
    next_try_at: datetime = instant()
    parked_at: datetime | None = instant(default=None, description="Since then it waits for a person")
    fault: str | None = text_column(default=None)
    reference: str | None = text_column(default=None, description="The supplier's own number")
    reason: str | None = text_column(default=None, description="Why it refused, in its words")
    tracking_enc: bytes | None = cipher(default=None, description="Number of the parcel, under the customer's key")
    created_at: datetime = instant()
    sent_at: datetime | None = instant(default=None, description="When it was last given to the network")
    ended_at: datetime | None = instant(default=None)


class SupplierEvent(SQLModel, table=True):
    """A call-back of a supplier: kept to know it again, and for the worker, who applies it. Deleted after 180 days."""

    __tablename__ = "supplier_event"
    __table_args__ = (
        CheckConstraint("(content_enc IS NULL) = (applied_at IS NOT NULL)", name="forgotten_when_applied"),
        Index("ix_supplier_event_waiting", "received_at", postgresql_where=text("applied_at IS NULL")),
        Index(None, "received_at"),
        LOCAL,
    )

    supplier_id: UUID = Field(primary_key=True)
    event_id: str = Field(sa_type=Text, primary_key=True, description="The supplier's own")
    type: str = text_column()
    fingerprint: bytes = cipher(description="SHA-256 of the bytes that were signed")
    order_id: UUID
    content_enc: bytes | None = cipher(default=None, description="What it tells, under the supplier's key, until then")
    received_at: datetime = instant()
    applied_at: datetime | None = instant(default=None)
    changed: bool | None = Field(default=None, description="Whether it brought the order forward")
