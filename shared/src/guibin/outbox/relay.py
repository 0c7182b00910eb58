"""The relay: hands events on, at least once, while it holds the lease.

A turn makes the deliveries of events that have none, lets consumers of ours apply theirs, each in a transaction of its
own, and sets off one flight for each webhook that has something to receive. Flights run beside each other and beside
the turns: a receiver that is slow or down delays nobody else. A relay that is killed after a call and before its mark
sends the event again.
"""

import asyncio
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from guibin.core import clock
from guibin.core.database import SessionFactory
from guibin.core.ids import new_id, to_public
from guibin.core.leases import drop_lease, take_lease
from guibin.core.logging import error_facts, logger
from guibin.outbox import repository
from guibin.outbox.consumers import CONSUMERS, Consumer, Event
from guibin.outbox.events import EventName
from guibin.outbox.models import DeliveryFailure, DeliveryState, EventDelivery, OutboxEvent, Webhook
from guibin.outbox.rules import body_of, next_try, signature_of
from guibin.outbox.sending import Outcome, WebhookSender
from guibin.outbox.telling import teller
from guibin.outbox.webhook_secrets import secrets_of
from guibin.security.ciphers import KeyRing

LEASE: Final = "outbox_relay"
LEASE_LIFE: Final = timedelta(seconds=15)
RENEWED_AFTER: Final = timedelta(seconds=4)
BATCH: Final = 200
TOGETHER: Final = 50
"""Events that a consumer applies in one transaction."""
AT_ONCE: Final = 20
"""Deliveries of one flight."""
FLIGHTS_WRITING: Final = 2
"""Flights that use a connection of the database at the same time."""
_LONGEST_REST: Final = 60.0


class LeaseLost(Exception):  # noqa: N818 - named for what happened; it never leaves a turn
    """Another relay has the lease."""


@dataclass(slots=True)
class _Rest:
    """How a webhook that fails is left alone for a while: its deliveries would fail one after the other."""

    failures: int = 0
    until: float = 0.0


@dataclass(frozen=True, slots=True)
class Turn:
    """What a turn did; `full` says that there may be more at once."""

    relayed: int
    applied: int
    full: bool


class Relay:
    """Hands events on until it is closed; several may live, and one works."""

    def __init__(self, sessions: SessionFactory, sender: WebhookSender, open_keys: Callable[[], KeyRing]) -> None:
        self._sessions = sessions
        self._sender = sender
        self._open_keys = open_keys
        self._keys: KeyRing | None = None
        self._holder = new_id()
        self._renew_at: datetime | None = None
        self._flights: dict[UUID, asyncio.Task[None]] = {}
        self._rests: dict[UUID, _Rest] = {}
        self._places = asyncio.Semaphore(FLIGHTS_WRITING)

    async def turn(self) -> Turn | None:
        """Go round once; None while another relay has the lease."""
        try:
            relayed = await self._make_deliveries()
            applied, due = await self._let_consumers_apply()
        except LeaseLost:
            await self._land()
            return None
        await self._set_off()
        return Turn(relayed, applied, full=BATCH in {relayed, due})

    async def close(self) -> None:
        """Break off what flies, which is sent again later, and let the lease go."""
        await self._land()
        self._renew_at = None
        async with self._sessions.begin() as session:
            await drop_lease(session, name=LEASE, holder=self._holder, now=clock.now())

    async def landed(self) -> None:
        """Wait until what flies now has come down."""
        await asyncio.gather(*self._flights.values(), return_exceptions=True)

    async def _land(self) -> None:
        for flight in self._flights.values():
            flight.cancel()
        await self.landed()
        self._flights.clear()

    async def _hold(self) -> datetime:
        """Take the lease, or renew it in good time; returns the instant.

        Raises:
            LeaseLost: another relay has it.
        """
        now = clock.now()
        if self._renew_at is None or now >= self._renew_at:
            self._renew_at = None
            async with self._sessions.begin() as session:
                if not await take_lease(session, name=LEASE, holder=self._holder, now=now, until=now + LEASE_LIFE):
                    raise LeaseLost
            self._renew_at = now + RENEWED_AFTER
        return now

    async def _make_deliveries(self) -> int:
        """Make a delivery of each event without a mark for each receiver that wants it, and mark the events."""
        now = await self._hold()
        async with self._sessions.begin() as session:
            events = await repository.waiting_events(session, limit=BATCH)
            if not events:
                return 0
            webhooks = await repository.active_webhooks(session)
            rows = [row for event in events for row in _deliveries_of(event, webhooks, now)]
            await repository.insert_deliveries(session, rows)
            await repository.mark_relayed(session, events, at=now)
        return len(events)

    async def _let_consumers_apply(self) -> tuple[int, int]:
        consumers = {consumer.name: consumer for consumer in CONSUMERS}
        if not consumers:
            return 0, 0
        async with self._sessions() as session:
            due = await repository.due_for_consumers(session, names=list(consumers), now=clock.now(), limit=BATCH)
        applied = 0
        for name, consumer in consumers.items():
            own = [delivery for delivery in due if delivery.consumer == name]
            for begin in range(0, len(own), TOGETHER):
                applied += await self._apply_all(consumer, own[begin : begin + TOGETHER])
        return applied, len(due)

    async def _apply_all(self, consumer: Consumer, due: Sequence[EventDelivery]) -> int:
        """Let a consumer apply some events together, or, where one of them fails, each by itself."""
        await self._hold()
        try:
            return await self._apply(consumer, due)
        except Exception as error:  # noqa: BLE001 - one that fails comes again, the others go on
            if len(due) > 1:
                return sum([await self._apply_all(consumer, [one]) for one in due])
            logger().error("event_not_applied", consumer=consumer.name, **error_facts(error))
            await self._note(due[0], Outcome(failure=DeliveryFailure.FAILED), for_ever=True)
            return 0

    async def _apply(self, consumer: Consumer, due: Sequence[EventDelivery]) -> int:
        """Let a consumer apply events in the transaction that ends their deliveries; those that ended are passed over.

        The update of a delivery waits for another relay that ends it, and then finds that it does not wait any more.
        """
        async with self._sessions.begin() as session:
            ended = await repository.end_all_waiting(session, [delivery.id for delivery in due], at=clock.now())
            new = [delivery for delivery in due if delivery.id in ended]
            rows = await repository.get_events(session, keys=[(one.event_owner, one.event_id) for one in new])
            for row in rows:
                await consumer.apply(session, Event.of(row))
        return len(rows)

    async def _set_off(self) -> None:
        """Start a flight for each webhook with deliveries that are due, but for those that fly or rest."""
        self._flights = {one: flight for one, flight in self._flights.items() if not flight.done()}
        async with self._sessions() as session:
            wanted = await repository.webhooks_with_work(session, now=clock.now())
        now = asyncio.get_running_loop().time()
        for webhook_id in wanted:
            rest = self._rests.get(webhook_id)
            if webhook_id not in self._flights and (rest is None or rest.until <= now):
                self._flights[webhook_id] = asyncio.create_task(self._fly(webhook_id))

    async def _fly(self, webhook_id: UUID) -> None:
        """Send what is due to one webhook, one after the other, until something fails."""
        try:
            async with self._places, self._sessions() as session:
                webhook = await repository.get_webhook(session, webhook_id)
                due = await repository.due_for_webhook(session, webhook_id=webhook_id, now=clock.now(), limit=AT_ONCE)
                rows = await repository.get_events(session, keys=[(one.event_owner, one.event_id) for one in due])
                events = {row.id: Event.of(row) for row in rows}
                words = await teller().words_on(session, list(events.values()))
            for delivery in due:
                event = events.get(delivery.event_id)
                if not await self._deliver(webhook, delivery, event, words.get(delivery.event_id)):
                    self._let_rest(webhook_id)
                    return
            self._rests.pop(webhook_id, None)
        except Exception as error:  # noqa: BLE001 - the next flight tries again
            logger().error("webhook_not_served", webhook=to_public("whk", webhook_id), **error_facts(error))
            self._let_rest(webhook_id)

    def _let_rest(self, webhook_id: UUID) -> None:
        rest = self._rests.setdefault(webhook_id, _Rest())
        rest.failures += 1
        pause = min(2.0 ** (rest.failures - 1), _LONGEST_REST)
        rest.until = asyncio.get_running_loop().time() + pause

    async def _deliver(
        self, webhook: Webhook, delivery: EventDelivery, event: Event | None, word: Mapping[str, Any] | None
    ) -> bool:
        if event is None:  # its time of keeping is over
            outcome = Outcome(failure=DeliveryFailure.FAILED)
        else:
            outcome = await self._send(webhook, event, word)
        await self._note(delivery, outcome)
        return outcome.delivered

    async def _send(self, webhook: Webhook, event: Event, word: Mapping[str, Any] | None) -> Outcome:
        body, now = body_of(event.envelope() | {"contact": word}), clock.now()
        if self._keys is None:
            self._keys = self._open_keys()
        signing = {number: secret.encode() for number, secret in secrets_of(self._keys, webhook, now=now).items()}
        headers = {
            "User-Agent": "guibin-webhooks",
            "Guibin-Event-Id": to_public("evt", event.id),
            "Guibin-Event-Type": event.type,
            "Guibin-Signature": signature_of(body, signing, at=now),
        }
        return await self._sender.send(webhook.url, body, headers)

    async def _note(self, delivery: EventDelivery, outcome: Outcome, *, for_ever: bool = False) -> None:
        """Keep what came of a try, and when the next one is."""
        now, attempts = clock.now(), delivery.attempts + 1
        values: dict[str, object] = {"status": outcome.status, "answer": outcome.answer, "failure": outcome.failure}
        if outcome.delivered:
            values |= _delivered(delivery, now)
        else:
            spread = random.uniform(-1, 1)  # noqa: S311 - spreads tries, keeps no secret
            again = next_try(attempts, now=now, spread=spread, for_ever=for_ever)
            values |= {"attempts": attempts, "tried_at": now}
            values |= {"next_try_at": again} if again else {"state": DeliveryState.DEAD}
        async with self._places, self._sessions.begin() as session:
            await repository.end_waiting(session, delivery.id, **values)


def _delivered(delivery: EventDelivery, now: datetime) -> dict[str, object]:
    return {
        "state": DeliveryState.DELIVERED,
        "attempts": delivery.attempts + 1,
        "tried_at": now,
        "delivered_at": now,
        "failure": None,
    }


def _deliveries_of(event: OutboxEvent, webhooks: Sequence[Webhook], now: datetime) -> list[dict[str, object]]:
    """Return a row for each receiver of an event; nobody wants some events."""
    common = {
        "event_id": event.id,
        "event_owner": event.owner_id,
        "event_type": event.type,
        "state": DeliveryState.WAITING,
        "attempts": 0,
        "next_try_at": now,
        "created_at": now,
    }
    consumers = [one.name for one in CONSUMERS if event.type in one.types]
    receivers: list[dict[str, object]] = [{"consumer": name, "webhook_id": None} for name in consumers]
    receivers += [{"consumer": None, "webhook_id": one.id} for one in webhooks if _wants(one, event)]
    return [{"id": new_id(), **common, **receiver} for receiver in receivers]


def _wants(webhook: Webhook, event: OutboxEvent) -> bool:
    """Tell whether a webhook gets an event: a test that is meant for it, or a type that it asked for."""
    return event.owner_id == webhook.id if event.type == EventName.WEBHOOK_TEST else event.type in webhook.event_types
