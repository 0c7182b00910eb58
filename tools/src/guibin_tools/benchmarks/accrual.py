"""Earning in bulk: `points_post_batch` with lots and balances, against INSERT ... SELECT of as many plain rows.

G7 is of 1,000,000 events that come in a file. What is measured here is its part in the ledger: the events stand in a
table already, and what is posted is what the night posts, in its batches. No floor is held for it.
"""

import asyncio
import time

import asyncpg
import typer

from guibin.core import clock
from guibin.points.service.earning import MOST_AT_ONCE
from guibin_tools.benchmarks.machine import describe_machine, fresh_database
from guibin_tools.benchmarks.rounds import Sample, Samples, interleaved, ratio, show
from guibin_tools.benchmarks.shop import add_customers
from guibin_tools.databases import given_urls
from guibin_tools.roles import Role, driver_url
from guibin_tools.seeding import seed_database
from guibin_tools.sessions import sessions_as
from guibin_tools.settings import OperatorSettings

CUSTOMERS = 10_000
EVENTS = 40_000
"""Of one round."""

GOAL, FLOOR = 0.30, 0.15

_TABLES = """
    CREATE TABLE bench_customer AS SELECT id, row_number() OVER (ORDER BY id) AS n FROM customer;
    CREATE TABLE bench_event (customer_id uuid, id uuid, lot uuid, source text, n bigint);
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
    with fresh_database() as settings:
        asyncio.run(_prepare(settings))
        samples = asyncio.run(_measure(settings))
    show(samples)
    found = ratio(samples, "points_post_batch", "plain rows")
    typer.echo(f"accrual: {found:.0%} of INSERT ... SELECT, indexes kept (goal {GOAL:.0%}, floor {FLOOR:.0%} of G7)")
    typer.echo(f"accrual: without the file, so no floor is held; {describe_machine()}")
    return True


async def _prepare(settings: OperatorSettings) -> None:
    await seed_database(settings)
    async with sessions_as(Role.OWNER, settings) as factory, factory() as session:
        await add_customers(session, settings, CUSTOMERS)
        await session.commit()


async def _measure(settings: OperatorSettings) -> Samples:
    """Let both take the same events in turn: new ones in every round, with figures of the tables as a day later."""
    urls = given_urls(settings)
    owner, worker = await asyncpg.connect(driver_url(urls.owner)), await asyncpg.connect(driver_url(urls.worker))
    rounds = 0

    async def draw() -> None:
        nonlocal rounds
        rounds += 1
        await owner.execute("TRUNCATE bench_event")
        await owner.execute(_EVENTS, EVENTS, str(rounds), CUSTOMERS)
        await owner.execute("ANALYZE bench_event, points_entry, points_lot, points_account")

    async def batches(_seconds: float) -> Sample:
        await draw()
        began, posted, now = time.monotonic(), 0, clock.now()
        for start in range(0, EVENTS, MOST_AT_ONCE):
            actor = await worker.fetchval("SELECT gen_random_uuid()")
            posted += await worker.fetchval(_BATCH, start, start + MOST_AT_ONCE, actor, now, clock.business_day(now))
        return Sample(posted / (time.monotonic() - began))

    async def plain(_seconds: float) -> Sample:
        await draw()
        began = time.monotonic()
        await owner.execute(_PLAIN)
        return Sample(EVENTS / (time.monotonic() - began))

    await owner.execute(_TABLES)
    try:
        return await interleaved({"points_post_batch": batches, "plain rows": plain})
    finally:
        await owner.close()
        await worker.close()
