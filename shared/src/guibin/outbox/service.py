"""Publishing events in the transaction of what they tell of."""

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.core import clock
from guibin.core.ids import new_id, to_public
from guibin.outbox import repository
from guibin.outbox.events import EventData


@dataclass(frozen=True, slots=True)
class Publication:
    """An event to publish: about which object, of which customer where it concerns one.

    Of a type and owner (the customer, else the subject) there is one event of a name `once`; without one there are as
    many as are published.
    """

    data: EventData
    subject_id: UUID
    customer_id: UUID | None = None
    once: str | None = None


async def publish(
    session: AsyncSession,
    data: EventData,
    *,
    subject_id: UUID,
    customer_id: UUID | None = None,
    once: str | None = None,
) -> None:
    """Write an event into the outbox: it is handed on if this transaction commits, and only then.

    See `Publication` for the arguments.
    """
    await publish_all(session, [Publication(data, subject_id, customer_id, once)])


async def publish_all(session: AsyncSession, publications: Iterable[Publication]) -> None:
    """Write many events at once."""
    now = clock.now()
    rows = [
        {
            "owner_id": one.customer_id or one.subject_id,
            "id": new_id(),
            "type": one.data.type,
            "subject": to_public(one.data.prefix, one.subject_id),
            "customer_id": one.customer_id,
            "payload": one.data.payload(),
            "once": one.once,
            "created_at": now,
        }
        for one in publications
    ]
    if rows:
        await repository.insert_events(session, rows)
