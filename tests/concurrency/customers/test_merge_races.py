"""A merge and a posting at the same moment: no points end under an id that was merged away."""

import asyncio
from uuid import UUID

import pytest
from sqlalchemy.exc import DBAPIError
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.core import clock
from guibin.customers.merging import first_objection, merge
from guibin.points import service
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
