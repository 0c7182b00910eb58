"""Points that lapse for want of activity: which events keep them, and that their customers are told in time."""

from datetime import UTC, date, datetime, timedelta
from uuid import UUID

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.core import clock
from guibin.holdings.models import EventType
from guibin.outbox.models import OutboxEvent
from guibin.points import service
from guibin.points.invariants import check
from guibin.points.models import EntryKind, Expiry, PointsAccount, Wallet
from support.points import add_customers, event_rows, let_owner_post, post_points

LAST = date(2027, 5, 25)
"""Half a year after the points of the tests came."""


async def happens(session: AsyncSession, customer_id: UUID, event_type: EventType, day: date) -> None:
    moment = datetime(day.year, day.month, day.day, 4, tzinfo=UTC)
    session.add_all(event_rows(customer_id, event_type, occurred_at=moment))
    await session.flush()


async def night(session: AsyncSession, day: date) -> tuple[int, int]:
    """Close a day; returns how many accounts were kept and how many points expired."""
    with clock.fixed_at(datetime(day.year, day.month, day.day, 18, tzinfo=UTC)):
        kept = await service.prolong(session, day=day)
        assert await service.prolong(session, day=day) == 0
        return kept, (await service.expire(session, day=day))["points"]


async def last_days(session: AsyncSession, *customers: UUID) -> list[date | None]:
    rows = [await session.get_one(PointsAccount, (one, "reward")) for one in customers]
    for row in rows:
        await session.refresh(row)
    return [row.lapses_on for row in rows]


async def test_listed_events_start_the_clock_again_and_others_do_not(session: AsyncSession) -> None:
    await let_owner_post(session)
    logs_in, pays, late, on_the_day = await add_customers(session, 4)
    wallet = await session.get_one(Wallet, "reward")
    wallet.expiry, wallet.expiry_years, wallet.expiry_months = Expiry.INACTIVITY, None, 6
    wallet.activity_events = ["login"]
    await session.flush()
    for customer in (logs_in, pays, late, on_the_day):
        await post_points(session, customer, EntryKind.EARN, 100)
    await happens(session, logs_in, EventType.LOGIN, LAST - timedelta(days=5))
    await happens(session, pays, EventType.CARD_SPEND, LAST - timedelta(days=5))
    await happens(session, late, EventType.LOGIN, LAST + timedelta(days=1))
    await happens(session, on_the_day, EventType.LOGIN, LAST)

    with clock.fixed_at(datetime(2027, 5, 25, 4, tzinfo=UTC)):
        soon = [await service.keep_active(session, limit=1) for _ in range(3)]
    assert soon == [1, 1, 0], "within a minute on the last day"
    assert await night(session, LAST) == (0, 200)
    assert await last_days(session, logs_in, on_the_day) == [date(2027, 11, 20), date(2027, 11, 25)]

    await service.remind(session, day=date(2027, 11, 12))
    told = (await session.exec(select(OutboxEvent).order_by(col(OutboxEvent.id)))).all()
    assert [(one.customer_id, one.payload["points"], one.payload["expires_on"]) for one in told] == [
        (logs_in, 100, "2027-11-20")
    ]
    await happens(session, logs_in, EventType.LOGIN, LAST - timedelta(days=4))
    assert await night(session, date(2027, 11, 19)) == (1, 0), "an event that came in late counts as well"
    assert await night(session, date(2027, 11, 25)) == (0, 200)
    assert await check(session) == []
