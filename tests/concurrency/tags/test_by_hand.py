"""Two who give one customer the same tag at once: it is given once and told once, and the second one confirms it."""

import asyncio
from uuid import UUID

from sqlalchemy import text
from sqlmodel import select
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.outbox.models import OutboxEvent
from guibin.security.actors import NIGHTLY_JOB, Scope
from guibin.tags.models import CustomerTag
from guibin.tags.service import set_tag
from support.house import House
from support.points import sessions_of
from support.tagging import add_manual_tag

WAITING = text("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'")


async def test_a_tag_that_two_give_at_once_is_told_once(house: House) -> None:
    customer_id: UUID = await house.add_customer()
    async with house.sessions() as session:
        (await add_manual_tag(session, "friend")).publishes_events = True
        await session.commit()
    async with sessions_of(house.database.worker_url, pool_size=4) as sessions, sessions() as session:

        async def give(through: AsyncSession, reason: str) -> str | None:
            held = await set_tag(
                through, Scope.of_job(), actor=NIGHTLY_JOB, customer_id=customer_id, code="friend", reason=reason
            )
            return held.membership.reason

        async def again() -> str | None:
            async with sessions.begin() as another:
                return await give(another, "second")

        assert await give(session, "first") == "first"
        second = asyncio.create_task(again())
        async with sessions() as watching:
            while not second.done() and not (await watching.execute(WAITING)).scalar_one():
                await watching.rollback()
        assert not second.done(), "it did not wait"
        await session.commit()
        assert await second == "first"
    async with house.sessions() as session:
        assert [one.reason for one in (await session.exec(select(CustomerTag))).all()] == ["first"]
        assert (await session.exec(select(OutboxEvent.type))).all() == ["tag.entered"]
