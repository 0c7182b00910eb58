"""The nightly reconciliation finds every planted fault with its row, and nothing on a clean ledger (T-REC-1)."""

from collections.abc import AsyncIterator
from datetime import timedelta
from itertools import cycle, islice
from typing import Final
from uuid import UUID

import asyncpg
import pytest
from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.core import clock
from guibin.core.database import SessionFactory
from guibin.core.ids import to_public
from guibin.holdings.models import EventType
from guibin.points import service
from guibin.points.models import EntryKind
from guibin.runs.steps import STEPS
from support.databases import Database
from support.points import ACTOR, DAY, NOON, add_customers, event_rows, let_owner_post, post_points, sessions_of

NEXT_NOON: Final = NOON + timedelta(days=1)
RECONCILE: Final = next(step.run for step in STEPS if step.name == "reconcile")
CLOSE: Final = next(step.run for step in STEPS if step.name == "close")


_COPY = (
    "INSERT INTO points_entry (customer_id, id, wallet, seq, kind, points, debt_change, pending_change, contra,"
    " balance_after, reason_zh, reason_en, source_kind, source_id, actor_id, posted_at, posted_on)"
    " SELECT customer_id, gen_random_uuid(), wallet, {seq}, kind, points, debt_change, pending_change, contra,"
    " {after}, reason_zh, reason_en, source_kind, source_id || '-twice', actor_id, posted_at, posted_on"
    " FROM points_entry WHERE customer_id = :id AND kind = 'earn'"
)
_OF = "WHERE customer_id = :id AND wallet = 'reward'"
FAULTS: Final = {
    "an entry that is missing": f"DELETE FROM points_entry {_OF} AND kind = 'earn'",
    "the last entry that is missing": f"DELETE FROM points_entry {_OF} AND kind = 'order'",
    "an entry that stands twice": _COPY.format(seq=9, after="balance_after"),
    "an entry that was altered": f"UPDATE points_entry SET points = points - 1 {_OF} AND seq = 1",
    "an entry that pays debt": f"UPDATE points_entry SET debt_change = -1 {_OF} AND kind = 'earn'",
    "a balance that was altered": f"UPDATE points_account SET balance = balance + 1 {_OF}",
    "a debt that nobody made": f"UPDATE points_account SET debt = 5 {_OF}",
    "points that nobody holds": f"UPDATE points_account SET held = held + 1 {_OF}",
    "pending points that nobody granted": f"UPDATE points_account SET pending = pending + 3 {_OF}",
    "an account that is missing": f"DELETE FROM points_account {_OF}",
    "a lot that is missing": (
        f"DELETE FROM points_lot {_OF} AND entry_id IN (SELECT id FROM points_entry {_OF} AND seq = 1)"
    ),
    "a lot that stands twice": (
        "INSERT INTO points_lot SELECT (jsonb_populate_record(l, jsonb_build_object('id', gen_random_uuid()))).*"
        f" FROM points_lot l {_OF} AND remaining > 0 LIMIT 1"
    ),
    "a lot that holds more": f"UPDATE points_lot SET remaining = remaining - 1 {_OF} AND remaining > 1",
    "a use that is missing": "DELETE FROM points_lot_use WHERE customer_id = :id",
    "a use that was altered": "UPDATE points_lot_use SET points = points + 1 WHERE customer_id = :id",
    "a hold that is missing": "DELETE FROM points_hold_lot WHERE customer_id = :id",
    "an event that is not marked": "UPDATE business_event SET state = 'nothing' WHERE customer_id = :id",
    "an event that is missing": "DELETE FROM business_event WHERE customer_id = :id",
    "an entry for a redemption that there is not": f"UPDATE points_entry SET kind = 'redeem' {_OF} AND kind = 'order'",
}
FROZEN: Final = {
    "a cost that was altered": f"UPDATE points_lot SET cost_fen = cost_fen + 1 {_OF}",
    "a last day that was altered": f"UPDATE points_lot SET expires_on = expires_on + 1 {_OF}",
    "a kind that was altered": f"UPDATE points_entry SET kind = 'opening' {_OF} AND kind = 'earn'",
    "a time that was altered": f"UPDATE points_entry SET posted_at = posted_at + interval '1 s' {_OF} AND seq = 1",
    "a total that was altered": "UPDATE points_day_total SET cost_fen = cost_fen + 1 WHERE kind = 'earn'",
    "a control total that was altered": "UPDATE points_day SET entries = entries - 1",
}
"""What only a closed day can tell: what was altered hangs together, and is not what the day was closed with."""


@pytest.fixture
async def bank(database: Database) -> AsyncIterator[SessionFactory]:
    """Open the ledger as its owner, who arranges."""
    async with sessions_of(database.owner_url, pool_size=1) as factory:
        async with factory() as session:
            await let_owner_post(session)
            await session.commit()
        yield factory


async def furnish(factory: SessionFactory, count: int) -> list[UUID]:
    """Add customers with an event, credits, a hold and a debit on a day that is closed then."""
    async with factory() as session:
        ids = await add_customers(session, count)
        for customer_id in ids:
            session.add_all(event_rows(customer_id, EventType.SALARY, reference=f"salary-{customer_id}"))
        await session.flush()
        with clock.fixed_at(NOON):
            await service.earn_pending(session, limit=count)
        for customer_id in ids:
            await post_points(session, customer_id, EntryKind.ADJUST_CREDIT, 100)
            await _hold(session, customer_id)
            await post_points(session, customer_id, EntryKind.ORDER, 130)
        with clock.fixed_at(NEXT_NOON):
            await CLOSE(session, DAY)
        await session.commit()
    return ids


async def _hold(session: AsyncSession, customer_id: UUID) -> None:
    with clock.fixed_at(NOON):
        await service.hold(
            session,
            customer_id=customer_id,
            wallet="reward",
            points=20,
            expires_at=NEXT_NOON,
            reason_zh="测试",
            reason_en="test",
            source_kind="rule",
            source_id="hold",
            actor_id=ACTOR,
        )


async def keys_of(database: Database, customer_id: UUID) -> set[str]:
    """Return how the reconciliation may name something of a customer."""
    connection = await asyncpg.connect(database.admin_url)
    entries = await connection.fetch("SELECT id FROM points_entry WHERE customer_id = $1", customer_id)
    lots = await connection.fetch("SELECT id FROM points_lot WHERE customer_id = $1", customer_id)
    await connection.close()
    rows = {*(to_public("ent", row[0]) for row in entries), *(to_public("lot", row[0]) for row in lots)}
    return rows | {f"{to_public('cus', customer_id)}/reward", f"credit_card:salary-{customer_id}"}


async def plant(database: Database, sql: str, customer_id: UUID) -> None:
    """Do something as a superuser, past every foreign key."""
    connection = await asyncpg.connect(database.admin_url)
    await connection.execute("SET session_replication_role = replica")
    done = await connection.execute(sql.replace(":id", f"'{customer_id}'"))
    await connection.close()
    assert not done.endswith(" 0"), sql


async def found(database: Database) -> set[str]:
    """Reconcile as the worker does in the night, and return the keys of what it found."""
    async with sessions_of(database.worker_url, pool_size=1) as factory, factory() as session:
        with clock.fixed_at(NEXT_NOON):
            counts = await RECONCILE(session, DAY)
        kept = (await service.reconciliation(session, day=DAY)).faults
        await session.commit()
    assert counts["faults"] == len(kept)
    return {fault.key for fault in kept}


async def _find_all(database: Database, bank: SessionFactory, count: int) -> None:
    ids = await furnish(bank, count + 3)
    assert await found(database) == set()
    keys = {customer_id: await keys_of(database, customer_id) for customer_id in ids}
    planted = dict(zip(ids, islice(cycle(FAULTS.items()), count), strict=False))
    for customer_id, (_, sql) in planted.items():
        await plant(database, sql, customer_id)

    named = await found(database)

    missed = [name for customer_id, (name, _) in planted.items() if not keys[customer_id] & named]
    assert missed == []
    assert all(not keys[customer_id] & named for customer_id in ids[count:])


async def test_every_planted_fault_is_found_with_its_row_and_nothing_else(
    database: Database, bank: SessionFactory
) -> None:
    await _find_all(database, bank, len(FAULTS))


@pytest.mark.merge
async def test_two_hundred_planted_faults_are_all_found(database: Database, bank: SessionFactory) -> None:
    await _find_all(database, bank, 200)


@pytest.mark.merge
async def test_what_was_altered_in_a_closed_day_is_found_although_it_hangs_together(
    database: Database, bank: SessionFactory
) -> None:
    ids = await furnish(bank, 1)
    for name, sql in FROZEN.items():
        async with bank() as session:
            before = await _snapshot(session)
        await plant(database, sql, ids[0])
        assert f"day_{DAY}" in await found(database), name
        await _restore(database, before)
        assert await found(database) == set(), name


TABLES: Final = ("points_entry", "points_lot", "points_day", "points_day_total")


async def _snapshot(session: AsyncSession) -> dict[str, str]:
    connection = await session.connection()
    rows = {}
    for table in TABLES:
        result = await connection.exec_driver_sql(f"SELECT jsonb_agg(to_jsonb(t))::text FROM {table} t")
        rows[table] = result.scalar_one()
    return rows


async def _restore(database: Database, before: dict[str, str]) -> None:
    connection = await asyncpg.connect(database.admin_url)
    await connection.execute("SET session_replication_role = replica")
    for table, rows in before.items():
        await connection.execute(f"DELETE FROM {table}")
        await connection.execute(
            f"INSERT INTO {table} SELECT * FROM jsonb_populate_recordset(NULL::{table}, $1::jsonb)",
            rows,
        )
    await connection.close()


async def test_a_reconciliation_that_finds_the_same_again_is_kept_once(
    database: Database, bank: SessionFactory
) -> None:
    (customer_id,) = await furnish(bank, 1)
    for _ in range(2):
        await found(database)
    await plant(database, FAULTS["a balance that was altered"], customer_id)
    for _ in range(2):
        await found(database)

    async with bank() as session:
        rows = await session.execute(text("SELECT attempt, faults > 0 FROM points_reconciliation ORDER BY attempt"))
    assert [tuple(row) for row in rows] == [(1, False), (2, True)]
