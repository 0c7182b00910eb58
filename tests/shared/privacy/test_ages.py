"""Who is a minor and who is 65 follows from the birth date, from day to day."""

from datetime import date, timedelta
from uuid import UUID

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.core import clock
from guibin.core.ids import new_id
from guibin.customers.models import Customer
from guibin.privacy import defaults
from guibin.privacy.models import CustomerRestriction
from guibin.privacy.repository import is_blocked
from guibin.privacy.repository.ages import mark_ages
from guibin.privacy.rules import Act
from support.points import add_customers

DAY = date(2027, 3, 1)


async def _born(session: AsyncSession, customer_id: UUID, day: date | None) -> None:
    customer = await session.get_one(Customer, customer_id)
    customer.birth_year = day.year if day else None
    customer.birth_mmdd = f"{day:%m%d}" if day else None
    await session.flush()


async def _mark(session: AsyncSession, day: date = DAY) -> dict[str, int]:
    return await mark_ages(session, day=day, by=new_id(), at=clock.now())


async def _marks(session: AsyncSession, customer_id: UUID, day: date = DAY) -> list[tuple[str, date | None]]:
    row = CustomerRestriction
    query = select(row).where(row.customer_id == customer_id, col(row.valid_from) <= day)
    found = (await session.exec(query.order_by(row.kind))).all()
    return [(one.kind, one.valid_to) for one in found if one.valid_to is None or one.valid_to > day]


async def test_minors_are_marked_until_they_come_of_age_and_elders_for_good(session: AsyncSession) -> None:
    await defaults.seed(session)
    child, adult, leap, elder, unknown = await add_customers(session, 5)
    await _born(session, child, DAY.replace(year=DAY.year - 18) + timedelta(days=1))
    await _born(session, adult, DAY.replace(year=DAY.year - 18))
    await _born(session, leap, date(2012, 2, 29))
    await _born(session, elder, DAY.replace(year=DAY.year - 65))
    await _born(session, unknown, None)
    assert await _mark(session) == {"ended": 0, "begun": 3}
    assert await _marks(session, child) == [("minor", DAY + timedelta(days=1))]
    assert await _marks(session, leap) == [("minor", date(2030, 2, 28))]
    assert await _marks(session, elder) == [("senior", None)]
    assert (await _marks(session, adult), await _marks(session, unknown)) == ([], [])
    assert await is_blocked(session, child, Act.REDEEM, day=DAY)
    assert not await is_blocked(session, child, Act.REDEEM, day=DAY + timedelta(days=1))
    assert await _mark(session) == {"ended": 0, "begun": 0}, "a second run of the night changes nothing"


async def test_a_birth_date_that_was_corrected_takes_its_mark_away_or_moves_its_end(session: AsyncSession) -> None:
    await defaults.seed(session)
    grown, younger = await add_customers(session, 2)
    for one in (grown, younger):
        await _born(session, one, date(2015, 5, 5))
    await _mark(session, DAY - timedelta(days=9))
    await _born(session, grown, date(1995, 5, 5))
    await _born(session, younger, date(2016, 5, 5))
    assert await _mark(session) == {"ended": 2, "begun": 1}
    assert await _marks(session, grown) == []
    assert await _marks(session, younger) == [("minor", date(2034, 5, 5))]


async def test_a_mark_that_a_person_or_a_line_set_is_left_alone(session: AsyncSession) -> None:
    await defaults.seed(session)
    [customer] = await add_customers(session)
    await _born(session, customer, date(1990, 1, 1))
    by_hand = CustomerRestriction(
        customer_id=customer,
        id=new_id(),
        kind="minor",
        valid_from=DAY,
        reference="COURT-9",
        set_by=new_id(),
        set_at=clock.now(),
    )
    session.add(by_hand)
    await session.flush()
    assert await _mark(session) == {"ended": 0, "begun": 0}
    assert await _marks(session, customer) == [("minor", None)]
