"""The restore drill (T-CHAOS-7): a base backup taken under load, and the log, give the ledger of an instant."""

import asyncio
import time
from datetime import datetime
from pathlib import Path
from random import Random
from uuid import UUID

import asyncpg
import pytest
from chaos.backup import archive, back_up, close_log, restore
from chaos.bank import Bank, open_bank

from guibin.core import clock
from guibin.core.database import SessionFactory
from guibin.core.ids import new_id
from guibin.points import repository
from guibin.points.models import EntryKind, SourceKind
from guibin.points.repository import Movement
from guibin_tools.databases import embedded_urls
from guibin_tools.ledger import check_ledger
from support.points import ACTOR, post_points, sessions_of

AT_ONCE, CUSTOMERS = 2_000, 500
LONGEST_SECONDS = 600

Model = dict[UUID, tuple[int, int]]
"""Of each customer the balance and the number of entries."""

ACCOUNTS = "SELECT customer_id, balance, version FROM points_account WHERE wallet = 'reward'"


class Posting:
    """Posts credits in batches, as the night does, and corrections between them, and says what there must be."""

    def __init__(self, customers: list[UUID], worker: SessionFactory, bank: SessionFactory) -> None:
        self.customers, self.worker, self.bank = customers, worker, bank
        self.dice = Random(7)
        self.model: Model = dict.fromkeys(customers, (0, 0))
        self.entries = 0

    async def turn(self) -> None:
        """Post one batch and one correction, each in a transaction."""
        batch = self._credits()
        async with self.worker() as session:
            await repository.post_batch(session, batch)
            await session.commit()
        for one in batch:
            self._note(one.customer, one.points or 0)
        least = self.dice.choice(self.customers)
        if (points := min(self.model[least][0], 30)) > 0:
            async with self.bank() as session:
                await post_points(session, least, EntryKind.ADJUST_DEBIT, points, at=clock.now())
                await session.commit()
            self._note(least, -points)

    async def until(self, entries: int) -> None:
        """Post until there are so many entries."""
        while self.entries < entries:
            await self.turn()

    def _note(self, customer: UUID, points: int) -> None:
        balance, version = self.model[customer]
        self.model[customer] = (balance + points, version + 1)
        self.entries += 1

    def _credits(self) -> list[Movement]:
        now = clock.now()
        return [
            Movement(
                customer=customer,
                wallet="reward",
                kind=EntryKind.EARN,
                points=self.dice.randint(1, 40),
                entry=new_id(),
                lot=new_id(),
                expires_on=None,
                reason_zh="测试",
                reason_en="test",
                source_kind=SourceKind.RUN,
                source_id=str(new_id()),
                actor=ACTOR,
                at=now,
                day=clock.business_day(now),
            )
            for customer in sorted(self.dice.choices(self.customers, k=AT_ONCE))
        ]


async def drill(bank: Bank, folder: Path, entries: int) -> float:
    """Lose a server with so many entries and restore it as it was before the last of them; returns the seconds."""
    customers = sorted([await bank.house.add_customer() for _ in range(CUSTOMERS)])
    kept = await archive(bank.cluster, bank.pg_port, folder)
    async with sessions_of(bank.urls.worker) as worker, sessions_of(bank.urls.bank) as port:
        posting = Posting(customers, worker, port)
        await posting.until(entries // 2)
        backing = asyncio.create_task(back_up(bank.cluster, bank.pg_port, kept))
        while not backing.done():
            await posting.turn()
        await backing
        await posting.until(entries)
        instant, model = await _now(bank), dict(posting.model)
        await posting.until(posting.entries + AT_ONCE)
        await close_log(bank.cluster, bank.pg_port)
    await bank.house.sessions.kw["bind"].dispose()
    await asyncio.to_thread(bank.cluster.stop)

    began = time.monotonic()
    cluster, found_port = await restore(bank.cluster, kept, until=instant)
    try:
        seconds = time.monotonic() - began
        urls = embedded_urls(cluster, found_port)
        assert await check_ledger(bank.settings.model_copy(update=urls.fields)) == []
        assert await _accounts(cluster.superuser_url(found_port, urls.owner.rpartition("/")[2])) == model
        assert posting.model != model
    finally:
        cluster.remove()
    return seconds


async def _now(bank: Bank) -> datetime:
    """Return the server's time between two transactions."""
    await asyncio.sleep(0.05)
    connection = await asyncpg.connect(bank.admin_url)
    try:
        now: datetime = await connection.fetchval("SELECT clock_timestamp()")
    finally:
        await connection.close()
    await asyncio.sleep(0.05)
    return now


async def _accounts(url: str) -> Model:
    connection = await asyncpg.connect(url)
    try:
        rows = await connection.fetch(ACCOUNTS)
    finally:
        await connection.close()
    return {UUID(str(row["customer_id"])): (row["balance"], row["version"]) for row in rows}


@pytest.mark.parametrize(
    "entries",
    [pytest.param(20_000, marks=pytest.mark.merge), pytest.param(1_000_000, marks=pytest.mark.nightly)],
)
async def test_a_backup_and_its_log_give_the_ledger_as_it_was_at_an_instant(entries: int) -> None:
    async with open_bank() as bank:
        folder = bank.settings.state_dir.parent / "archive"
        seconds = await drill(bank, folder, entries)
    assert seconds < LONGEST_SECONDS
