"""Many at once on one account: nothing is spent twice, nothing is lost, nobody waits for ever."""

import asyncio
from uuid import UUID

import pytest
from sqlmodel import select

from guibin.core import clock
from guibin.core.database import SessionFactory
from guibin.core.ids import new_id
from guibin.holdings.models import EventType
from guibin.points import service
from guibin.points.errors import InsufficientPoints
from guibin.points.invariants import check
from guibin.points.models import EntryKind, PointsAccount
from support.databases import Database
from support.points import DAY, NOON, commit_customers, commit_points, event_rows, post_points, sessions_of

AT_ONCE = 64


async def spend(factory: SessionFactory, customer_id: UUID, points: int, start: asyncio.Event) -> bool:
    await start.wait()
    async with factory() as session:
        try:
            await post_points(session, customer_id, EntryKind.REDEEM, points)
        except InsufficientPoints:
            return False
        await session.commit()
        return True


async def balance_of(database: Database, customer_id: UUID) -> int:
    async with sessions_of(database.bank_url, pool_size=1) as factory, factory() as session:
        assert await check(session) == []
        query = select(PointsAccount.balance).where(PointsAccount.customer_id == customer_id)
        return (await session.exec(query)).one()


async def test_of_64_parallel_spends_of_10_from_100_points_ten_succeed(database: Database) -> None:
    (customer_id,) = await commit_customers(database.owner_url)
    for _ in range(4):
        await commit_points(database, customer_id, 25)
    async with sessions_of(database.customer_url, pool_size=16) as factory:
        start = asyncio.Event()
        spends = [asyncio.create_task(spend(factory, customer_id, 10, start)) for _ in range(AT_ONCE)]
        start.set()
        results = await asyncio.gather(*spends)

    assert results.count(True) == 10
    assert await balance_of(database, customer_id) == 0


async def test_an_account_that_many_make_at_once_is_made_once(database: Database) -> None:
    (customer_id,) = await commit_customers(database.owner_url)

    async def earn(factory: SessionFactory) -> None:
        async with factory() as session:
            await post_points(session, customer_id, EntryKind.EARN, 1)
            await session.commit()

    async with sessions_of(database.bank_url, pool_size=16) as factory:
        await asyncio.gather(*(earn(factory) for _ in range(AT_ONCE)))

    assert await balance_of(database, customer_id) == AT_ONCE


async def test_one_source_that_many_post_at_once_posts_once(database: Database) -> None:
    (customer_id,) = await commit_customers(database.owner_url)

    async def earn(factory: SessionFactory) -> bool:
        async with factory() as session:
            posted = await post_points(session, customer_id, EntryKind.EARN, 7, source="the same")
            await session.commit()
            return posted.duplicate

    async with sessions_of(database.bank_url, pool_size=16) as factory:
        results = await asyncio.gather(*(earn(factory) for _ in range(AT_ONCE)))

    assert results.count(False) == 1
    assert await balance_of(database, customer_id) == 7


async def test_spending_expiring_and_adjusting_one_account_at_once_keeps_every_invariant(database: Database) -> None:
    (customer_id,) = await commit_customers(database.owner_url)
    await commit_points(database, customer_id, 300)
    await commit_points(database, customer_id, 50, expires_on=DAY)
    adjusted, expired = asyncio.Event(), NOON.replace(day=NOON.day + 1)

    async def adjust(factory: SessionFactory, kind: EntryKind) -> int:
        async with factory() as session:
            await post_points(session, customer_id, kind, 3, at=expired)
            await session.commit()
        return 3 if kind is EntryKind.ADJUST_CREDIT else -3

    async def expire(factory: SessionFactory) -> int:
        async with factory() as session:
            with clock.fixed_at(expired):
                counts = await service.expire(session, day=DAY)
            await session.commit()
        return -counts["points"]

    async with (
        sessions_of(database.customer_url, pool_size=8) as customers,
        sessions_of(database.bank_url, pool_size=4) as bank,
        sessions_of(database.worker_url, pool_size=4) as worker,
    ):
        adjusted.set()
        spends = [spend(customers, customer_id, 5, adjusted) for _ in range(20)]
        others = [adjust(bank, kind) for kind in (EntryKind.ADJUST_CREDIT, EntryKind.ADJUST_DEBIT) for _ in range(10)]
        others += [expire(worker) for _ in range(4)]
        moved, spent = await asyncio.gather(asyncio.gather(*others), asyncio.gather(*spends))

    assert all(spent)
    assert await balance_of(database, customer_id) == 350 + sum(moved) - 5 * len(spent)


@pytest.mark.merge
async def test_expiring_in_parallel_expires_each_lot_once(database: Database) -> None:
    ids = await commit_customers(database.owner_url, 20)
    for customer_id in ids:
        await commit_points(database, customer_id, 10, expires_on=DAY)

    async def expire(factory: SessionFactory) -> int:
        async with factory() as session:
            counts = await service.expire(session, day=DAY)
            await session.commit()
        return counts["points"]

    async with sessions_of(database.worker_url, pool_size=4) as factory:
        gone = await asyncio.gather(*(expire(factory) for _ in range(4)))

    assert sum(gone) == 200
    assert {await balance_of(database, customer_id) for customer_id in ids} == {0}


async def test_an_expiry_that_is_killed_half_way_starts_again(database: Database) -> None:
    (customer_id,) = await commit_customers(database.owner_url)
    await commit_points(database, customer_id, 10, expires_on=DAY)
    async with sessions_of(database.worker_url, pool_size=1) as factory:
        async with factory() as session:
            await service.expire(session, day=DAY)
            await session.rollback()
        async with factory() as session:
            counts = await service.expire(session, day=DAY)
            await session.commit()

    assert counts["points"] == 10
    assert await balance_of(database, customer_id) == 0


async def test_an_event_that_two_runs_take_at_once_earns_once(database: Database) -> None:

    (customer_id,) = await commit_customers(database.owner_url)
    async with sessions_of(database.owner_url, pool_size=1) as owner, owner() as session:
        for _ in range(30):
            session.add_all(event_rows(customer_id, EventType.SALARY, reference=str(new_id())))
        await session.commit()

    async def earn(factory: SessionFactory) -> int:
        async with factory() as session:
            counts = await service.earn_pending(session, limit=100)
            await session.commit()
        return counts["points"]

    async with sessions_of(database.worker_url, pool_size=4) as factory:
        points = await asyncio.gather(*(earn(factory) for _ in range(4)))

    assert sum(points) == 30 * 200
    assert await balance_of(database, customer_id) == 30 * 200
