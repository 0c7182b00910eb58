"""Events, consumers, webhooks and relays for tests of the outbox."""

from collections.abc import AsyncIterator, Collection, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.core import clock
from guibin.core.database import SessionFactory
from guibin.core.ids import new_id
from guibin.outbox.consumers import CONSUMERS, Consumer, Event
from guibin.outbox.events import EventName, RightBackInStock
from guibin.outbox.models import EventDelivery, OutboxEvent, Webhook
from guibin.outbox.relay import Relay
from guibin.outbox.sending import WebhookSender
from guibin.outbox.service import publish
from guibin.outbox.webhook_secrets import new_secret
from guibin.security.ciphers import KeyRing

ADMINISTRATOR = UUID(int=0xAD)
ANSWERS = "CREATE TABLE applied (event_id uuid, consumer text)"
"""Where the consumers of tests write, without a key that would hide a second time."""


class Recording:
    """A consumer that writes down what it applies, and fails as often as it is told."""

    types = frozenset(EventName)

    def __init__(self, name: str = "recording", *, failures: int = 0) -> None:
        self.name = name
        self.failures = failures

    async def apply(self, session: AsyncSession, event: Event) -> None:
        """Write it down."""
        row = {"event_id": event.id, "consumer": self.name}
        await session.execute(text("INSERT INTO applied VALUES (:event_id, :consumer)"), row)
        if self.failures:
            self.failures -= 1
            raise RuntimeError


@contextmanager
def consuming(*consumers: Consumer) -> Iterator[None]:
    """Let these consumers alone be there."""
    before = list(CONSUMERS)
    CONSUMERS[:] = consumers
    try:
        yield
    finally:
        CONSUMERS[:] = before


async def let_consumers_write(owner: SessionFactory) -> None:
    """Make the table that the consumers of tests write into."""
    async with owner.begin() as session:
        await session.execute(text(ANSWERS))
        await session.execute(text("GRANT SELECT, INSERT ON applied TO guibin_worker"))


async def happen(sessions: SessionFactory, *, free: int = 1, **options: Any) -> UUID:
    """Let a right come back, committed; returns its id."""
    right_id = new_id()
    async with sessions.begin() as session:
        await publish(session, RightBackInStock(free=free), subject_id=right_id, **options)
    return right_id


async def add_webhook(
    sessions: SessionFactory, keys: KeyRing, url: str, types: Collection[EventName] = tuple(EventName), **columns: Any
) -> UUID:
    """Add a webhook past the port."""
    webhook_id = new_id()
    made = new_secret(keys, webhook_id)
    values = {"name": "receiver", "state": "active", "created_by": ADMINISTRATOR, "created_at": clock.now(), **columns}
    async with sessions.begin() as session:
        session.add(
            Webhook(
                id=webhook_id,
                url=url,
                event_types=sorted(types),
                data_key=made.data_key,
                secret_enc=made.secret_enc,
                **values,
            )
        )
    return webhook_id


@asynccontextmanager
async def relay_of(sessions: SessionFactory, keys: KeyRing) -> AsyncIterator[Relay]:
    """Open a relay of a development run."""
    async with WebhookSender(in_development=True) as sender:
        relay = Relay(sessions, sender, lambda: keys)
        yield relay
        await relay.close()


async def deliveries(sessions: SessionFactory, **wanted: Any) -> Sequence[EventDelivery]:
    """Return the deliveries as they stand, the oldest first."""
    async with sessions() as session:
        query = select(EventDelivery).filter_by(**wanted).order_by(col(EventDelivery.created_at), col(EventDelivery.id))
        return (await session.exec(query)).all()


async def published(sessions: SessionFactory, type_: EventName | None = None) -> Sequence[OutboxEvent]:
    """Return the events in the outbox, the oldest first."""
    async with sessions() as session:
        query = select(OutboxEvent).order_by(col(OutboxEvent.created_at), col(OutboxEvent.id))
        if type_ is not None:
            query = query.where(OutboxEvent.type == type_)
        return (await session.exec(query)).all()


async def applied(sessions: SessionFactory) -> list[tuple[UUID, str]]:
    """Return what the consumers of tests have applied."""
    async with sessions() as session:
        rows = await session.execute(text("SELECT event_id, consumer FROM applied"))
        return [(row[0], row[1]) for row in rows.all()]
