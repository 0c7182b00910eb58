"""The door to the ledger, called through Python in a transaction that is rolled back."""

from datetime import date, timedelta
from uuid import UUID

import pytest
from sqlalchemy import update
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.core import clock
from guibin.core.errors import NotFound
from guibin.points import service
from guibin.points.errors import AccountClosed, AccountFrozen, InsufficientPoints, WalletClosed
from guibin.points.models import AccountState, EntryKind, PointsAccount, PointsEntry, PointsLot, SourceKind
from support.points import ACTOR, NOON, add_customers, let_owner_post, post_points


@pytest.fixture
async def customer(session: AsyncSession) -> UUID:
    await let_owner_post(session)
    return (await add_customers(session))[0]


async def account_of(session: AsyncSession, customer_id: UUID) -> PointsAccount:
    query = select(PointsAccount).where(PointsAccount.customer_id == customer_id)
    return (await session.exec(query.execution_options(populate_existing=True))).one()


async def set_account(session: AsyncSession, customer_id: UUID, **values: object) -> None:
    await session.exec(update(PointsAccount).where(col(PointsAccount.customer_id) == customer_id).values(**values))


async def test_an_account_is_made_on_first_use(session: AsyncSession, customer: UUID) -> None:
    account = await service.lock_account(session, customer_id=customer, wallet="reward")

    assert account == service.LockedAccount(balance=0, held=0, debt=0, pending=0, available=0, state=AccountState.OPEN)


async def test_a_credit_makes_a_lot_that_expires_by_the_wallets_rule(session: AsyncSession, customer: UUID) -> None:
    posted = await post_points(session, customer, EntryKind.EARN, 120)

    assert (posted.seq, posted.balance_after, posted.available_after) == (1, 120, 120)
    lot = (await session.exec(select(PointsLot))).one()
    assert (lot.original, lot.remaining, lot.expires_on) == (120, 120, date(2028, 12, 31))


async def test_a_debit_takes_the_earliest_expiry_first_and_permanent_points_last(
    session: AsyncSession, customer: UUID
) -> None:
    await post_points(session, customer, EntryKind.EARN, 50, expires_on=date(2027, 12, 31))
    await post_points(session, customer, EntryKind.EARN, 40, expires_on=date(2026, 12, 31))
    await post_points(session, customer, EntryKind.EARN, 30, expires_on=date(2028, 12, 31))
    await session.exec(update(PointsLot).where(col(PointsLot.expires_on) == date(2027, 12, 31)).values(expires_on=None))

    posted = await post_points(session, customer, EntryKind.REDEEM, 80)

    assert [(lot.points, lot.expires_on) for lot in posted.lots] == [
        (40, date(2026, 12, 31)),
        (30, date(2028, 12, 31)),
        (10, None),
    ]
    assert (posted.balance_after, posted.available_after) == (40, 40)


async def test_redeeming_more_than_the_balance_is_refused(session: AsyncSession, customer: UUID) -> None:
    await post_points(session, customer, EntryKind.EARN, 99)

    with pytest.raises(InsufficientPoints) as refused:
        await post_points(session, customer, EntryKind.REDEEM, 100)

    assert refused.value.facts == {"required": 100, "available": 99, "missing": 1}
    assert (await account_of(session, customer)).version == 1


async def test_held_points_cannot_be_spent(session: AsyncSession, customer: UUID) -> None:
    await post_points(session, customer, EntryKind.EARN, 100)
    await set_account(session, customer, held=30)

    with pytest.raises(InsufficientPoints) as refused:
        await post_points(session, customer, EntryKind.REDEEM, 71)

    assert refused.value.facts["available"] == 70


async def test_points_can_be_spent_on_their_last_day_and_not_on_the_next(session: AsyncSession, customer: UUID) -> None:
    await post_points(session, customer, EntryKind.EARN, 10, expires_on=clock.business_day(NOON))
    await post_points(session, customer, EntryKind.EARN, 10, expires_on=clock.business_day(NOON) - timedelta(days=1))

    posted = await post_points(session, customer, EntryKind.REDEEM, 10)

    assert (posted.balance_after, posted.available_after) == (10, 0)
    with pytest.raises(InsufficientPoints):
        await post_points(session, customer, EntryKind.REDEEM, 1)


async def test_the_same_source_posts_once(session: AsyncSession, customer: UUID) -> None:
    first = await post_points(session, customer, EntryKind.EARN, 10, source="line:1")

    again = await post_points(session, customer, EntryKind.EARN, 25, source="line:1")

    assert (again.duplicate, again.entry_id, again.balance_after) == (True, first.entry_id, 10)
    assert (await account_of(session, customer)).balance == 10


async def test_a_frozen_account_earns_and_does_not_spend(session: AsyncSession, customer: UUID) -> None:
    await post_points(session, customer, EntryKind.EARN, 10)
    await set_account(session, customer, state=AccountState.FROZEN)

    assert (await post_points(session, customer, EntryKind.EARN, 5)).balance_after == 15
    with pytest.raises(AccountFrozen):
        await post_points(session, customer, EntryKind.REDEEM, 5)


async def test_a_closed_account_does_not_move(session: AsyncSession, customer: UUID) -> None:
    await post_points(session, customer, EntryKind.EARN, 10)
    await set_account(session, customer, state=AccountState.CLOSED)

    with pytest.raises(AccountClosed):
        await post_points(session, customer, EntryKind.EARN, 5)


async def test_a_wallet_that_is_off_does_not_move(session: AsyncSession, customer: UUID) -> None:
    with pytest.raises(WalletClosed):
        await service.post(
            session,
            customer_id=customer,
            wallet="growth",
            kind=EntryKind.EARN,
            points=1,
            reason_zh="测试",
            reason_en="test",
            source_kind=SourceKind.EVENT,
            source_id="1",
            actor_id=ACTOR,
        )


async def test_a_wallet_that_does_not_exist_is_not_found(session: AsyncSession, customer: UUID) -> None:
    with pytest.raises(NotFound):
        await post_points(session, customer, EntryKind.EARN, 1, wallet="no_such_wallet")


async def test_earnings_pay_debt_before_they_become_spendable(session: AsyncSession, customer: UUID) -> None:
    await service.lock_account(session, customer_id=customer, wallet="reward")
    await set_account(session, customer, debt=130)

    first = await post_points(session, customer, EntryKind.EARN, 100)
    second = await post_points(session, customer, EntryKind.EARN, 100)

    account = await account_of(session, customer)
    assert (first.balance_after, first.lots) == (0, [])
    assert (second.balance_after, account.debt) == (70, 0)
    entries = (await session.exec(select(PointsEntry).order_by(col(PointsEntry.seq)))).all()
    assert [(entry.points, entry.debt_change) for entry in entries] == [(0, -100), (70, -30)]
