"""All SQL of events, their deliveries and webhooks."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import func, tuple_, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import load_only
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.core.errors import NotFound
from guibin.core.models import metadata
from guibin.outbox.models import DeliveryState, EventDelivery, OutboxEvent, Webhook

_EVENTS: Final = metadata.tables["outbox_event"]
_QUIET: Final = {"synchronize_session": False}
_SHOWN: Final = (
    EventDelivery.id,
    EventDelivery.event_id,
    EventDelivery.event_type,
    EventDelivery.webhook_id,
    EventDelivery.state,
    EventDelivery.attempts,
    EventDelivery.next_try_at,
    EventDelivery.created_at,
    EventDelivery.tried_at,
    EventDelivery.delivered_at,
    EventDelivery.status,
    EventDelivery.answer,
    EventDelivery.failure,
)
"""What the bank port may read of a delivery: not whose event it is."""


async def insert_events(session: AsyncSession, rows: Sequence[Mapping[str, Any]]) -> None:
    """Add events, however many they are; one that is there already under its name `once` stays alone.

    Nothing is read back. Each row is sent by itself, all on one way: a statement takes 32,767 values, and a night of a
    large bank tells of more.
    """
    await session.execute(insert(_EVENTS).on_conflict_do_nothing(), list(rows))


async def waiting_events(session: AsyncSession, *, limit: int) -> Sequence[OutboxEvent]:
    """Return events without a mark, the oldest first: never those after one that was seen, for commits overtake.

    Those of one moment come in any order: an import or a night may write a million of them, and would sort them anew
    each time.
    """
    query = (
        select(OutboxEvent)
        .where(col(OutboxEvent.relayed_at).is_(None))
        .order_by(col(OutboxEvent.created_at))
        .limit(limit)
    )
    return (await session.exec(query)).all()


async def mark_relayed(session: AsyncSession, events: Sequence[OutboxEvent], *, at: datetime) -> None:
    """Mark events whose deliveries stand."""
    keys = [(event.owner_id, event.id) for event in events]
    statement = update(OutboxEvent).where(tuple_(col(OutboxEvent.owner_id), col(OutboxEvent.id)).in_(keys))
    await session.execute(statement.values(relayed_at=at).execution_options(**_QUIET))


async def get_event(session: AsyncSession, *, owner_id: UUID, event_id: UUID) -> OutboxEvent | None:
    """Return one event; None when its time of keeping is over."""
    return await session.get(OutboxEvent, (owner_id, event_id))


async def get_events(session: AsyncSession, *, keys: Sequence[tuple[UUID, UUID]]) -> Sequence[OutboxEvent]:
    """Return events by owner and id, the oldest first."""
    query = (
        select(OutboxEvent)
        .where(tuple_(col(OutboxEvent.owner_id), col(OutboxEvent.id)).in_(keys))
        .order_by(col(OutboxEvent.created_at), col(OutboxEvent.id))
    )
    return (await session.exec(query)).all()


async def insert_deliveries(session: AsyncSession, rows: Sequence[Mapping[str, Any]]) -> None:
    """Add deliveries; one that is there already stays as it is."""
    if rows:
        await session.execute(insert(EventDelivery).values(list(rows)).on_conflict_do_nothing())


async def due_for_consumers(
    session: AsyncSession, *, names: Sequence[str], now: datetime, limit: int
) -> Sequence[EventDelivery]:
    """Return deliveries to these consumers that are to be tried now, those that have waited longest first."""
    return await _due(session, col(EventDelivery.consumer).in_(names), now=now, limit=limit)


async def due_for_webhook(
    session: AsyncSession, *, webhook_id: UUID, now: datetime, limit: int
) -> Sequence[EventDelivery]:
    """Return deliveries to a webhook that are to be tried now, those that have waited longest first."""
    return await _due(session, EventDelivery.webhook_id == webhook_id, now=now, limit=limit)


async def _due(session: AsyncSession, of_whom: Any, *, now: datetime, limit: int) -> Sequence[EventDelivery]:
    query = (
        select(EventDelivery)
        .where(EventDelivery.state == DeliveryState.WAITING, col(EventDelivery.next_try_at) <= now, of_whom)
        .order_by(col(EventDelivery.next_try_at), col(EventDelivery.id))
        .limit(limit)
    )
    return (await session.exec(query.execution_options(populate_existing=True))).all()


async def webhooks_with_work(session: AsyncSession, *, now: datetime) -> Sequence[UUID]:
    """Return the webhooks that are on and have deliveries to be tried now."""
    due = select(EventDelivery.id).where(
        EventDelivery.state == DeliveryState.WAITING,
        col(EventDelivery.next_try_at) <= now,
        col(EventDelivery.webhook_id) == col(Webhook.id),
    )
    return (await session.exec(select(Webhook.id).where(Webhook.state == "active", due.exists()))).all()


async def end_waiting(session: AsyncSession, delivery_id: UUID, **values: Any) -> bool:
    """Write the outcome of a try; False when the delivery does not wait any more, and nothing is written."""
    statement = (
        update(EventDelivery)
        .where(col(EventDelivery.id) == delivery_id, col(EventDelivery.state) == DeliveryState.WAITING)
        .values(**values)
        .returning(col(EventDelivery.id))
    )
    return (await session.execute(statement.execution_options(**_QUIET))).first() is not None


async def end_all_waiting(session: AsyncSession, delivery_ids: Sequence[UUID], *, at: datetime) -> set[UUID]:
    """Write that deliveries arrived, and return those that still waited: the others are as they were."""
    statement = (
        update(EventDelivery)
        .where(col(EventDelivery.id).in_(delivery_ids), col(EventDelivery.state) == DeliveryState.WAITING)
        .values(
            state=DeliveryState.DELIVERED,
            attempts=EventDelivery.attempts + 1,
            tried_at=at,
            delivered_at=at,
            failure=None,
        )
        .returning(col(EventDelivery.id))
    )
    return set((await session.execute(statement.execution_options(**_QUIET))).scalars())


@dataclass(frozen=True, slots=True)
class Backlog:
    """How much waits: events and deliveries, since when the oldest waits, and how many are failing or dead."""

    waiting: int
    oldest: datetime | None
    failing: int
    dead: int


async def read_backlog(session: AsyncSession) -> Backlog:
    """Count what waits."""
    events = select(func.count(), func.min(OutboxEvent.created_at)).where(col(OutboxEvent.relayed_at).is_(None))
    undelivered = select(
        func.count().filter(col(EventDelivery.state) == DeliveryState.WAITING),
        func.min(EventDelivery.created_at).filter(col(EventDelivery.state) == DeliveryState.WAITING),
        func.count().filter(col(EventDelivery.state) == DeliveryState.WAITING, col(EventDelivery.attempts) > 0),
        func.count().filter(col(EventDelivery.state) == DeliveryState.DEAD),
    ).where(col(EventDelivery.state) != DeliveryState.DELIVERED)
    unrelayed, first = (await session.execute(events)).one()
    waiting, oldest, failing, dead = (await session.execute(undelivered)).one()
    return Backlog(unrelayed + waiting, min((at for at in (first, oldest) if at), default=None), failing, dead)


async def active_webhooks(session: AsyncSession) -> Sequence[Webhook]:
    """Return the webhooks that are on."""
    return (await session.exec(select(Webhook).where(Webhook.state == "active"))).all()


async def list_webhooks(
    session: AsyncSession, *, limit: int, before: tuple[datetime, UUID] | None = None
) -> Sequence[Webhook]:
    """Return webhooks, newest first."""
    query = select(Webhook).order_by(col(Webhook.created_at).desc(), col(Webhook.id).desc()).limit(limit)
    if before is not None:
        query = query.where(tuple_(col(Webhook.created_at), col(Webhook.id)) < before)
    return (await session.exec(query)).all()


async def get_webhook(session: AsyncSession, webhook_id: UUID) -> Webhook:
    """Return one webhook as it stands now.

    Raises:
        NotFound: there is none.
    """
    found = await session.get(Webhook, webhook_id, populate_existing=True)
    if found is None:
        raise NotFound
    return found


async def update_webhook(session: AsyncSession, webhook_id: UUID, *, revision: int, **values: Any) -> bool:
    """Change a webhook of a revision, which counts on; False when somebody else changed it meanwhile."""
    statement = (
        update(Webhook)
        .where(col(Webhook.id) == webhook_id, col(Webhook.revision) == revision)
        .values(**values, revision=revision + 1)
        .returning(col(Webhook.id))
    )
    return (await session.execute(statement.execution_options(**_QUIET))).first() is not None


async def list_deliveries(
    session: AsyncSession,
    *,
    webhook_id: UUID,
    state: DeliveryState | None,
    limit: int,
    before: tuple[datetime, UUID] | None = None,
) -> Sequence[EventDelivery]:
    """Return the deliveries of a webhook, newest first."""
    query = (
        select(EventDelivery)
        .where(EventDelivery.webhook_id == webhook_id)
        .order_by(col(EventDelivery.created_at).desc(), col(EventDelivery.id).desc())
        .limit(limit)
    )
    if state is not None:
        query = query.where(EventDelivery.state == state)
    if before is not None:
        query = query.where(tuple_(col(EventDelivery.created_at), col(EventDelivery.id)) < before)
    rows: Sequence[EventDelivery] = (await session.exec(_shown(query))).all()
    return rows


async def get_delivery(session: AsyncSession, *, webhook_id: UUID, delivery_id: UUID) -> EventDelivery:
    """Return one delivery of a webhook.

    Raises:
        NotFound: it has none of this id.
    """
    query = select(EventDelivery).where(EventDelivery.webhook_id == webhook_id, EventDelivery.id == delivery_id)
    found: EventDelivery | None = (await session.exec(_shown(query).execution_options(populate_existing=True))).first()
    if found is None:
        raise NotFound
    return found


def _shown(query: Any) -> Any:
    return query.options(load_only(*_SHOWN, raiseload=True))  # type: ignore[arg-type] # columns of SQLModel


async def send_again(session: AsyncSession, delivery_id: UUID, *, at: datetime) -> None:
    """Let a delivery be tried again from the beginning, whatever became of it."""
    values = {"state": DeliveryState.WAITING, "attempts": 0, "next_try_at": at, "delivered_at": None}
    await session.execute(
        update(EventDelivery).where(col(EventDelivery.id) == delivery_id).values(**values).execution_options(**_QUIET)
    )
