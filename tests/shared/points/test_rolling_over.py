"""Points at their end: a share of them goes, or they roll over into another wallet, once."""

from datetime import date, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import update
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.core import clock
from guibin.points import service
from guibin.points.errors import InsufficientPoints
from guibin.points.invariants import check
from guibin.points.models import EntryKind as Kind
from guibin.points.models import Expiry, PointsAccount, PointsEntry, PointsLot, Wallet
from guibin.points.reminder_repository import points_to_tell_of
from guibin.points.report_rules import Period
from support.points import NOON, add_customers, let_owner_post, post_points

DAY = clock.business_day(NOON)
YESTERDAY = DAY - timedelta(days=1)
HALF_A_YEAR = 6


@pytest.fixture
async def customer(session: AsyncSession) -> UUID:
    await let_owner_post(session)
    return (await add_customers(session))[0]


async def change(session: AsyncSession, **terms: object) -> None:
    await session.exec(update(Wallet).where(col(Wallet.code) == "reward").values(**terms))
    session.expire_all()


async def let_lapse(session: AsyncSession, *, share: int = 100) -> None:
    """Let reward points end after six months without activity, as a share or all of them."""
    terms: dict[str, object] = {"expiry_years": None, "expiry_months": HALF_A_YEAR, "expiry_share": share}
    await change(session, expiry=Expiry.INACTIVITY, **terms)


async def night(session: AsyncSession, day: date) -> dict[str, int]:
    """Let a day's night end points batch by batch, and add up what it tells."""
    total: dict[str, int] = {}
    with clock.fixed_at(clock.start_of_day(day + timedelta(days=1)) + timedelta(hours=2)):
        while (counts := await service.expire(session, day=day, limit=2))["read"]:
            total = {name: total.get(name, 0) + count for name, count in counts.items()}
    return total


async def account(session: AsyncSession, customer_id: UUID, wallet: str = "reward") -> PointsAccount:
    return await session.get_one(PointsAccount, (customer_id, wallet), populate_existing=True)


async def test_points_roll_over_with_their_cost_and_where_they_came_from(session: AsyncSession, customer: UUID) -> None:
    await change(session, rolls_over_to="service")
    await post_points(session, customer, Kind.EARN, 10, expires_on=YESTERDAY)
    await post_points(session, customer, Kind.EARN, 20, expires_on=DAY)
    with clock.fixed_at(NOON):
        before = await service.forecast(session)

    assert await night(session, YESTERDAY) == {"read": 1, "expired": 0, "rolled_over": 1, "points": 0}
    assert await night(session, YESTERDAY) == {}

    with clock.fixed_at(NOON):
        rolled = {
            one.wallet: (one.expired.points, one.transferred.points, one.transferred.cost_fen, one.closing.points)
            for one in await service.rolled_forward(session, first=DAY, last=DAY, period=Period.DAY)
        }
    query = select(PointsLot).where(PointsLot.customer_id == customer).order_by(col(PointsLot.expires_on))
    gone, left, new = (await session.exec(query.execution_options(populate_existing=True))).all()
    entries = select(PointsEntry.kind, PointsEntry.points).where(PointsEntry.kind.like("roll%"))  # type: ignore[attr-defined]
    assert [(month.rolls_over_to, month.breakage.points) for month in before.months if month.breakage] == [
        ("service", 0)
    ]
    assert sorted((await session.exec(entries)).all()) == [("roll_in", 10), ("roll_out", -10)]
    assert (gone.remaining, left.remaining) == (0, 20)
    assert (new.wallet, new.remaining, new.expires_on, new.cost_fen, new.earned_at, new.rolled_from) == (
        *("service", 10, date(2028, 12, 31), 10, gone.earned_at),
        gone.id,
    )
    assert rolled == {"reward": (0, -10, -100, 20), "service": (0, 10, 100, 10)}
    assert await check(session) == []


async def test_what_rolls_over_pays_debt_there_and_expires_where_nothing_is_taken(
    session: AsyncSession, customer: UUID
) -> None:
    (other,) = await add_customers(session)
    for owner in (customer, other):
        await post_points(session, owner, Kind.EARN, 10, expires_on=YESTERDAY)
        earned = await post_points(session, owner, Kind.EARN, 4, wallet="service", source="spent")
        await post_points(session, owner, Kind.REDEEM, 4, wallet="service")
        await session.flush()
        if owner == customer:
            named: dict[str, Any] = {"source_kind": "run", "source_id": "taken back", "actor_id": UUID(int=7)}
            with clock.fixed_at(NOON):
                await service.claw_back(
                    session, customer_id=owner, entry_id=earned.entry_id, points=4, reason_zh="", reason_en="", **named
                )
    await session.exec(
        update(PointsAccount)
        .where(col(PointsAccount.customer_id) == other, col(PointsAccount.wallet) == "service")
        .values(state="closed")
    )
    await change(session, rolls_over_to="service")

    assert await night(session, YESTERDAY) == {"read": 2, "expired": 1, "rolled_over": 1, "points": 10}

    taken = await account(session, customer, "service")
    assert (taken.balance, taken.debt) == (6, 0)
    assert (await account(session, other)).balance == 0
    assert await check(session) == []


async def test_a_share_of_what_is_left_goes_each_time_the_clock_runs_out(session: AsyncSession, customer: UUID) -> None:
    await let_lapse(session, share=30)
    for points in (11, 25):
        await post_points(session, customer, Kind.EARN, points)
    lapses = (await account(session, customer)).lapses_on
    assert lapses is not None
    told = await points_to_tell_of(session, first=lapses, last=lapses, days_before=30, limit=9)
    with clock.fixed_at(NOON):
        due = [month.due.points for month in (await service.forecast(session)).months]
        await service.close_days(session, day=DAY)

    went = await night(session, lapses)
    again = await night(session, lapses)

    after = await account(session, customer)
    assert ([one.points for one in told], due) == ([10], [10])
    assert (went, again) == ({"read": 1, "expired": 1, "rolled_over": 0, "points": 10}, {})
    assert (after.balance, after.lapses_on) == (26, date(2027, 11, 25))
    query = select(PointsLot.remaining).order_by(col(PointsLot.id))
    assert (await session.exec(query)).all() == [1, 25]
    late = clock.start_of_day(date(2027, 11, 26)) + timedelta(hours=1)
    with pytest.raises(InsufficientPoints):  # the second share lapsed, though no night has posted it: 26 - 7
        await post_points(session, customer, Kind.REDEEM, 20, at=late)
    assert (await post_points(session, customer, Kind.REDEEM, 19, at=late)).available_after == 0
    assert await check(session) == []


async def test_points_that_lapse_leave_a_closed_day_as_it_was_closed(session: AsyncSession, customer: UUID) -> None:
    await let_lapse(session)
    await post_points(session, customer, Kind.EARN, 10)
    await post_points(session, customer, Kind.EARN, 5, expires_on=DAY + timedelta(days=400))
    with clock.fixed_at(NOON + timedelta(days=1)):
        await service.close_days(session, day=DAY)
    assert await check(session) == []
    lapses = (await account(session, customer)).lapses_on
    assert lapses is not None

    assert (await night(session, lapses))["points"] == 15
    assert await check(session) == []
