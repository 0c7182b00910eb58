"""Two who open the same opportunity at once: the second waits for the first, and is told that it is open."""

import asyncio
from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.care.models import NeedCategory
from guibin.care.opportunities.errors import OpportunityIsOpen
from guibin.care.service import Chance, open_opportunity
from guibin.core import clock
from guibin.security.actors import NIGHTLY_JOB, Scope
from support.house import House
from support.points import sessions_of

WAITING = text("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'")
CHANCE = Chance(clock.today() + timedelta(days=7), need=NeedCategory.EDUCATION)


async def _open(house: House, session: AsyncSession, customer_id: UUID) -> str:
    """Open it, and return what came of it."""
    try:
        await open_opportunity(
            session, Scope.of_job(), house.keys, actor=NIGHTLY_JOB, customer_id=customer_id, chance=CHANCE
        )
    except OpportunityIsOpen:
        return "is open"
    return "opened"


@pytest.mark.parametrize("first_commits", [True, False])
async def test_who_opens_the_same_meanwhile_waits_and_is_refused_only_if_the_first_stands(
    house: House, *, first_commits: bool
) -> None:
    customer_id = await house.add_customer()
    async with sessions_of(house.database.worker_url, pool_size=4) as sessions, sessions() as session:

        async def again() -> str:
            async with sessions.begin() as another:
                return await _open(house, another, customer_id)

        assert await _open(house, session, customer_id) == "opened"
        second = asyncio.create_task(again())
        async with sessions() as watching:
            while not second.done() and not (await watching.execute(WAITING)).scalar_one():
                await watching.rollback()
        assert not second.done(), "it did not wait"
        await (session.commit() if first_commits else session.rollback())
        assert await second == ("is open" if first_commits else "opened")
