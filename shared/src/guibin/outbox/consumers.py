"""The open list of consumers: parts of the product that act on events of others; `guibin.wiring` fills it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.core.ids import to_public
from guibin.outbox.events import EventName
from guibin.outbox.models import OutboxEvent


@dataclass(frozen=True, slots=True)
class Event:
    """An event as its receivers see it; `subject` is the public id of what it is about."""

    id: UUID
    type: EventName
    subject: str
    customer_id: UUID | None
    created_at: datetime
    data: dict[str, Any]

    @classmethod
    def of(cls, row: OutboxEvent) -> "Event":
        """Read a row of the outbox."""
        return cls(row.id, EventName(row.type), row.subject, row.customer_id, row.created_at, row.payload)

    def envelope(self) -> dict[str, Any]:
        """Return the event as it is sent to others, but for the contact policy's word on it."""
        return {
            "id": to_public("evt", self.id),
            "type": self.type,
            "created_at": self.created_at.isoformat().replace("+00:00", "Z"),
            "subject": self.subject,
            "customer_id": None if self.customer_id is None else to_public("cus", self.customer_id),
            "data": self.data,
        }


class Consumer(Protocol):
    """Acts on events of some types."""

    @property
    def name(self) -> str:
        """Its name, which never changes: by it is known what it has applied."""

    @property
    def types(self) -> frozenset[EventName]:
        """The types that it wants."""

    async def apply(self, session: AsyncSession, event: Event) -> None:
        """Act on an event as the worker, in a transaction that also keeps that it was done; no call of the network.

        What it raises undoes its transaction, and the event comes again later. The same event is applied once.
        """


CONSUMERS: list[Consumer] = []


def register(consumer: Consumer) -> None:
    """Put a consumer into the list; one of the same name again changes nothing."""
    if consumer.name not in {known.name for known in CONSUMERS}:
        CONSUMERS.append(consumer)
