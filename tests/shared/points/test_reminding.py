"""Reminders: 90, 30 and 7 days before points end, once each for a wallet and a day."""

from datetime import date, timedelta
from typing import Any
from uuid import UUID

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.outbox.models import OutboxEvent
from guibin.points.models import EntryKind
from guibin.points.service import remind
from guibin.points.service.reminding import CATCH_UP_DAYS
from support.points import DAY, add_customers, let_owner_post, post_points

LAST = DAY + timedelta(days=120)


async def give(session: AsyncSession, customer_id: UUID, points: int, expires_on: date | None = LAST) -> None:
    await post_points(session, customer_id, EntryKind.EARN, points, expires_on=expires_on)


async def nights(session: AsyncSession, days_before: int, *, again: int = 1) -> list[dict[str, int]]:
    """Close the day before so many days before the last one, as often as is said."""
    return [await remind(session, day=LAST - timedelta(days=days_before + 1)) for _ in range(again)]


async def told(session: AsyncSession) -> list[tuple[UUID | None, dict[str, Any]]]:
    rows = (await session.exec(select(OutboxEvent).order_by(col(OutboxEvent.id)))).all()
    assert {row.type for row in rows} <= {"points.expiring"}
    return [(row.customer_id, row.payload) for row in rows]


async def test_each_reminder_is_given_once_with_all_that_ends_on_the_day(session: AsyncSession) -> None:
    await let_owner_post(session)
    one, other = await add_customers(session, 2)
    await give(session, one, 100)
    await give(session, one, 50)
    await give(session, one, 7, LAST + timedelta(days=300))
    await give(session, other, 9, None)
    assert await nights(session, 91) == [{"read": 0, "points": 0}]
    assert await nights(session, 90, again=2) == [{"read": 1, "points": 150}, {"read": 0, "points": 0}]
    await post_points(session, one, EntryKind.REDEEM, 30)
    for days_before in (89, 60, 30, 29, 8, 7, 6, 1, 0, -1):
        await nights(session, days_before)
    expected = [(90, 150), (30, 120), (7, 120)]
    assert await told(session) == [
        (
            one,
            {
                "wallet": "reward",
                "points": points,
                "expires_on": LAST.isoformat(),
                "rolls_over_to": None,
                "days_before": days,
            },
        )
        for days, points in expected
    ]


async def test_a_reminder_of_a_missed_night_is_given_within_a_week_and_not_later(session: AsyncSession) -> None:
    await let_owner_post(session)
    (customer_id,) = await add_customers(session)
    await give(session, customer_id, 100)
    await nights(session, 90 - CATCH_UP_DAYS)
    await nights(session, 30 - CATCH_UP_DAYS - 1)
    assert [payload["days_before"] for _, payload in await told(session)] == [90]


async def test_what_is_read_at_once_is_bounded_and_the_rest_comes_next(session: AsyncSession) -> None:
    await let_owner_post(session)
    customers = await add_customers(session, 3)
    for customer_id in customers:
        await give(session, customer_id, 10)
    day = LAST - timedelta(days=8)
    assert [(await remind(session, day=day, limit=2))["read"] for _ in range(3)] == [2, 1, 0]
    assert {customer_id for customer_id, _ in await told(session)} == set(customers)
