"""G10: the night's evaluation of tiers over a month of daily balances, against one statement written by hand for it.

Both read the balances as they are kept, give everybody a tier by the month's average, and write standings and history;
each run is rolled back. By hand there is one scheme, no unknown balance, no transition, no day of opening; the tables
have the same indexes, checks and foreign keys.
"""

import asyncio
import time
from datetime import date

import typer
from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.tiers.service import evaluate
from guibin_tools.benchmarks.machine import describe_machine, fresh_database
from guibin_tools.benchmarks.rounds import Sample, Samples, interleaved, ratio, show
from guibin_tools.roles import Role
from guibin_tools.seeding import seed_database
from guibin_tools.sessions import sessions_as
from guibin_tools.settings import OperatorSettings

ROUNDS = 5
DAY = date(2026, 10, 31)

GOAL, FLOOR = 1.2, 1.5

_BOOK = (
    "INSERT INTO branch (id, code, kind, name_zh, name_en) VALUES (gen_random_uuid(), 'bench', 'branch', '行', 'B')",
    (
        "INSERT INTO product (code, line, product_class, side, name_zh, name_en, weight_percent)"
        " VALUES ('bench', 'personal_finance', 'deposits', 'asset', '存款', 'Deposit', 100)"
    ),
    (
        "INSERT INTO customer (id, branch_id, party_type, status, gender, leading_line, created_at)"
        " SELECT gen_random_uuid(), (SELECT id FROM branch WHERE code = 'bench'), 'person', 'active', 'U',"
        " 'personal_finance', now() FROM generate_series(1, {customers})"
    ),
    (
        "INSERT INTO holding (customer_id, id, line, holding_ref, last4, record_ref, product_code, side, opened_on,"
        " status, as_of, feed_file_id) SELECT id, id, 'personal_finance', uuid_send(id), '0000', 'r', 'bench', 'asset',"
        " DATE '2025-01-01', 'active', DATE '2026-10-31', id FROM customer"
    ),
    (
        "INSERT INTO holding_balance (customer_id, holding_id, day, balance_fen) SELECT h.customer_id, h.id,"
        " DATE '2026-10-01' + d, (1500000000 * random() * random() * random())::bigint FROM holding h"
        " CROSS JOIN generate_series(0, 30) AS d ORDER BY h.customer_id, d"
    ),
    "INSERT INTO line_day (line, day, arrived_at) VALUES ('personal_finance', DATE '2026-10-31', now())",
    "CREATE TABLE bench_standing (LIKE tier_standing INCLUDING ALL)",
    "CREATE TABLE bench_history (LIKE tier_history INCLUDING ALL)",
    (
        "DO $$ DECLARE one record; BEGIN FOR one IN SELECT replace(conrelid::regclass::text, 'tier', 'bench') AS book,"
        " pg_get_constraintdef(oid) AS definition FROM pg_constraint WHERE contype = 'f' AND conrelid IN"
        " ('tier_standing'::regclass, 'tier_history'::regclass)"
        " LOOP EXECUTE format('ALTER TABLE %I ADD %s', one.book, one.definition); END LOOP; END $$"
    ),
    "GRANT SELECT, INSERT ON bench_standing, bench_history TO guibin_worker",
    "VACUUM ANALYZE",
)
_BY_HAND = text(
    """
    WITH held AS (
      SELECT b.customer_id, b.balance_fen, greatest(b.day, DATE '2026-10-01') AS from_day,
             least(lead(b.day) OVER of_holding, DATE '2026-11-01') AS to_day
        FROM holding_balance b WHERE b.day <= DATE '2026-10-31'
      WINDOW of_holding AS (PARTITION BY b.customer_id, b.holding_id ORDER BY b.day)
    ), average AS (
      SELECT customer_id, round(sum(balance_fen * (to_day - from_day)) / 31)::bigint AS fen
        FROM held WHERE to_day > from_day GROUP BY customer_id
    ), given AS (
      SELECT a.customer_id, a.fen, CASE WHEN fen >= 1000000000 THEN 'T5' WHEN fen >= 600000000 THEN 'T4'
             WHEN fen >= 200000000 THEN 'T3' WHEN fen >= 100000000 THEN 'T2' WHEN fen >= 20000000 THEN 'T1'
             WHEN fen >= 5000000 THEN 'T0' END AS tier
        FROM average a JOIN customer c ON c.id = a.customer_id WHERE c.merged_into IS NULL AND c.erased_at IS NULL
    ), standing AS (
      INSERT INTO bench_standing (customer_id, period, below_before, tier_code, below_months, risen, verdict, earned,
             route, metric_fen, scheme_id, evaluated_on)
      SELECT customer_id, DATE '2026-10-31', 0, tier, 0, false, 'first', tier, 'assets', fen,
             (SELECT id FROM tier_scheme WHERE state = 'active'), DATE '2026-10-31' FROM given WHERE tier IS NOT NULL
      RETURNING customer_id, tier_code, metric_fen, scheme_id
    )
    INSERT INTO bench_history (customer_id, id, tier_code, effective_on, cause, metric_fen, metric_month, route,
           scheme_id, recorded_at)
    SELECT customer_id, gen_random_uuid(), tier_code, DATE '2026-11-01', 'first', metric_fen, DATE '2026-10-01',
           'assets', scheme_id, now() FROM standing
    """
)


def bench_tiers(customers: int) -> bool:
    """Print how long the evaluation takes beside the statement by hand; say whether it kept its floor."""
    with fresh_database() as settings:
        samples = asyncio.run(_measure(settings, customers))
    show(samples)
    found = 1 / ratio(samples, "evaluation", "by hand")
    typer.echo(
        f"tiers: {found:.2f} times as long as by hand, {customers:,} customers with {31 * customers:,} balances"
        f" (goal {GOAL}, floor {FLOOR}); {describe_machine()}"
    )
    return found <= FLOOR


async def _measure(settings: OperatorSettings, customers: int) -> Samples:
    await seed_database(settings)
    async with sessions_as(Role.OWNER, settings) as factory, factory() as session:
        connection = await session.connection(execution_options={"isolation_level": "AUTOCOMMIT"})
        for statement in _BOOK:
            await connection.execute(text(statement.format(customers=customers)))
    async with sessions_as(Role.WORKER, settings) as factory:

        async def evaluation(_seconds: float) -> Sample:
            async with factory() as session:
                return await _timed(session, customers, by_hand=False)

        async def by_hand(_seconds: float) -> Sample:
            async with factory() as session:
                return await _timed(session, customers, by_hand=True)

        return await interleaved({"evaluation": evaluation, "by hand": by_hand}, rounds=ROUNDS)


async def _timed(session: AsyncSession, customers: int, *, by_hand: bool) -> Sample:
    """Run one side and undo it; the rate is in customers a second."""
    began = time.monotonic()
    if by_hand:
        await session.execute(_BY_HAND)
    else:
        await evaluate(session, day=DAY)
    took = time.monotonic() - began
    await session.rollback()
    return Sample(customers / took)
