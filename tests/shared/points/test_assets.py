"""A month's assets become points: once, corrected once, and the same in one statement as one by one."""

from datetime import UTC, date, datetime
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select as sa_select
from sqlalchemy import update
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.core import clock
from guibin.core.lines import Line
from guibin.customers.models import Customer
from guibin.holdings.models import HoldingBalance
from guibin.organisation.models import BranchClosure
from guibin.points.assets import award_repository, repository, rules, service
from guibin.points.assets.errors import DepositRewardForbidden
from guibin.points.assets.models import AssetAward, AssetRule
from guibin.points.invariants import check
from guibin.points.models import AccountState, EntryKind, Expiry, PointsAccount, PointsEntry, PointsLot, Wallet
from guibin.products.models import ProductClass
from guibin.programme.models import KillSwitch, Target
from guibin.tiers import defaults as tiers
from support.assets import OCTOBER, OCTOBER_END, WAN, asset_rule, hold, send_day
from support.points import add_customers, let_owner_post, post_points
from support.tiers import give_tier

NOVEMBER_1 = datetime(2026, 11, 1, 2, tzinfo=UTC)
SEVENTH, LONG_AGO = date(2026, 11, 7), date(2025, 1, 1)
FUND = ProductClass.FUND


@pytest.fixture
async def rule(session: AsyncSession) -> AssetRule:
    await let_owner_post(session)
    await add_customers(session)
    made = asset_rule()
    session.add(made)
    await session.flush()
    return made


async def night(session: AsyncSession, day: date = OCTOBER_END) -> dict[str, int]:
    """Run the night's two steps; returns their counts together."""
    with clock.fixed_at(datetime(day.year, day.month, day.day, 18, tzinfo=UTC)):  # 2 o'clock of the next day
        counts = await service.award(session, day=day)
        total = {"posted": 0, "points": 0}
        while (batch := await service.post_awards(session, limit=2))["read"]:
            total = {name: total[name] + batch[name] for name in total}
    return counts | total


async def entries(session: AsyncSession, customer_id: UUID) -> list[tuple[str, int]]:
    query = select(PointsEntry).where(PointsEntry.customer_id == customer_id).order_by(col(PointsEntry.seq))
    return [(one.kind, one.points) for one in (await session.exec(query)).all()]


async def rebalance(session: AsyncSession, holding_id: UUID, fen: int) -> None:
    statement = update(HoldingBalance).where(col(HoldingBalance.holding_id) == holding_id).values(balance_fen=fen)
    await session.execute(statement)


async def test_the_night_of_a_months_end_gives_points_and_says_why(session: AsyncSession, rule: AssetRule) -> None:
    (customer,) = await add_customers(session)
    await hold(session, customer, FUND, {LONG_AGO: 123 * WAN + 4_567_00})
    await send_day(session)

    counts = await night(session)

    assert counts == {"read": 1, "refused": 0, "changed": 1, "sealed": 0, "posted": 1, "points": 123}
    entry = (await session.exec(select(PointsEntry).where(PointsEntry.customer_id == customer))).one()
    assert (entry.kind, entry.wallet, entry.points, entry.source_id) == ("earn", "service", 123, "asset:assets:2026-10")
    assert entry.reason_zh == "2026年10月资产日均满 1,230,000.00 元"
    lot = (await session.exec(select(PointsLot).where(PointsLot.customer_id == customer))).one()
    assert lot.expires_on == date(2028, 12, 31)
    assert rule.code in entry.source_id
    assert await check(session) == []


@pytest.mark.usefixtures("rule")
async def test_a_second_night_changes_nothing_and_the_8th_is_too_late(session: AsyncSession) -> None:
    first, late = await add_customers(session, 2)
    await hold(session, first, FUND, {LONG_AGO: 20 * WAN})
    await send_day(session)
    await night(session)

    assert (await night(session))["changed"] == 0
    sealed = await night(session, SEVENTH)
    assert (sealed["sealed"], sealed["changed"]) == (1, 0)
    await hold(session, late, FUND, {LONG_AGO: 20 * WAN})
    after = await night(session, date(2026, 11, 8))
    assert (after["read"], after["posted"]) == (0, 0)
    assert await entries(session, first) == [("earn", 20)]


@pytest.mark.usefixtures("rule")
async def test_who_waits_for_a_late_line_has_points_by_the_8th(session: AsyncSession) -> None:
    customer, unknown = await add_customers(session, 2)
    await hold(session, customer, FUND, {LONG_AGO: 20 * WAN}, line=Line.E_FINANCE)
    holding = await hold(session, unknown, FUND, {OCTOBER_END: 20 * WAN})
    await send_day(session, OCTOBER_END, Line.PERSONAL_FINANCE)

    assert (await night(session))["posted"] == 0
    with clock.fixed_at(NOVEMBER_1):
        await send_day(session)
    session.add(HoldingBalance(customer_id=unknown, holding_id=holding, day=LONG_AGO, balance_fen=30 * WAN))
    await session.flush()
    assert (await night(session, date(2026, 11, 3)))["posted"] == 2
    assert await entries(session, unknown) == [("earn", 29)], "30 days of 300,000 and one of 200,000"


@pytest.mark.usefixtures("rule")
async def test_a_stale_line_counts_as_it_is_known_on_the_last_night(session: AsyncSession) -> None:
    (customer,) = await add_customers(session)
    await hold(session, customer, FUND, {LONG_AGO: 20 * WAN})

    assert [(await night(session, day))["points"] for day in (OCTOBER_END, SEVENTH)] == [0, 20]


@pytest.mark.usefixtures("rule")
async def test_late_balances_are_corrected_once_by_the_difference(session: AsyncSession) -> None:
    more, less, nothing, same = await add_customers(session, 4)
    held = [await hold(session, one, FUND, {LONG_AGO: 20 * WAN}) for one in (more, less, nothing, same)]
    await send_day(session)
    await night(session)
    for holding, fen in zip(held, (25 * WAN, 15 * WAN, 1, 20 * WAN + 1), strict=True):
        await rebalance(session, holding, fen)

    assert (await night(session, date(2026, 11, 6)))["changed"] == 0, "corrections wait for the last night"
    counts = await night(session, SEVENTH)

    assert (counts["changed"], counts["posted"], counts["points"]) == (3, 3, -20)
    assert await entries(session, more) == [("earn", 20), ("earn", 5)]
    assert await entries(session, less) == [("earn", 20), ("claw_back", -5)]
    assert await entries(session, nothing) == [("earn", 20), ("claw_back", -20)]
    assert await entries(session, same) == [("earn", 20)]
    assert await check(session) == []


@pytest.mark.usefixtures("rule")
async def test_pending_points_are_cancelled_where_a_correction_takes_them_back(session: AsyncSession) -> None:
    await session.execute(update(Wallet).where(col(Wallet.code) == "service").values(pending_days=15))
    (customer,) = await add_customers(session)
    holding = await hold(session, customer, FUND, {LONG_AGO: 20 * WAN})
    await send_day(session)
    await night(session)
    await rebalance(session, holding, 15 * WAN)
    await night(session, SEVENTH)

    account = await session.get(PointsAccount, (customer, "service"))
    assert account is not None
    assert (account.balance, account.pending) == (0, 15)
    assert await check(session) == []


@pytest.mark.usefixtures("rule")
async def test_a_closed_account_is_settled_without_an_entry(session: AsyncSession) -> None:
    (customer,) = await add_customers(session)
    await hold(session, customer, FUND, {LONG_AGO: 20 * WAN})
    await send_day(session)
    session.add(PointsAccount(customer_id=customer, wallet="service", state=AccountState.CLOSED, opened_at=NOVEMBER_1))
    await session.flush()

    assert (await night(session))["posted"] == 0
    query = select(AssetAward.points, AssetAward.settled, AssetAward.entry_id)
    assert (await session.exec(query)).one() == (20, 20, None)


async def test_months_that_no_night_has_closed_are_caught_up_with(session: AsyncSession, rule: AssetRule) -> None:
    (customer,) = await add_customers(session)
    await hold(session, customer, FUND, {LONG_AGO: 20 * WAN})
    with clock.fixed_at(NOVEMBER_1):
        await repository.begin_month(session, date(2026, 7, 1), at=clock.now())

    await night(session, OCTOBER_END)

    query = sa_select(col(AssetAward.month)).order_by(col(AssetAward.month))
    assert (await session.execute(query)).scalars().all() == [date(2026, month, 1) for month in (7, 8, 9)], (
        "of October the line's last day is not in"
    )
    assert rule.wallet == "service"


async def test_a_branchs_rule_is_for_its_own_customers(session: AsyncSession, rule: AssetRule) -> None:
    (own,), (other,) = await add_customers(session), await add_customers(session)
    branch = (await session.execute(sa_select(col(Customer.branch_id)).where(col(Customer.id) == own))).scalar_one()
    session.add(BranchClosure(ancestor_id=branch, descendant_id=branch))
    rule.owner_branch_id = branch
    session.add(rule)
    for customer in (own, other):
        await hold(session, customer, FUND, {LONG_AGO: 20 * WAN})
    await send_day(session)

    await night(session)

    assert [await entries(session, one) for one in (own, other)] == [[("earn", 20)], []]


async def test_a_goods_wallet_that_deposits_feed_gets_nothing(session: AsyncSession, rule: AssetRule) -> None:
    (customer,) = await add_customers(session)
    await hold(session, customer, FUND, {LONG_AGO: 20 * WAN})
    await send_day(session)
    wallet = await session.get(Wallet, "service")
    assert wallet is not None
    wallet.transferable = True
    with pytest.raises(DepositRewardForbidden):
        await service.refuse_goods_for_deposits(session, wallet, {wallet.code: wallet})
    await session.flush()

    assert (await night(session))["refused"] == 1
    rule.compliance_document = "合规〔2026〕7号"
    session.add(rule)
    await session.flush()
    await service.refuse_goods_for_deposits(session, wallet, {wallet.code: wallet})
    assert (await night(session))["points"] == 20


async def test_what_deposits_feed_does_not_roll_over_into_what_buys_goods(
    session: AsyncSession, rule: AssetRule
) -> None:
    (customer,) = await add_customers(session)
    await hold(session, customer, FUND, {LONG_AGO: 20 * WAN})
    await send_day(session)
    service_points, reward = await session.get_one(Wallet, "service"), await session.get_one(Wallet, "reward")
    between = Wallet(code="between", name_zh="", name_en="", unit_zh="", unit_en="", cost_fen=1)
    between.expiry, between.expiry_months, between.rolls_over_to = Expiry.ROLLING, 6, "reward"
    wallets = {one.code: one for one in (service_points, reward, between)}
    session.add(between)
    await session.flush()
    await service.refuse_goods_for_deposits(session, between, wallets)

    service_points.rolls_over_to = "between"
    for changed in (service_points, between, reward):
        with pytest.raises(DepositRewardForbidden):
            await service.refuse_goods_for_deposits(session, changed, wallets)

    service_points.rolls_over_to = "reward"
    await session.flush()
    assert (await night(session))["refused"] == 1
    rule.compliance_document = "合规〔2026〕7号"
    session.add(rule)
    await session.flush()
    await service.refuse_goods_for_deposits(session, reward, wallets)


@pytest.mark.usefixtures("rule")
async def test_assets_earn_within_the_caps_of_their_wallet_and_a_correction_takes_back_what_was_given(
    session: AsyncSession,
) -> None:
    await session.execute(
        update(Wallet)
        .where(col(Wallet.code) == "service")
        .values(balance_cap=120, caps=[{"kind": "earn", "period": "month", "points": 15}])
    )
    capped, full, less = await add_customers(session, 3)
    await post_points(session, full, EntryKind.OPENING, 118, wallet="service")
    held = [await hold(session, one, FUND, {LONG_AGO: 20 * WAN}) for one in (capped, full, less)]
    await send_day(session)

    assert (await night(session))["points"] == 15 + 2 + 15
    for holding, fen in zip(held, (25 * WAN, 20 * WAN, 11 * WAN), strict=True):
        await rebalance(session, holding, fen)
    await night(session, SEVENTH)

    assert await entries(session, capped) == [("earn", 15)], "the month of the posting is full"
    assert (await entries(session, full))[1:] == [("earn", 2)]
    assert await entries(session, less) == [("earn", 15), ("claw_back", -4)], "of 15 it keeps the 11 that it is due"
    assert await check(session) == []


@pytest.mark.usefixtures("rule")
@pytest.mark.parametrize(("target", "subject"), [(Target.WALLET, "service"), (Target.PROGRAMME, "")])
async def test_what_is_stopped_is_posted_once_it_goes_on(session: AsyncSession, target: Target, subject: str) -> None:
    (customer,) = await add_customers(session)
    await hold(session, customer, FUND, {LONG_AGO: 20 * WAN})
    await send_day(session)
    switch = KillSwitch(
        target=target, subject=subject, earning=True, spending=False, reason="x", set_by=customer, set_at=NOVEMBER_1
    )
    session.add(switch)
    await session.flush()

    stopped = await night(session)
    switch.earning = False
    await session.flush()

    assert (stopped["changed"], stopped["posted"]) == (1, 0)
    assert (await night(session))["points"] == 20


some_sums = st.dictionaries(
    st.sampled_from((ProductClass.DEPOSITS, FUND, ProductClass.INSURANCE, ProductClass.CUSTODY)),
    st.dictionaries(
        st.sampled_from((LONG_AGO, date(2026, 10, 11), date(2026, 10, 31))),
        st.integers(-5, 400 * WAN),
        min_size=1,
        max_size=3,
    ),
    min_size=1,
    max_size=3,
)


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    owned=some_sums, rate=st.booleans(), cap=st.sampled_from((None, 1, 30)), tier=st.sampled_from((None, "T1", "T2"))
)
async def test_one_statement_gives_what_the_rule_gives(
    session: AsyncSession, owned: dict[ProductClass, dict[date, int]], *, rate: bool, cap: int | None, tier: str | None
) -> None:
    inner = await session.begin_nested()
    try:
        await tiers.seed(session)
        (customer,) = await add_customers(session)
        how = {"step_fen": None, "rate_ppm": 777} if rate else {}
        made = asset_rule(cap_points=cap, tiers=["T1"], **how)
        session.add(made)
        for product_class, balances in owned.items():
            await hold(session, customer, product_class, balances)
        if tier is not None:
            await give_tier(session, customer, tier, on=OCTOBER)
        month = rules.month_of(OCTOBER)
        sums = await award_repository.month_sums(session, customer, month)
        one = rules.assess(sums, rules.Terms.of(made), days=month.days, tier=tier, in_branch=True)
        await award_repository.write_awards(session, made, month, at=NOVEMBER_1, last=True)
        awards = (await session.exec(select(AssetAward.average_fen, AssetAward.points))).all()
        assert awards == ([(one.average_fen, one.points)] if one.points else [])
    finally:
        await inner.rollback()
