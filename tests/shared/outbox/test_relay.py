"""The relay: what commits is handed on, once to consumers and at least once to webhooks, by one relay at a time."""

import asyncio
import hmac
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.core import clock
from guibin.core.database import SessionFactory
from guibin.core.ids import new_id, to_public
from guibin.outbox import repository, sending
from guibin.outbox.events import EventName, RightBackInStock
from guibin.outbox.models import DeliveryFailure, DeliveryState, EventDelivery
from guibin.outbox.relay import LEASE_LIFE, Relay
from guibin.outbox.rules import PAUSES, TRIES
from guibin.outbox.service import publish
from guibin.outbox.webhook_secrets import secrets_of
from guibin.security.ciphers import KeyRing
from support.databases import Database
from support.outbox import (
    Recording,
    add_webhook,
    applied,
    consuming,
    deliveries,
    happen,
    let_consumers_write,
    published,
    relay_of,
)
from support.points import sessions_of
from support.receivers import BAD, receiving
from support.waiting import until


@pytest.fixture(autouse=True)
def no_consumer_of_the_product() -> Iterator[None]:
    with consuming():
        yield


@pytest.fixture
def keys(tmp_path: Path) -> KeyRing:
    return KeyRing.create(tmp_path / "keys.json")


@pytest.fixture
async def sessions(database: Database) -> AsyncIterator[SessionFactory]:
    """Return the worker's sessions, with a place for what consumers of tests write."""
    async with sessions_of(database.owner_url, pool_size=1) as owner:
        await let_consumers_write(owner)
    async with sessions_of(database.worker_url, pool_size=5) as made:
        yield made


@pytest.fixture
async def owner(database: Database) -> AsyncIterator[SessionFactory]:
    async with sessions_of(database.owner_url, pool_size=2) as made:
        yield made


async def go(relay: Relay) -> None:
    """Go round once and wait until what was sent has arrived."""
    assert await relay.turn() is not None
    await relay.landed()


async def test_an_event_is_there_if_and_only_if_its_transaction_committed(
    database: Database, sessions: SessionFactory
) -> None:
    async with sessions_of(database.customer_url) as customers, customers() as session:
        await publish(session, RightBackInStock(free=1), subject_id=(await happen(customers, free=3)))
        await session.rollback()
    (event,) = await published(sessions)
    assert (event.type, event.payload, event.customer_id) == ("right.back_in_stock", {"free": 3}, None)
    assert event.subject == to_public("rgt", event.owner_id)


async def test_of_a_name_there_is_one_event(database: Database, sessions: SessionFactory) -> None:
    async with sessions_of(database.bank_url) as bank, bank.begin() as session:
        right_id = new_id()
        for name in ("30", "30", "7", None, None):
            await publish(session, RightBackInStock(free=1), subject_id=right_id, once=name)
        await publish(session, RightBackInStock(free=1), subject_id=new_id(), once="30")
    found = [event.once for event in await published(sessions) if event.owner_id == right_id]
    assert sorted(name or "" for name in found) == ["", "", "30", "7"]
    assert len(await published(sessions)) == 5


async def test_consumers_apply_each_event_once_and_one_that_fails_is_tried_again(
    sessions: SessionFactory, keys: KeyRing
) -> None:
    await happen(sessions)
    with consuming(Recording("steady"), Recording("shaky", failures=1)):
        async with relay_of(sessions, keys) as relay:
            first, second = await relay.turn(), await relay.turn()
            assert (first and (first.relayed, first.applied), second and second.applied) == ((1, 1), 0)
            (shaky,) = await deliveries(sessions, consumer="shaky")
            assert (shaky.state, shaky.attempts, shaky.failure) == ("waiting", 1, DeliveryFailure.FAILED)
            with clock.fixed_at(clock.now() + 2 * PAUSES[0]):
                await relay.turn()
                await relay.turn()
    (event,) = await published(sessions)
    assert sorted(await applied(sessions)) == [(event.id, "shaky"), (event.id, "steady")]
    assert {one.state for one in await deliveries(sessions)} == {DeliveryState.DELIVERED}


async def test_a_webhook_gets_its_types_signed_by_its_secret(
    sessions: SessionFactory, owner: SessionFactory, keys: KeyRing
) -> None:
    async with receiving() as receiver, receiving() as other, relay_of(sessions, keys) as relay:
        webhook_id = await add_webhook(owner, keys, receiver.url, [EventName.RIGHT_BACK_IN_STOCK])
        await add_webhook(owner, keys, other.url, [EventName.CODES_LOW])
        await add_webhook(owner, keys, other.url, state="off")
        await happen(sessions, free=9)
        await go(relay)
        await go(relay)
    (got,) = receiver.received
    (event,) = await published(sessions)
    assert other.received == []
    assert got.event == {
        "id": to_public("evt", event.id),
        "type": "right.back_in_stock",
        "created_at": event.created_at.isoformat().replace("+00:00", "Z"),
        "subject": event.subject,
        "customer_id": None,
        "data": {"free": 9},
        "contact": None,
    }
    assert got.headers["guibin-event-id"] == got.event["id"]
    time, mark = got.headers["guibin-signature"].split(",")
    async with owner() as session:
        webhook = await repository.get_webhook(session, webhook_id)
    secret = secrets_of(keys, webhook, now=clock.now())[1].encode()
    signed = time.removeprefix("t=").encode() + b"." + got.body
    assert mark == "k1=" + hmac.digest(secret, signed, "sha256").hex()


async def test_a_receiver_that_fails_is_tried_again_until_the_delivery_is_dead(
    sessions: SessionFactory, owner: SessionFactory, keys: KeyRing
) -> None:
    now = clock.now()
    async with receiving(answer=BAD) as receiver:
        await add_webhook(owner, keys, receiver.url)
        await happen(sessions)
        for number in range(TRIES + 1):
            async with relay_of(sessions, keys) as relay:  # a new one rests from nothing
                with clock.fixed_at(now + timedelta(days=2 * number)):
                    await go(relay)
    (delivery,) = await deliveries(sessions)
    assert (len(receiver.received), delivery.attempts) == (TRIES, TRIES)
    assert (delivery.state, delivery.status, delivery.answer) == (DeliveryState.DEAD, 500, "oops")
    assert len({one.event["id"] for one in receiver.received}) == 1


async def test_a_receiver_that_does_not_answer_delays_no_other(
    sessions: SessionFactory, owner: SessionFactory, keys: KeyRing
) -> None:
    async with receiving(pause=60) as silent, receiving() as brisk, relay_of(sessions, keys) as relay:
        await add_webhook(owner, keys, silent.url)
        await add_webhook(owner, keys, brisk.url)
        for number in range(3):
            await happen(sessions, free=number)

            async def received(before: int = number) -> bool:
                await relay.turn()
                return len(brisk.received) > before

            await until(received)
        assert [one.event["data"]["free"] for one in brisk.received] == [0, 1, 2]
        assert len(silent.received) == 1  # it has one call at a time


async def test_a_relay_killed_between_sending_and_its_mark_sends_again_and_loses_nothing(
    sessions: SessionFactory, owner: SessionFactory, keys: KeyRing, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with receiving() as receiver:
        await add_webhook(owner, keys, receiver.url)
        await happen(sessions)
        async with relay_of(sessions, keys) as relay:
            with monkeypatch.context() as patched:
                patched.setattr(Relay, "_note", killed)
                await go(relay)
        assert [one.state for one in await deliveries(sessions)] == [DeliveryState.WAITING]
        async with relay_of(sessions, keys) as relay:
            await go(relay)
            await go(relay)
    assert [one.state for one in await deliveries(sessions)] == [DeliveryState.DELIVERED]
    assert len(receiver.received) == 2
    assert receiver.received[0].body == receiver.received[1].body


async def killed(*_arguments: object, **_options: object) -> None:
    raise asyncio.CancelledError


async def test_a_second_relay_does_nothing_while_the_lease_holds_and_takes_over_after_it(
    sessions: SessionFactory, keys: KeyRing
) -> None:
    async with relay_of(sessions, keys) as first, relay_of(sessions, keys) as second:
        assert await first.turn() is not None
        await happen(sessions)
        assert await second.turn() is None
        assert [event.relayed_at for event in await published(sessions)] == [None]
        with clock.fixed_at(clock.now() + LEASE_LIFE):
            taken = await second.turn()
            assert taken is not None
            assert taken.relayed == 1
            assert await first.turn() is None


async def test_an_older_transaction_that_is_still_open_delays_nobody_and_is_not_passed_over(
    database: Database, sessions: SessionFactory, keys: KeyRing
) -> None:
    with consuming(Recording()):
        async with (
            sessions_of(database.bank_url) as bank,
            bank() as long,
            relay_of(sessions, keys) as relay,
        ):
            await publish(long, RightBackInStock(free=1), subject_id=(await happen(bank, free=2)))
            await relay.turn()
            assert len(await applied(sessions)) == 1
            await long.commit()
            await relay.turn()
    assert len(await applied(sessions)) == 2


async def test_while_a_webhook_rests_its_other_deliveries_keep_their_tries(
    sessions: SessionFactory, owner: SessionFactory, keys: KeyRing, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sending, "SECONDS", 0.5)
    async with receiving(answer=BAD) as receiver, relay_of(sessions, keys) as relay:
        await add_webhook(owner, keys, receiver.url)
        for _ in range(3):
            await happen(sessions)
        await go(relay)
        await go(relay)
    assert sorted(one.attempts for one in await deliveries(sessions)) == [0, 0, 1]
    assert len(receiver.received) == 1


async def test_two_relays_at_once_apply_an_event_once(
    sessions: SessionFactory, keys: KeyRing, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A lease that lapsed while its holder was at work: the other finds the delivery ended, and passes it over."""
    await happen(sessions)
    with consuming(Recording()):
        async with relay_of(sessions, keys) as first, relay_of(sessions, keys) as second:
            stale = repository.due_for_consumers
            seen: list[EventDelivery] = []

            async def as_seen_before(session: AsyncSession, **wanted: Any) -> list[EventDelivery]:
                seen.extend(await stale(session, **wanted))
                return seen

            monkeypatch.setattr(repository, "due_for_consumers", as_seen_before)
            await first.turn()
            with clock.fixed_at(clock.now() + LEASE_LIFE):
                await second.turn()
    assert len(seen) == 1
    assert len(await applied(sessions)) == 1
