"""A merge and a posting at the same moment: no points end under an id that was merged away."""

import asyncio
from uuid import UUID

import pytest
from sqlalchemy.exc import DBAPIError
from sqlmodel import select
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.core import clock
from guibin.core.errors import Refusal, RetryLater
from guibin.core.ids import new_id
from guibin.core.lines import Line
from guibin.customers.merging import first_objection, merge, objection_to_undoing, unmerge
from guibin.customers.models import CustomerMerge, CustomerRef, RefKind
from guibin.holdings.models import EventType
from guibin.holdings.rows import EventContent
from guibin.points import service
from guibin.points.invariants import check
from guibin.points.merging import take_over_later
from guibin.points.models import EntryKind, PointsAccount, SourceKind
from guibin.points.service.events import IncomingEvent, take_events
from guibin.points.service.returning import EventReturn, return_event
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


async def test_what_a_line_tells_while_a_merge_is_undone_comes_again_and_finds_whose_it_is(house: House) -> None:
    """An event and the return of another have found the survivor by then: nothing of them happens."""
    loser, survivor = await house.add_customer(), await house.add_customer()
    async with house.sessions.begin() as session:
        named = {"ref": b"number", "kind": RefKind.CUSTOMER_NO, "valid_from": clock.today()}
        session.add(CustomerRef.model_validate({**named, "customer_id": loser}))

    async def tells(session: AsyncSession, reference: str) -> int:
        content = EventContent(EventType.CARD_SPEND, clock.now(), 2_000_00)
        told = IncomingEvent(Line.CREDIT_CARD, reference, content, customer_ref=b"number")
        (taken,) = await take_events(session, actor_id=NIGHTLY_JOB.id, events=[told])
        return taken.points

    async def takes_back(session: AsyncSession, reference: str) -> int:
        told = EventReturn(Line.CREDIT_CARD, f"R-{reference}", reference)
        return (await return_event(session, actor_id=NIGHTLY_JOB.id, told=told)).points

    async with sessions_of(house.database.bank_url) as factory:
        async with factory.begin() as session:
            await become_one(session, loser, survivor)
        async with factory.begin() as session:
            assert await tells(session, "before") == 100
        async with factory() as parting, factory() as telling, factory() as returning:
            journal = (await parting.exec(select(CustomerMerge))).one()
            assert await objection_to_undoing(parting, journal) is None
            tasks = [asyncio.create_task(one) for one in (tells(telling, "now"), takes_back(returning, "before"))]
            await asyncio.sleep(MOMENT)
            assert not any(task.done() for task in tasks)
            await unmerge(parting, actor=NIGHTLY_JOB, journal=journal, day=clock.today(), reason="test")
            await parting.commit()
            for task in tasks:
                with pytest.raises(RetryLater):
                    await task
        async with factory.begin() as session:
            assert [await tells(session, "now"), await takes_back(session, "before")] == [100, 100]
            assert await balances(session, loser, survivor) == [100, 0]
            assert await check(session) == []


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
