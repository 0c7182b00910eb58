"""Points go after their last day, once."""

from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import pytest
from sqlalchemy import update
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.core import clock
from guibin.points import service
from guibin.points.errors import InsufficientPoints
from guibin.points.invariants import check
from guibin.points.models import EntryKind, PointsAccount, PointsEntry, PointsLot
from support.points import NOON, add_customers, let_owner_post, post_points

DAY = clock.business_day(NOON)
YESTERDAY = DAY - timedelta(days=1)


@pytest.fixture
async def customer(session: AsyncSession) -> UUID:
    await let_owner_post(session)
    return (await add_customers(session))[0]


async def expire(session: AsyncSession, day: date) -> dict[str, int]:
    with clock.fixed_at(NOON):
        return await service.expire(session, day=day)


async def remaining(session: AsyncSession, customer_id: UUID) -> int:
    query = select(PointsAccount.balance).where(PointsAccount.customer_id == customer_id)
    return (await session.exec(query)).one()


async def test_points_expire_after_their_last_day_and_not_before(session: AsyncSession, customer: UUID) -> None:
    await post_points(session, customer, EntryKind.EARN, 10, expires_on=YESTERDAY)
    await post_points(session, customer, EntryKind.EARN, 20, expires_on=DAY)

    assert await expire(session, YESTERDAY) == {"read": 1, "expired": 1, "rolled_over": 0, "points": 10}
    assert await remaining(session, customer) == 20
    assert await check(session) == []


async def test_expiring_a_day_twice_changes_nothing(session: AsyncSession, customer: UUID) -> None:
    await post_points(session, customer, EntryKind.EARN, 10, expires_on=YESTERDAY)
    await expire(session, YESTERDAY)

    assert await expire(session, YESTERDAY) == {"read": 0, "expired": 0, "rolled_over": 0, "points": 0}


async def test_all_lots_of_an_account_expire_in_one_entry(session: AsyncSession, customer: UUID) -> None:
    for days in (1, 2, 30):
        await post_points(session, customer, EntryKind.EARN, 10, expires_on=DAY - timedelta(days=days))

    await expire(session, YESTERDAY)

    query = select(PointsEntry).where(PointsEntry.kind == EntryKind.EXPIRE)
    (entry,) = (await session.exec(query)).all()
    assert (entry.points, entry.contra, entry.source_id) == (-30, "expiry", f"expiry:{YESTERDAY}")


async def test_held_points_do_not_expire_before_their_release_and_then_at_once(
    session: AsyncSession, customer: UUID
) -> None:
    await post_points(session, customer, EntryKind.EARN, 10, expires_on=YESTERDAY)
    await hold(session, customer, 10)

    assert (await expire(session, YESTERDAY))["expired"] == 0

    await hold(session, customer, 0)
    assert await expire(session, YESTERDAY) == {"read": 1, "expired": 1, "rolled_over": 0, "points": 10}


async def hold(session: AsyncSession, customer_id: UUID, points: int) -> None:
    await session.exec(update(PointsAccount).where(col(PointsAccount.customer_id) == customer_id).values(held=points))


async def test_a_batch_takes_some_accounts_and_the_next_one_the_rest(session: AsyncSession, customer: UUID) -> None:
    for owner in [customer, *await add_customers(session, 4)]:
        await post_points(session, owner, EntryKind.EARN, 10, expires_on=YESTERDAY)

    counts = [await service.expire(session, day=YESTERDAY, limit=2) for _ in range(4)]

    assert [count["expired"] for count in counts] == [2, 2, 1, 0]


async def test_permanent_points_never_expire(session: AsyncSession, customer: UUID) -> None:
    await post_points(session, customer, EntryKind.EARN, 10)
    await session.exec(update(PointsLot).where(col(PointsLot.customer_id) == customer).values(expires_on=None))

    assert (await expire(session, date(2199, 12, 31)))["expired"] == 0


@pytest.mark.parametrize(
    ("last_day", "last_instant"),
    [
        (date(2026, 12, 31), datetime(2026, 12, 31, 15, 59, 59, tzinfo=UTC)),
        (date(2028, 2, 29), datetime(2028, 2, 29, 15, 59, 59, tzinfo=UTC)),
        (date(2027, 4, 30), datetime(2027, 4, 30, 15, 59, 59, tzinfo=UTC)),
    ],
)
async def test_a_last_day_ends_at_midnight_in_shanghai(
    session: AsyncSession, customer: UUID, last_day: date, last_instant: datetime
) -> None:
    await post_points(session, customer, EntryKind.EARN, 20, expires_on=last_day)

    posted = await post_points(session, customer, EntryKind.REDEEM, 10, at=last_instant)

    assert posted.available_after == 10
    with pytest.raises(InsufficientPoints):
        await post_points(session, customer, EntryKind.REDEEM, 10, at=last_instant + timedelta(seconds=1))


async def test_a_clock_that_goes_back_an_hour_does_not_bring_expired_points_back(
    session: AsyncSession, customer: UUID
) -> None:
    midnight = datetime(2026, 12, 31, 16, 0, tzinfo=UTC)
    await post_points(session, customer, EntryKind.EARN, 20, expires_on=date(2026, 12, 31))
    with clock.fixed_at(midnight):
        await service.expire(session, day=date(2026, 12, 31))

    with pytest.raises(InsufficientPoints):
        await post_points(session, customer, EntryKind.REDEEM, 1, at=midnight - timedelta(hours=1))
    assert await check(session) == []
