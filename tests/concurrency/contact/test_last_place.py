"""Two who send at once: the second waits for the first, and is told that the last place of the month is taken."""

import asyncio
from datetime import datetime, timedelta

import pytest
from sqlalchemy import text

from guibin.contact.models import ContactDecision
from guibin.contact.rules import Channel, ContactPurpose, Plan, Sender
from guibin.contact.service import ContactRequest, reserve
from guibin.core import clock
from guibin.core.database import SessionFactory
from guibin.security.actors import NIGHTLY_JOB
from support.contact import allow_offers
from support.house import House
from support.points import sessions_of

NOON = datetime.fromisoformat(f"{clock.today() + timedelta(days=1)}T12:00:00+08:00")
OFFER = Plan(Channel.SMS, ContactPurpose.SELLING, Sender.CAMPAIGN)
WAITING = text("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'")


async def _take(sessions: SessionFactory, request: ContactRequest) -> ContactDecision:
    async with sessions.begin() as session:
        return await reserve(session, request, actor=NIGHTLY_JOB)


@pytest.mark.parametrize("first_commits", [True, False])
async def test_who_asks_meanwhile_waits_and_counts_the_first_only_if_it_stands(
    house: House, *, first_commits: bool
) -> None:
    customer = await house.add_customer()
    await allow_offers(house, customer)
    request = ContactRequest(customer, OFFER)
    async with sessions_of(house.database.bank_url, pool_size=4) as sessions:
        with clock.fixed_at(NOON):
            await _take(sessions, request)
            async with sessions() as session:
                last = await reserve(session, request, actor=NIGHTLY_JOB)
                second = asyncio.create_task(_take(sessions, request))
                async with sessions() as watching:
                    while not second.done() and not (await watching.execute(WAITING)).scalar_one():
                        await watching.rollback()
                assert not second.done(), "it did not wait"
                await (session.commit() if first_commits else session.rollback())
            found = await second
    assert (last.state, found.state) == ("held", "refused" if first_commits else "held")
