"""Batches that meet on the same accounts, new ones among them, with spending beside them: one order, and no loss."""

import asyncio
import random
from uuid import UUID

from sqlalchemy import func
from sqlmodel import col, select

from guibin.core.ids import new_id
from guibin.points import repository
from guibin.points.invariants import check
from guibin.points.models import EntryKind, PointsAccount, SourceKind
from guibin.points.repository import Movement
from support.databases import Database
from support.points import ACTOR, DAY, NOON, commit_customers, commit_points, post_points, sessions_of

CUSTOMERS, BATCHES, SIZE = 12, 8, 40


def batch_of(customers: list[UUID], number: int) -> list[Movement]:
    """Draw credits of 5 points for customers at random, some twice; every second batch has the sources of the first."""
    dice = random.Random(number)
    drawn = [
        (dice.choice(customers), dice.choice(["reward", "service"]), str(n + SIZE * (number % 2))) for n in range(SIZE)
    ]
    return [
        Movement(
            customer=customer,
            wallet=wallet,
            kind=EntryKind.EARN,
            points=5,
            entry=new_id(),
            lot=new_id(),
            expires_on=None,
            reason_zh="测试",
            reason_en="test",
            source_kind=SourceKind.RUN,
            source_id=source,
            actor=ACTOR,
            at=NOON,
            day=DAY,
        )
        for customer, wallet, source in sorted(drawn)
    ]


async def test_batches_that_meet_wait_for_each_other_and_lose_nothing(database: Database) -> None:
    customers = sorted(await commit_customers(database.owner_url, CUSTOMERS))
    for customer in customers[::2]:
        await commit_points(database, customer, 100)

    async with (
        sessions_of(database.worker_url, pool_size=BATCHES) as worker,
        sessions_of(database.customer_url, pool_size=4) as port,
    ):

        async def post(number: int) -> int:
            async with worker() as session:
                rows = await repository.post_batch(session, batch_of(customers, number))
                await session.commit()
            return [row["outcome"] for row in rows].count("posted")

        async def spend(customer: UUID) -> int:
            async with port() as session:
                await post_points(session, customer, EntryKind.REDEEM, 10)
                await session.commit()
            return 10

        spends = [spend(customer) for customer in customers[::2] for _ in range(3)]
        posted, spent = await asyncio.gather(
            asyncio.gather(*(post(number) for number in range(BATCHES))), asyncio.gather(*spends)
        )
        async with worker() as session:
            assert await check(session) == []
            left = (await session.exec(select(func.sum(col(PointsAccount.balance))))).one()

    assert left == CUSTOMERS // 2 * 100 + 5 * sum(posted) - sum(spent)
