"""The demo bank's care: a manager's days as they are, once."""

from datetime import date, time

from sqlmodel import select

from guibin.approvals.rules import is_business_day
from guibin.approvals.surroundings import surroundings
from guibin.care.models import Touch
from guibin.contact.models import ContactDecision
from guibin.core.ids import new_id
from guibin.core.zone import BUSINESS_ZONE
from guibin.managers.models import Coverage, Grade
from guibin_tools.loading.care import CUSTOMERS, tell_stories
from support.house import EAST, House
from support.tiers import add_manager


async def test_customers_are_reached_while_the_bank_is_open_and_offers_go_to_who_consented(house: House) -> None:
    customers = [await house.add_customer() for _ in range(CUSTOMERS)]
    async with house.sessions() as session:
        manager = await add_manager(session, house.branches[EAST].id, Grade.SENIOR)
        for one in customers:
            session.add(
                Coverage(
                    customer_id=one,
                    id=new_id(),
                    manager_id=manager.id,
                    role="primary",
                    valid_from=date(2025, 1, 1),
                    source="staff",
                    reason="test",
                )
            )
        await session.flush()
        assert [await tell_stories(session, house.keys) for _ in range(2)] == [CUSTOMERS, 0]
        moments = [one.at.astimezone(BUSINESS_ZONE) for one in (await session.exec(select(Touch))).all()]
        days = sorted(at.date() for at in moments)
        calendar = await surroundings().calendar(session, days[0], days[-1])
        judged = (await session.exec(select(ContactDecision))).all()
    assert all(time(9) < at.time() < time(18) and is_business_day(at.date(), calendar) for at in moments)
    assert {reason for one in judged for reason in one.reasons} == set()
    assert "selling" in {one.purpose for one in judged}
