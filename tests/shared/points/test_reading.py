"""What a customer has, and how it came about."""

from datetime import date, timedelta
from uuid import UUID

import pytest
from sqlalchemy import update
from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.core import clock
from guibin.core.errors import NotFound
from guibin.core.ids import new_id
from guibin.points import service
from guibin.points.facts import POINTS_FACTS
from guibin.points.models import EntryKind, PointsAccount
from guibin.points.repository import rows_of
from guibin.points.service import EntryFilter, EntryView, WalletBalance
from guibin.security.actors import Scope
from support.points import NOON, add_customers, let_owner_post, post_points

DAY = clock.business_day(NOON)
BANK = Scope(whole_bank=True)


@pytest.fixture
async def customer(session: AsyncSession) -> UUID:
    await let_owner_post(session)
    return (await add_customers(session))[0]


async def reward(session: AsyncSession, customer_id: UUID, today: date = DAY) -> WalletBalance:
    found = await service.balances(session, BANK, customer_id=customer_id, today=today)
    return next(own for own in found.wallets if own.wallet.code == "reward")


async def history(
    session: AsyncSession, customer_id: UUID, *, limit: int = 100, scope: Scope = BANK, **wanted: object
) -> list[EntryView]:
    wish = EntryFilter(**wanted)  # type: ignore[arg-type] # by name from the table of cases
    return list(await service.list_entries(session, scope, customer_id=customer_id, wanted=wish, limit=limit))


async def test_a_customer_without_an_account_has_every_wallet_in_use_and_nothing_in_it(
    session: AsyncSession, customer: UUID
) -> None:
    found = await service.balances(session, BANK, customer_id=customer, today=DAY)

    assert [(own.wallet.code, own.balance, own.expiring) for own in found.wallets] == [
        ("reward", 0, []),
        ("service", 0, []),
    ]


async def test_the_balance_lists_every_day_on_which_points_are_due(session: AsyncSession, customer: UUID) -> None:
    for points, year in ((300, 2027), (200, 2026), (100, 2027)):
        await post_points(session, customer, EntryKind.EARN, points, expires_on=date(year, 12, 31))
    await post_points(session, customer, EntryKind.REDEEM, 50)

    own = await reward(session, customer)

    assert [(due.date, due.points) for due in own.expiring] == [(date(2026, 12, 31), 150), (date(2027, 12, 31), 400)]
    assert (own.balance, own.available, own.lifetime_earned) == (550, 550, 600)


async def test_the_balance_says_when_pending_points_come_free_and_adds_up_from_all_that_ever_moved(
    session: AsyncSession, customer: UUID
) -> None:
    given = await post_points(session, customer, EntryKind.EARN, 100)
    await post_points(session, customer, EntryKind.REDEEM, 60)
    with clock.fixed_at(NOON):
        for days, points in ((9, 5), (3, 7), (3, 1)):
            await service.add_pending(
                session,
                customer_id=customer,
                wallet="reward",
                points=points,
                pending_until=DAY + timedelta(days=days),
                reason_zh="测试",
                reason_en="test",
                source_kind="rule",
                source_id=f"{days}:{points}",
                actor_id=customer,
            )
        await service.claw_back(
            session,
            customer_id=customer,
            entry_id=given.entry_id,
            points=100,
            reason_zh="测试",
            reason_en="test",
            source_kind="entry",
            source_id="back",
            actor_id=customer,
        )

    own = await reward(session, customer)

    assert [(one.date, one.points) for one in own.releases] == [
        (DAY + timedelta(days=3), 8),
        (DAY + timedelta(days=9), 5),
    ]
    moved = {str(line): points for line, points in own.lifetime.items() if points}
    assert moved == {"earned": 100, "redeemed": -60, "clawed_back": -100}
    assert (own.balance, own.debt, sum(moved.values())) == (0, 60, -60)


async def test_held_and_expired_points_are_not_available(session: AsyncSession, customer: UUID) -> None:
    await post_points(session, customer, EntryKind.EARN, 100, expires_on=DAY)
    await post_points(session, customer, EntryKind.EARN, 100, expires_on=DAY + timedelta(days=1))
    await session.exec(update(PointsAccount).where(col(PointsAccount.customer_id) == customer).values(held=30))

    own = await reward(session, customer, DAY + timedelta(days=1))

    assert (own.balance, own.held, own.available) == (200, 30, 70)
    assert [due.date for due in own.expiring] == [DAY + timedelta(days=1)]


async def test_the_balance_of_a_neighbour_is_not_found(session: AsyncSession, customer: UUID) -> None:
    with pytest.raises(NotFound):
        await service.balances(session, Scope.of_customer(new_id()), customer_id=customer, today=DAY)


async def test_the_history_of_a_neighbour_is_not_found(session: AsyncSession, customer: UUID) -> None:
    await post_points(session, customer, EntryKind.EARN, 100)

    with pytest.raises(NotFound):
        await history(session, customer, scope=Scope.of_customer(new_id()))


async def test_a_debit_shows_the_lots_it_drew_on_and_a_credit_the_lot_it_made(
    session: AsyncSession, customer: UUID
) -> None:
    await post_points(session, customer, EntryKind.EARN, 100, expires_on=date(2027, 12, 31))
    await post_points(session, customer, EntryKind.EARN, 100, expires_on=date(2026, 12, 31))
    await post_points(session, customer, EntryKind.REDEEM, 150)

    shown = await history(session, customer, wallet="reward")

    assert [(view.entry.points, [(lot.points, lot.expires_on) for lot in view.lots]) for view in shown] == [
        (-150, [(100, date(2026, 12, 31)), (50, date(2027, 12, 31))]),
        (100, [(100, date(2026, 12, 31))]),
        (100, [(100, date(2027, 12, 31))]),
    ]


async def test_a_refund_shows_the_lots_it_gave_back_to(session: AsyncSession, customer: UUID) -> None:
    await post_points(session, customer, EntryKind.EARN, 100, expires_on=date(2027, 12, 31))
    spent = await post_points(session, customer, EntryKind.REDEEM, 60)
    why = {"reason_zh": "测试", "reason_en": "test", "source_kind": "run", "source_id": "1"}
    await service.refund(session, customer_id=customer, entry_id=spent.entry_id, points=60, actor_id=new_id(), **why)

    refunded, *_ = await history(session, customer, wallet="reward")

    assert (refunded.entry.points, [lot.points for lot in refunded.lots]) == (60, [60])


async def test_pages_of_a_wallet_follow_its_seq(session: AsyncSession, customer: UUID) -> None:
    for points in range(1, 8):
        await post_points(session, customer, EntryKind.EARN, points)

    first = await history(session, customer, wallet="reward", limit=3)
    second = await history(session, customer, wallet="reward", limit=3, after_seq=first[-1].entry.seq)

    assert [view.entry.seq for view in first + second] == [7, 6, 5, 4, 3, 2]


async def test_pages_over_all_wallets_follow_the_time_of_posting(session: AsyncSession, customer: UUID) -> None:
    for minute, wallet in enumerate(("reward", "service", "reward")):
        at = NOON + timedelta(minutes=minute)
        await post_points(session, customer, EntryKind.EARN, minute + 1, wallet=wallet, at=at)

    (newest,) = await history(session, customer, limit=1)
    rest = await history(session, customer, after_moment=(newest.entry.posted_at, newest.entry.id))

    assert [view.entry.points for view in [newest, *rest]] == [3, 2, 1]


async def test_the_history_is_filtered_by_kind_and_days(session: AsyncSession, customer: UUID) -> None:
    for days in (2, 1, 0):
        await post_points(session, customer, EntryKind.EARN, 10 + days, at=NOON - timedelta(days=days))
    await post_points(session, customer, EntryKind.REDEEM, 5)

    earned = await history(session, customer, kind=EntryKind.EARN, start=DAY - timedelta(days=1), end=DAY)

    assert [view.entry.points for view in earned] == [10, 11]


async def test_the_facts_of_a_customer_are_the_available_points_of_each_wallet(
    session: AsyncSession, customer: UUID
) -> None:
    await post_points(session, customer, EntryKind.EARN, 100, expires_on=DAY)
    await post_points(session, customer, EntryKind.EARN, 40, expires_on=DAY - timedelta(days=1))
    await post_points(session, customer, EntryKind.EARN, 7, wallet="service")

    rows = await rows_of(session, POINTS_FACTS.select(DAY))

    assert [dict(row) for row in rows] == [{"customer_id": customer, "points": {"reward": 100, "service": 7}}]
