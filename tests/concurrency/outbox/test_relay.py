"""Sixteen write at once and commit when they like: the relay hands on every event, and none twice (T-OUT-1)."""

import asyncio
import os
import random
import signal
import sys
from collections import Counter
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import text

from guibin.core.database import SessionFactory
from guibin.core.ids import new_id
from guibin.outbox.events import EventName, RightBackInStock
from guibin.outbox.relay import Relay
from guibin.outbox.repository import read_backlog
from guibin.outbox.service import publish
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
from support.receivers import Receiver, receiving

WRITERS = 16

PATIENCE_SECONDS = 600
"""A killed relay's last message may have failed on its way; the next try is a minute later."""

LOOKS_UNTIL_ASKED = 20


async def write(sessions: SessionFactory, dice: random.Random, events: int) -> list[UUID]:
    """Publish in transactions of one to three; one in five is rolled back. Returns what was committed."""
    committed: list[UUID] = []
    left = events
    while left > 0:
        ids = [new_id() for _ in range(min(left, dice.randint(1, 3)))]
        async with sessions() as session:
            for right_id in ids:
                await publish(session, RightBackInStock(free=1), subject_id=right_id)
                await asyncio.sleep(dice.random() * 0.004)
            if dice.random() < 0.2:
                await session.rollback()
                continue
            await session.commit()
        committed += ids
        left -= len(ids)
    return committed


async def go_round(relay: Relay, done: asyncio.Event) -> tuple[int, int]:
    """Go round until the writers are done and nothing is left; returns turns with the lease and turns without it."""
    turns: Counter[bool] = Counter()
    while True:
        finished = done.is_set()
        turn = await relay.turn()
        turns[turn is not None] += 1
        if finished and (turn is None or (turn.relayed, turn.applied) == (0, 0)):
            await relay.landed()
            return turns[True], turns[False]
        await asyncio.sleep(0.01 if turn else 0.05)


@pytest.mark.parametrize("events", [8, pytest.param(313, marks=pytest.mark.merge)])
async def test_every_committed_event_is_handed_on_and_applied_once(
    database: Database, tmp_path: Path, events: int
) -> None:
    keys, dice = KeyRing.create(tmp_path / "keys.json"), random.Random(events)
    async with sessions_of(database.owner_url, pool_size=1) as owner:
        await let_consumers_write(owner)
    async with (
        sessions_of(database.customer_url, pool_size=WRITERS) as writing,
        sessions_of(database.worker_url, pool_size=8) as relaying,
        relay_of(relaying, keys) as first,
        relay_of(relaying, keys) as second,
    ):
        with consuming(Recording("one"), Recording("two")):
            assert await first.turn() is not None
            done = asyncio.Event()
            rounds = [asyncio.create_task(go_round(relay, done)) for relay in (first, second)]
            written = await asyncio.gather(
                *(write(writing, random.Random(dice.random()), events) for _ in range(WRITERS))
            )
            done.set()
            turns = await asyncio.gather(*rounds)
        rows, found = await published(relaying), await applied(relaying)
    committed = [right_id for ids in written for right_id in ids]
    assert len(committed) == WRITERS * events
    assert sorted(row.owner_id for row in rows) == sorted(committed)
    assert all(row.relayed_at for row in rows)
    assert Counter(found) == Counter({(row.id, name): 1 for row in rows for name in ("one", "two")})
    assert turns[1][0] == 0, "the second relay works while the first has the lease"
    assert turns[1][1] > 0


@pytest.mark.merge
async def test_a_relay_that_is_killed_again_and_again_loses_nothing(database: Database, tmp_path: Path) -> None:
    """A process with the relay is killed (SIGKILL) while it sends; what it did not mark comes again."""
    keys_file = tmp_path / "keys.json"
    keys, dice = KeyRing.create(keys_file), random.Random(7)
    async with (
        sessions_of(database.owner_url, pool_size=2) as owner,
        receiving(pause=0.004) as receiver,
    ):
        await add_webhook(owner, keys, receiver.url, [EventName.RIGHT_BACK_IN_STOCK])
        for _ in range(120):
            await happen(owner)
        kills = 0
        async with asyncio.timeout(PATIENCE_SECONDS):
            while await waiting(owner):
                relay = await start(database, keys_file)
                await until_more_came(receiver, len(receiver.received) + dice.randint(10, 40), owner, relay)
                os.kill(relay.pid, signal.SIGKILL)
                await relay.wait()
                kills += 1
                await let_lease_lapse(owner)
        rows, sent = await published(owner), await deliveries(owner)
    got = Counter(received.event["id"] for received in receiver.received)
    assert kills >= 2
    assert len(got) == len(rows) == 120
    assert {delivery.state for delivery in sent} == {"delivered"}


async def waiting(owner: SessionFactory) -> int:
    """Count what is not sent yet, or not marked as sent."""
    async with owner() as session:
        return (await read_backlog(session)).waiting


async def until_more_came(
    receiver: Receiver, count: int, owner: SessionFactory, relay: asyncio.subprocess.Process
) -> None:
    """Wait until so many messages came or nothing waits any more, however long a busy machine takes for it."""
    looks = 0
    while len(receiver.received) < count:
        assert relay.returncode is None, "the relay ended by itself"
        await asyncio.sleep(0.01)
        looks += 1
        if looks % LOOKS_UNTIL_ASKED == 0 and not await waiting(owner):
            return


async def let_lease_lapse(owner: SessionFactory) -> None:
    """Let the lease of a dead relay be over, which takes a while by itself."""
    async with owner.begin() as session:
        await session.execute(text("UPDATE lease SET expires_at = now()"))


RELAY = """
import asyncio, sys
from bank_api.relaying import relay_events
from guibin.core.database import make_engine, make_session_factory
from guibin.core.settings import Settings
from guibin.web.metrics import WorkerMetrics

async def main(url, keys):
    sessions = make_session_factory(make_engine(url, pool_size=5, application="guibin-tests"))
    await relay_events(Settings(keys_file=keys), sessions, WorkerMetrics())

asyncio.run(main(*sys.argv[1:]))
"""


async def start(database: Database, keys_file: Path) -> asyncio.subprocess.Process:
    """Start the worker's relay in a process of its own."""
    return await asyncio.create_subprocess_exec(sys.executable, "-c", RELAY, database.worker_url, str(keys_file))
