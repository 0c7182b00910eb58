"""Sixteen write at once and commit when they like: the sealer takes each row once and leaves none out (T-OUT-1)."""

import asyncio
import random

import pytest
from sqlalchemy import text

from guibin.audit.sealing import seal
from guibin.audit.service import record
from guibin.audit.verification import verify
from guibin.core.database import SessionFactory
from guibin.security.actors import NIGHTLY_JOB
from support.databases import Database
from support.points import sessions_of
from support.sealing import seal_all

WRITERS = 16


async def write(factory: SessionFactory, dice: random.Random, rows: int) -> int:
    """Write rows in transactions of one to three; one in five is rolled back. Returns how many were committed."""
    committed = 0
    while rows > 0:
        count = min(rows, dice.randint(1, 3))
        rows -= count
        async with factory() as session:
            for _ in range(count):
                await record(session, actor=NIGHTLY_JOB, action="x", object_type="run", object_id="-")
                await asyncio.sleep(dice.random() * 0.004)
            if dice.random() < 0.2:
                await session.rollback()
                continue
            await session.commit()
            committed += count
    return committed


async def keep_sealing(factory: SessionFactory, done: asyncio.Event, dice: random.Random) -> None:
    while not done.is_set():
        async with factory() as session:
            await seal(session, limit=dice.randint(1, 40))
            await session.commit()
        await asyncio.sleep(dice.random() * 0.003)


@pytest.mark.parametrize("rows", [20, pytest.param(313, marks=pytest.mark.merge)])
async def test_every_row_is_sealed_once_and_none_is_skipped(database: Database, rows: int) -> None:
    dice = random.Random(rows)
    async with (
        sessions_of(database.bank_url, pool_size=WRITERS) as writing,
        sessions_of(database.worker_url, pool_size=3) as sealing,
    ):
        done = asyncio.Event()
        sealers = [asyncio.create_task(keep_sealing(sealing, done, random.Random(number))) for number in range(2)]
        written = await asyncio.gather(*(write(writing, random.Random(dice.random()), rows) for _ in range(WRITERS)))
        done.set()
        await asyncio.gather(*sealers)
        await seal_all(sealing)
        async with sealing() as session:
            verdict = await verify(session, [])
            counted = await session.execute(text("SELECT count(DISTINCT entry_id), count(*) FROM audit_seal"))
    assert (verdict.finding, verdict.waiting, verdict.sealed) == (None, 0, sum(written))
    assert tuple(counted.one()) == (sum(written), sum(written))
