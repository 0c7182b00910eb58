"""A merge and a posting at the same moment: no points end under an id that was merged away."""

import asyncio
from uuid import UUID

import pytest
from sqlalchemy.exc import DBAPIError
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.core import clock
from guibin.core.errors import Refusal
from guibin.core.ids import new_id
from guibin.customers.merging import first_objection, merge
from guibin.points import service
from guibin.points.invariants import check
from guibin.points.merging import take_over_later
from guibin.points.models import EntryKind, PointsAccount, SourceKind
from guibin.security.actors import NIGHTLY_JOB
from guibin.web.faults import retry_later
from support.house import House
from support.points import sessions_of

MOMENT = 0.3
"""Seconds after which somebody who could go on would have gone on."""


async def earn(session: AsyncSession, customer_id: UUID) -> None:
    await service.post(
        session,
        customer_id=customer_id,
        wallet="reward",
        kind=EntryKind.EARN,
        points=10,
        reason_zh="测试",
        reason_en="test",
        source_kind=SourceKind.EVENT,
        source_id="race",
        actor_id=customer_id,
    )


async def become_one(session: AsyncSession, loser: UUID, survivor: UUID) -> None:
    await merge(session, actor=NIGHTLY_JOB, losing_id=loser, surviving_id=survivor, day=clock.today(), reason="test")


async def balances(session: AsyncSession, *customers: UUID) -> list[int]:
    return [(await session.get_one(PointsAccount, (one, "reward"))).balance for one in customers]


async def test_a_merge_waits_for_a_posting_and_takes_it_along(house: House) -> None:
    loser, survivor = await house.add_customer(), await house.add_customer()
    async with sessions_of(house.database.bank_url) as factory, factory() as earning, factory() as merging:
        await earn(earning, loser)
        asked = asyncio.create_task(first_objection(merging, losing_id=loser, surviving_id=survivor))
        await asyncio.sleep(MOMENT)
        assert not asked.done()
        await earning.commit()
        assert await asked is None
        await become_one(merging, loser, survivor)
        await merging.commit()
        assert await balances(merging, loser, survivor) == [0, 10]


async def test_a_posting_waits_for_a_merge_and_is_told_to_come_again(house: House) -> None:
    loser, survivor = await house.add_customer(), await house.add_customer()
    async with sessions_of(house.database.bank_url) as factory, factory() as earning, factory() as merging:
        assert await first_objection(merging, losing_id=loser, surviving_id=survivor) is None
        posted = asyncio.create_task(earn(earning, loser))
        await asyncio.sleep(MOMENT)
        assert not posted.done()
        await become_one(merging, loser, survivor)
        await merging.commit()
        with pytest.raises(DBAPIError) as refused:
            await posted
        assert retry_later(refused.value) is not None


@pytest.mark.merge
async def test_whatever_is_spent_and_earned_meanwhile_no_point_is_lost_or_made(house: House) -> None:
    loser, survivor = await house.add_customer(), await house.add_customer()
    async with sessions_of(house.database.bank_url, pool_size=16) as factory:
        for customer_id in (loser, survivor):
            async with factory.begin() as session:
                await move(session, customer_id, EntryKind.EARN, 1_000)

        async def one(customer_id: UUID, kind: EntryKind, points: int) -> int:
            try:
                async with factory.begin() as session:
                    await move(session, customer_id, kind, points)
            except Refusal:
                return 0
            return points if kind is EntryKind.EARN else -points

        async def merged() -> int:
            await asyncio.sleep(MOMENT / 10)
            async with factory.begin() as session:
                assert await first_objection(session, losing_id=loser, surviving_id=survivor) is None
                await become_one(session, loser, survivor)
            return 0

        moves = [
            one(customer_id, kind, points)
            for _ in range(40)
            for customer_id in (loser, survivor)
            for kind, points in ((EntryKind.ADJUST_DEBIT, 30), (EntryKind.EARN, 7))
        ]
        changes = await asyncio.gather(*moves, merged())
        async with factory.begin() as session:
            while await take_over_later(session, limit=10):
                pass
            assert await check(session) == []
            assert await balances(session, loser, survivor) == [0, 2_000 + sum(changes)]


async def move(session: AsyncSession, customer_id: UUID, kind: EntryKind, points: int) -> None:
    await service.post(
        session,
        customer_id=customer_id,
        wallet="reward",
        kind=kind,
        points=points,
        reason_zh="测试",
        reason_en="test",
        source_kind=SourceKind.RUN,
        source_id=str(new_id()),
        actor_id=customer_id,
    )
