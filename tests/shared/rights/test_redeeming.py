"""Redeeming: quota, points, stock and codes move together or not at all."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import update
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.core import clock
from guibin.core.errors import NotFound, Refusal
from guibin.core.ids import new_id, to_public
from guibin.points.errors import AccountClosed, AccountFrozen, InsufficientPoints, WalletClosed
from guibin.points.models import EntryKind, PointsAccount, PointsEntry
from guibin.points.service import balances
from guibin.rights.errors import (
    LimitReached,
    NoMatchingPrice,
    NotOnSale,
    OutOfStock,
    PriceChanged,
    TierRequired,
)
from guibin.rights.models import Redemption, RedemptionState, RedemptionStep
from guibin.rights.service import RedemptionRequest, preview
from guibin.security.actors import Scope
from guibin.security.ciphers import KeyRing
from support.points import NOON, post_points
from support.rights import (
    add_customer_with,
    add_pool,
    add_right,
    codes_of,
    free_stock,
    give_tier,
    redemptions_of,
    take,
)

T2_TWICE_A_MONTH = [{"tier": "T2", "period": "month", "times": 2}]


async def test_points_stock_redemption_and_its_first_step_move_together(bank: AsyncSession) -> None:
    customer = await add_customer_with(bank, 250)
    right = await add_right(bank, stock=5)
    done = await take(bank, customer, right, quantity=2)
    row = done.redemption
    assert (row.points_charged, row.quota_used, row.state, row.wallet) == (200, 0, RedemptionState.CONFIRMED, "reward")
    assert (done.available_after, [lot.points for lot in done.lots]) == (50, [200])
    assert await free_stock(bank, right) == 3
    entry = (await bank.exec(select(PointsEntry).where(PointsEntry.id == row.entry_id))).one()
    assert (entry.points, entry.source_id, entry.reason_zh) == (-200, to_public("rdm", row.id), "兑换：机场贵宾厅")
    steps = (await bank.exec(select(RedemptionStep).where(RedemptionStep.redemption_id == row.id))).all()
    assert [(step.state, step.actor_id, step.at) for step in steps] == [("confirmed", customer, NOON)]


async def test_points_come_from_the_lots_that_expire_first(bank: AsyncSession) -> None:
    customer = await add_customer_with(bank, 70, expires_on=date(2027, 1, 31))

    await post_points(bank, customer, EntryKind.EARN, 80, expires_on=date(2026, 12, 31))
    done = await take(bank, customer, await add_right(bank))
    assert [(lot.points, lot.expires_on) for lot in done.lots] == [(80, date(2026, 12, 31)), (20, date(2027, 1, 31))]


async def test_the_quota_goes_first_and_the_points_pay_for_the_rest(bank: AsyncSession) -> None:
    customer = await add_customer_with(bank, 100)
    await give_tier(bank, customer, "T2")
    right = await add_right(bank, quotas=T2_TWICE_A_MONTH)
    done = await take(bank, customer, right, quantity=3)
    assert (done.redemption.quota_used, done.redemption.points_charged) == (2, 100)
    assert done.available_after == 0


async def test_a_redemption_by_quota_alone_posts_no_entry(bank: AsyncSession) -> None:
    customer = await add_customer_with(bank, 30)
    await give_tier(bank, customer, "T2")
    done = await take(bank, customer, await add_right(bank, quotas=T2_TWICE_A_MONTH))
    assert (done.redemption.entry_id, done.lots, done.available_after) == (None, [], 30)


async def test_a_customer_who_never_had_points_redeems_by_quota(bank: AsyncSession) -> None:
    customer = await add_customer_with(bank, 0)
    await give_tier(bank, customer, "T2")
    done = await take(bank, customer, await add_right(bank, quotas=T2_TWICE_A_MONTH))
    assert (done.redemption.quota_used, done.available_after) == (1, 0)


async def test_a_quota_is_there_again_in_the_next_period_of_the_business_calendar(bank: AsyncSession) -> None:
    customer = await add_customer_with(bank, 1_000)
    await give_tier(bank, customer, "T2")
    right = await add_right(bank, quotas=[{"tier": "T2", "period": "month", "times": 1}])
    last_minute = datetime(2026, 11, 30, 15, 59, tzinfo=UTC)  # 23:59 in Shanghai
    used = [
        (await take(bank, customer, right, at=at)).redemption.quota_used
        for at in (NOON, last_minute, last_minute + timedelta(minutes=1))
    ]
    assert used == [1, 0, 1]


async def test_the_price_is_the_one_of_the_customers_tier(bank: AsyncSession) -> None:
    customer = await add_customer_with(bank)
    await give_tier(bank, customer, "T3")
    right = await add_right(bank, prices=[{"tier": "T3", "points": 60}, {"tier": None, "points": 90}])
    assert (await take(bank, customer, right)).redemption.points_charged == 60


async def test_a_right_that_costs_nothing_posts_no_entry(bank: AsyncSession) -> None:
    customer = await add_customer_with(bank, 10)
    done = await take(bank, customer, await add_right(bank, prices=[{"tier": None, "points": 0}]))
    assert (done.redemption.points_charged, done.redemption.entry_id) == (0, None)


async def test_each_unit_of_a_right_with_codes_takes_a_code(bank: AsyncSession, keys: KeyRing) -> None:
    customer = await add_customer_with(bank)
    right = await add_pool(bank, keys, ["CODE-0001", "CODE-0002", "CODE-0003"])
    done = await take(bank, customer, right, quantity=2)
    holders = [code.redemption_id for code in await codes_of(bank, right)]
    assert holders == [done.redemption.id, done.redemption.id, None]


async def test_the_expected_price_is_compared_and_the_right_one_is_told(bank: AsyncSession) -> None:
    customer = await add_customer_with(bank)
    right = await add_right(bank)
    with pytest.raises(PriceChanged) as caught:
        await take(bank, customer, right, quantity=2, expected_points=100)
    assert caught.value.facts == {"points": 200}
    assert (await take(bank, customer, right, quantity=2, expected_points=200)).redemption.points_charged == 200


async def test_missing_points_are_told(bank: AsyncSession) -> None:
    customer = await add_customer_with(bank, 99)
    with pytest.raises(InsufficientPoints) as caught:
        await take(bank, customer, await add_right(bank))
    assert caught.value.facts == {"required": 100, "available": 99, "missing": 1}


async def test_r5_points_that_expire_today_pay_and_yesterdays_do_not(bank: AsyncSession) -> None:
    customer = await add_customer_with(bank, 100, expires_on=date(2026, 11, 25))
    right = await add_right(bank)
    after_midnight = datetime(2026, 11, 25, 16, 0, tzinfo=UTC)
    with pytest.raises(InsufficientPoints):
        await take(bank, customer, right, at=after_midnight)
    done = await take(bank, customer, right, at=after_midnight - timedelta(seconds=1))
    assert done.redemption.points_charged == 100


async def test_more_units_than_there_are_takes_nothing_at_all(bank: AsyncSession) -> None:
    customer = await add_customer_with(bank)
    right = await add_right(bank, stock=2)
    await refused(bank, OutOfStock, customer, right, quantity=3)
    assert await free_stock(bank, right) == 2
    assert await redemptions_of(bank, right) == []


async def test_fewer_codes_than_units_takes_nothing_at_all(bank: AsyncSession, keys: KeyRing) -> None:
    customer = await add_customer_with(bank)
    right = await add_pool(bank, keys, ["CODE-0001"])
    await refused(bank, OutOfStock, customer, right, quantity=2)
    assert [code.redemption_id for code in await codes_of(bank, right)] == [None]


async def test_a_counted_right_without_any_stock_is_out_of_stock(bank: AsyncSession) -> None:
    customer = await add_customer_with(bank)
    await refused(bank, OutOfStock, customer, await add_right(bank, stock_mode="counted"))


@pytest.mark.parametrize(
    ("period", "later"),
    [("day", timedelta(days=1)), ("month", timedelta(days=6)), ("year", timedelta(days=37))],
)
async def test_a_limit_holds_within_its_period_and_no_longer(bank: AsyncSession, period: str, later: timedelta) -> None:
    customer = await add_customer_with(bank)
    right = await add_right(bank, limit_times=2, limit_period=period)
    await take(bank, customer, right, quantity=2)
    facts = await refused(bank, LimitReached, customer, right)
    assert facts == {"times": 2, "period": period, "left": 0}
    await take(bank, customer, right, at=NOON + later)


async def test_a_limit_for_life_never_ends(bank: AsyncSession) -> None:
    customer = await add_customer_with(bank)
    right = await add_right(bank, limit_times=1, limit_period="lifetime")
    await take(bank, customer, right)
    with pytest.raises(LimitReached):
        await take(bank, customer, right, at=NOON + timedelta(days=300))


@pytest.mark.parametrize("state", [RedemptionState.CANCELLED, RedemptionState.REFUNDED, RedemptionState.FAILED])
async def test_what_was_given_back_counts_neither_for_limit_nor_for_quota(
    bank: AsyncSession, state: RedemptionState
) -> None:
    customer = await add_customer_with(bank)
    await give_tier(bank, customer, "T2")
    right = await add_right(bank, quotas=T2_TWICE_A_MONTH, limit_times=1, limit_period="month")
    first = await take(bank, customer, right)
    await end_as(bank, first.redemption, state)
    assert (await take(bank, customer, right)).redemption.quota_used == 1


async def test_a_customer_of_another_tier_is_told_which_one_it_takes(bank: AsyncSession) -> None:
    customer = await add_customer_with(bank)
    await give_tier(bank, customer, "T1")
    right = await add_right(bank, minimum_tier="T2")
    assert await refused(bank, TierRequired, customer, right) == {"required": "T2", "current": "T1"}


async def test_a_tier_that_begins_tomorrow_does_not_count_today(bank: AsyncSession) -> None:
    customer = await add_customer_with(bank)
    await give_tier(bank, customer, "T2", since=date(2026, 11, 26))
    right = await add_right(bank, minimum_tier="T2")
    assert await refused(bank, TierRequired, customer, right) == {"required": "T2", "current": None}
    await take(bank, customer, right, at=NOON + timedelta(days=1))


async def test_a_right_without_a_price_for_the_customer_is_refused(bank: AsyncSession) -> None:
    customer = await add_customer_with(bank)
    await refused(bank, NoMatchingPrice, customer, await add_right(bank, prices=[{"tier": "T5", "points": 1}]))


@pytest.mark.parametrize(
    "columns",
    [
        {"state": "suspended"},
        {"on_sale_from": NOON + timedelta(seconds=1)},
        {"on_sale_to": NOON},
    ],
    ids=["suspended", "not begun", "ended"],
)
async def test_a_right_that_is_not_on_sale_is_refused(bank: AsyncSession, columns: dict[str, Any]) -> None:
    customer = await add_customer_with(bank)
    await refused(bank, NotOnSale, customer, await add_right(bank, **columns))


@pytest.mark.parametrize("state", ["draft", "pending"])
async def test_a_right_that_was_never_published_is_not_there(bank: AsyncSession, state: str) -> None:
    customer = await add_customer_with(bank)
    await refused(bank, NotFound, customer, await add_right(bank, state=state))


async def test_an_unknown_right_is_not_there(bank: AsyncSession) -> None:
    await refused(bank, NotFound, await add_customer_with(bank), new_id())


@pytest.mark.parametrize(("state", "refusal"), [("frozen", AccountFrozen), ("closed", AccountClosed)])
async def test_an_account_that_does_not_move_redeems_nothing_not_even_by_quota(
    bank: AsyncSession, state: str, refusal: type[Refusal]
) -> None:
    customer = await add_customer_with(bank)
    await give_tier(bank, customer, "T2")
    await bank.execute(update(PointsAccount).where(col(PointsAccount.customer_id) == customer).values(state=state))
    await refused(bank, refusal, customer, await add_right(bank, quotas=T2_TWICE_A_MONTH))


async def test_a_wallet_that_is_not_in_use_redeems_nothing(bank: AsyncSession) -> None:
    await refused(bank, WalletClosed, await add_customer_with(bank), await add_right(bank, wallet="growth"))


async def test_a_dry_run_tells_all_reasons_and_writes_nothing(bank: AsyncSession) -> None:
    customer = await add_customer_with(bank, 99)
    right = await add_right(bank, minimum_tier="T2", stock=1)
    scope = Scope.of_customer(customer)
    with clock.fixed_at(NOON):
        seen = await preview(bank, scope, customer_id=customer, request=RedemptionRequest(right, 2))
        after = await balances(bank, scope, customer_id=customer, today=clock.today())
    assert [reason.code for reason in seen.decision.reasons] == ["tier_required", "insufficient_points", "out_of_stock"]
    assert (seen.available, seen.decision.points) == (99, 200)
    assert next(wallet.available for wallet in after.wallets if wallet.wallet.code == "reward") == 99
    assert await redemptions_of(bank, right) == []


async def refused(
    session: AsyncSession, refusal: type[Refusal], customer: UUID, right: UUID, *, quantity: int = 1
) -> dict[str, object]:
    """Redeem inside a savepoint, as the unit of work does, and return the facts of the refusal."""
    with pytest.raises(refusal) as caught:
        async with session.begin_nested():
            await take(session, customer, right, quantity=quantity)
    return caught.value.facts


async def end_as(session: AsyncSession, row: Redemption, state: RedemptionState) -> None:
    """Let a redemption end in a state, by legal steps."""
    path = [RedemptionState.FULFILLED, state] if state is RedemptionState.REFUNDED else [state]
    for number, step in enumerate(path, start=1):
        at = NOON + timedelta(minutes=number)
        session.add(
            RedemptionStep(customer_id=row.customer_id, redemption_id=row.id, state=step, at=at, actor_id=new_id())
        )
    row.state = state
    await session.flush()
