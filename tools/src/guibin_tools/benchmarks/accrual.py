"""Earning in bulk: `points_post_batch` with lots and balances, against INSERT ... SELECT of as many plain rows.

In rounds: its part in the ledger alone, for which the events stand in a table already, and what is posted is what the
night posts, in its batches; by throughput and by the processor time of the one backend that does it. Then G7 as it
is meant, once: 1,000,000 events that come in a file, from its first line to the last batch committed, against as many
plain rows. No floor is held for either.
"""

import asyncio
import tempfile
import time
from collections.abc import Awaitable
from pathlib import Path

import asyncpg
import typer

from guibin.core import clock
from guibin.points.service.earning import MOST_AT_ONCE
from guibin_tools.benchmarks.machine import describe_machine, fresh_database
from guibin_tools.benchmarks.processor import cpu_us
from guibin_tools.benchmarks.rounds import Sample, Samples, cpu_ratio, interleaved, ratio, show
from guibin_tools.benchmarks.shop import add_customers
from guibin_tools.databases import given_urls
from guibin_tools.errors import OperatorError
from guibin_tools.roles import Role, driver_url
from guibin_tools.seeding import seed_database
from guibin_tools.sessions import sessions_as
from guibin_tools.settings import OperatorSettings

CUSTOMERS = 10_000
EVENTS = 40_000
"""Of one round."""

MILLION = 1_000_000
"""Of the file."""

GOAL, FLOOR = 0.30, 0.15

_TABLES = """
    CREATE TABLE bench_customer AS SELECT id, row_number() OVER (ORDER BY id) AS n FROM customer;
    CREATE TABLE bench_event (customer_id uuid, id uuid, lot uuid, source text, n bigint PRIMARY KEY);
    CREATE UNLOGGED TABLE bench_line (customer_id uuid, source text);
    CREATE TABLE bench_plain (customer_id uuid, id uuid, lot uuid, source text, wallet text, points bigint,
      expires_on date, reason_zh text, reason_en text, posted_at timestamptz, PRIMARY KEY (customer_id, id));
    GRANT SELECT ON bench_event TO guibin_worker;
"""
_EVENTS = """
    INSERT INTO bench_event
    SELECT customer_id, gen_random_uuid(), gen_random_uuid(), source, row_number() OVER (ORDER BY customer_id, source)
      FROM (SELECT c.id AS customer_id, 'bench:' || $2 || ':' || e AS source
              FROM generate_series(1, $1) AS e JOIN bench_customer c ON c.n = 1 + e % $3) AS drawn
"""
_LINES = """
    SELECT c.id, 'line:' || e FROM generate_series(1, $1::int) AS e JOIN bench_customer c ON c.n = 1 + e % $2::int
"""
_STAGED = """
    INSERT INTO bench_event
    SELECT customer_id, gen_random_uuid(), gen_random_uuid(), source, row_number() OVER (ORDER BY customer_id, source)
      FROM (SELECT DISTINCT ON (source) customer_id, source FROM bench_line ORDER BY source) AS once
"""
_PLAIN = """
    INSERT INTO bench_plain
    SELECT customer_id, id, lot, source, 'reward', 20, DATE '2099-12-31', '刷卡消费', 'Card spending', now()
      FROM bench_event
"""
_BATCH = """
    SELECT count(*) FROM (
      SELECT array_agg(customer_id ORDER BY n) AS customers, array_agg('reward'::text ORDER BY n) AS wallets,
             array_agg(20::bigint ORDER BY n) AS points, array_agg(id ORDER BY n) AS entries,
             array_agg(lot ORDER BY n) AS lots, array_agg(DATE '2099-12-31' ORDER BY n) AS expires,
             array_agg(NULL::date ORDER BY n) AS pending, array_agg('刷卡消费'::text ORDER BY n) AS zh,
             array_agg('Card spending'::text ORDER BY n) AS en, array_agg(source ORDER BY n) AS sources
        FROM bench_event WHERE n > $1 AND n <= $2) AS b
     CROSS JOIN LATERAL points_post_batch(b.customers, b.wallets, 'earn', b.points, b.entries, b.lots, b.expires,
       b.pending, b.zh, b.en, 'event', b.sources, $3, $4, $5) AS p WHERE p.outcome = 'posted'
"""


def bench_accrual() -> bool:
    """Print how many events a second become entries, lots and balances, beside plain rows."""
    with fresh_database() as settings, tempfile.TemporaryDirectory(prefix="guibin-bench-") as folder:
        asyncio.run(_prepare(settings))
        samples, (million, plain) = asyncio.run(_measure(settings, Path(folder) / "events"))
    show(samples)
    found, by_cpu = (
        ratio(samples, "points_post_batch", "plain rows"),
        cpu_ratio(samples, "plain rows", "points_post_batch"),
    )
    typer.echo(
        f"accrual: {found:.1%} of INSERT ... SELECT, by processor time {by_cpu:.1%}, indexes kept"
        f" (goal {GOAL:.0%}, floor {FLOOR:.0%} of G7)"
    )
    typer.echo(
        f"accrual: {MILLION:,} events of a file in {million:.0f} s, as many plain rows in {plain:.1f} s:"
        f" {plain / million:.1%}, indexes kept"
    )
    typer.echo(f"accrual: no floor is held; {describe_machine()}")
    return True


async def _prepare(settings: OperatorSettings) -> None:
    await seed_database(settings)
    async with sessions_as(Role.OWNER, settings) as factory, factory() as session:
        await add_customers(session, settings, CUSTOMERS)
        await session.commit()


async def _measure(settings: OperatorSettings, file: Path) -> tuple[Samples, tuple[float, float]]:
    """Return the rounds, and the seconds of the file and of its plain rows."""
    urls = given_urls(settings)
    owner, worker = await asyncpg.connect(driver_url(urls.owner)), await asyncpg.connect(driver_url(urls.worker))
    try:
        await owner.execute(_TABLES)
        return await _in_rounds(owner, worker), await _of_a_file(owner, worker, file)
    finally:
        await owner.close()
        await worker.close()


async def _in_rounds(owner: asyncpg.Connection, worker: asyncpg.Connection) -> Samples:
    """Let both take the same events in turn: new ones in every round, with figures of the tables as a day later."""
    rounds = 0

    async def draw() -> None:
        nonlocal rounds
        rounds += 1
        await owner.execute("TRUNCATE bench_event")
        await owner.execute(_EVENTS, EVENTS, str(rounds), CUSTOMERS)
        await owner.execute("ANALYZE bench_event, points_entry, points_lot, points_account")

    async def batches(_seconds: float) -> Sample:
        await draw()
        return await _timed(worker, _post(worker, EVENTS))

    async def plain(_seconds: float) -> Sample:
        await draw()
        return await _timed(owner, owner.execute(_PLAIN))

    return await interleaved({"points_post_batch": batches, "plain rows": plain})


async def _timed(connection: asyncpg.Connection, work: Awaitable[object]) -> Sample:
    """Let one backend do the events of a round."""
    backend = await connection.fetchval("SELECT pg_backend_pid()")
    before, began = cpu_us(backend), time.monotonic()
    await work
    return Sample(EVENTS / (time.monotonic() - began), 0.0, (cpu_us(backend) - before) / EVENTS)


async def _of_a_file(owner: asyncpg.Connection, worker: asyncpg.Connection, file: Path) -> tuple[float, float]:
    """Take a file with a million events: stage, de-duplicate, sort by customer, post; then the same as plain rows."""
    await owner.execute("TRUNCATE bench_event")
    await owner.copy_from_query(_LINES, MILLION, CUSTOMERS, output=file)
    began = time.monotonic()
    await owner.copy_to_table("bench_line", source=file)
    await owner.execute(_STAGED)
    posted = await _post(worker, MILLION)
    million = time.monotonic() - began
    if posted != MILLION:
        raise OperatorError(f"of {MILLION} events {posted} were posted")
    await owner.execute("TRUNCATE bench_plain")
    began = time.monotonic()
    await owner.execute(_PLAIN)
    return million, time.monotonic() - began


async def _post(worker: asyncpg.Connection, events: int) -> int:
    """Post what stands in the table in the batches of the night; returns how many were posted."""
    posted, now = 0, clock.now()
    for start in range(0, events, MOST_AT_ONCE):
        actor = await worker.fetchval("SELECT gen_random_uuid()")
        posted += await worker.fetchval(_BATCH, start, start + MOST_AT_ONCE, actor, now, clock.business_day(now))
    return posted
