"""What an offer does to a redemption: classes, guests, audiences, wallets, bounds for everybody, budgets, stops."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import update
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.core import clock
from guibin.core.errors import NotFound, Refusal
from guibin.core.ids import new_id, to_public
from guibin.customers.models import Customer
from guibin.organisation.models import Branch, BranchClosure
from guibin.points import defaults
from guibin.points.errors import SpendCapReached
from guibin.points.models import EntryKind, SourceKind, Wallet
from guibin.points.service import hold
from guibin.programme.errors import BudgetExhausted, Stopped
from guibin.programme.models import Budget, BudgetDraw, KillSwitch
from guibin.programme.service import give_back
from guibin.rights.errors import (
    CategoryNotSpendable,
    LimitReached,
    NotEligible,
    TooManyCompanions,
)
from guibin.rights.models import RightsTotal
from guibin.rights.service import CatalogueFilter, RedemptionRequest, list_catalogue, preview
from guibin.security.actors import Scope
from guibin.tags.models import CustomerTag, Tag
from support.points import ACTOR, DAY, NOON, post_points
from support.rights import add_customer_with, add_right, give_tier, take
from support.statements import statements

MOST_STATEMENTS = 9
"""Of a redemption, whatever its terms: what decides is read at once, and what a right does not have is not asked."""

GUESTS = {
    "most": [{"tier": "T3", "guests": 2}],
    "points": 60,
    "quotas": [{"tier": "T3", "period": "year", "times": 1}],
}


async def refused(session: AsyncSession, refusal: type[Refusal], *args: Any, **wish: Any) -> dict[str, object]:
    with pytest.raises(refusal) as caught:
        async with session.begin_nested():
            await take(session, *args, **wish)
    return caught.value.facts


async def add_budget(session: AsyncSession, customer: UUID, **limits: int) -> str:
    """Give the customer's branch a budget of the card line for the year, and return the branch's code."""
    query = select(Branch).join(Customer, col(Customer.branch_id) == Branch.id).where(Customer.id == customer)
    branch = (await session.exec(query)).one()
    session.add(BranchClosure(ancestor_id=branch.id, descendant_id=branch.id))
    session.add(Budget(branch_id=branch.id, id=new_id(), year=2026, line="credit_card", created_at=NOON, **limits))
    await session.flush()
    return branch.code


async def test_guests_are_free_by_their_own_quota_and_counted_for_the_next_time(bank: AsyncSession) -> None:
    customer = await add_customer_with(bank)
    await give_tier(bank, customer, "T3")
    right = await add_right(bank, offer={"companions": GUESTS})
    first = (await take(bank, customer, right, companions=2)).redemption
    again = (await take(bank, customer, right, companions=1)).redemption
    assert (first.points_charged, first.companions, first.guest_quota_used) == (160, 2, 1)
    assert (again.points_charged, again.guest_quota_used) == (160, 0)
    assert await refused(bank, TooManyCompanions, customer, right, companions=3) == {"most": 2}


async def test_the_class_of_service_decides_the_price_and_stands_in_the_redemption(bank: AsyncSession) -> None:
    customer = await add_customer_with(bank)
    prices: list[dict[str, object]] = [
        {"tier": None, "points": 150, "class_of_service": "A"},
        {"tier": None, "points": 100},
    ]
    right = await add_right(bank, prices=prices)
    done = (await take(bank, customer, right, class_of_service="A")).redemption
    assert (done.points_charged, done.class_of_service) == (150, "A")


async def test_a_tag_opens_a_right_gives_a_price_and_is_never_named(bank: AsyncSession) -> None:
    tagged, other = await add_customer_with(bank), await add_customer_with(bank)
    bank.add(
        Tag(
            code="payroll", kind="manual", axis="service", state="published", name_zh="代", name_en="P", created_at=NOON
        )
    )
    await bank.flush()
    bank.add(CustomerTag(customer_id=tagged, tag_code="payroll", source="manual", since=DAY))
    await bank.flush()
    right = await add_right(
        bank,
        prices=[{"tier": None, "points": 30, "tag": "payroll"}, {"tier": None, "points": 90}],
        offer={"eligibility": {"tags": ["payroll"]}},
    )
    assert (await take(bank, tagged, right)).redemption.points_charged == 30
    assert await refused(bank, NotEligible, other, right) == {"missing": ["tag"]}


async def test_who_does_not_see_a_right_has_none(bank: AsyncSession) -> None:
    customer = await add_customer_with(bank)
    hidden = await add_right(bank, offer={"visibility": {"tiers": ["T5"]}})
    foreign = await add_right(bank, offer={"owner_branch": "no-such-branch"})
    shown = await add_right(bank)
    for right in (hidden, foreign):
        await refused(bank, NotFound, customer, right)
    with clock.fixed_at(NOON):
        listed = await list_catalogue(
            bank,
            Scope.of_customer(customer),
            customer_id=customer,
            wanted=CatalogueFilter(),
            affordable=False,
            after=None,
            limit=10,
        )
    assert [entry.right.item.id for entry in listed] == [shown]


async def test_points_of_another_wallet_pay_where_it_has_a_price(bank: AsyncSession) -> None:
    customer = await add_customer_with(bank, 0)
    await post_points(bank, customer, EntryKind.EARN, 50, wallet=defaults.SERVICE)
    right = await add_right(
        bank, prices=[{"tier": None, "points": 20, "wallet": "service"}, {"tier": None, "points": 90}]
    )
    done = await take(bank, customer, right, wallet="service")
    assert (done.redemption.wallet, done.redemption.points_charged, done.available_after) == ("service", 20, 30)


async def test_a_wallet_buys_its_own_categories_only_and_up_to_its_caps(bank: AsyncSession) -> None:
    customer = await add_customer_with(bank)
    goods, travel = await add_right(bank, category="shopping"), await add_right(bank)
    caps = [{"kind": "spend", "period": "day", "points": 250}, {"kind": "earn", "period": "day", "points": 1}]
    await bank.execute(update(Wallet).where(col(Wallet.code) == "reward").values(spendable=["travel"], caps=caps))
    assert await refused(bank, CategoryNotSpendable, customer, goods) == {"category": "shopping"}
    await take(bank, customer, travel, quantity=2)
    facts = await refused(bank, SpendCapReached, customer, travel)
    assert facts == {"points": 250, "period": "day", "left": 50}


async def test_points_that_are_set_aside_count_against_a_cap_of_what_is_spent(bank: AsyncSession) -> None:
    customer, right = await add_customer_with(bank), await add_right(bank)
    caps = [{"kind": "spend", "period": "month", "points": 250}]
    await bank.execute(update(Wallet).where(col(Wallet.code) == "reward").values(caps=caps))
    with clock.fixed_at(NOON):
        await hold(
            bank,
            customer_id=customer,
            wallet="reward",
            points=60,
            reason_zh="测试",
            reason_en="test",
            source_kind=SourceKind.RUN,
            source_id="held",
            actor_id=ACTOR,
            expires_at=NOON + timedelta(hours=1),
        )
    facts = await refused(bank, SpendCapReached, customer, right, quantity=2)
    assert facts == {"points": 250, "period": "month", "left": 190}
    with clock.fixed_at(NOON):
        wish = RedemptionRequest(right, 2)
        seen = await preview(bank, Scope.of_customer(customer), customer_id=customer, request=wish)
    assert [reason.facts["left"] for reason in seen.decision.reasons] == [190]
    await take(bank, customer, right)


async def test_the_bound_for_everybody_is_counted_over_all_customers(bank: AsyncSession) -> None:
    first, second = await add_customer_with(bank), await add_customer_with(bank)
    right = await add_right(bank, offer={"total_limit": 3})
    bank.add(RightsTotal(right_id=right, taken=0))
    await take(bank, first, right, quantity=2)
    facts = await refused(bank, LimitReached, second, right, quantity=2)
    assert facts == {"times": 3, "period": "lifetime", "of": "everybody"}
    await take(bank, second, right)


async def test_a_budget_is_drawn_until_it_is_used_up_and_what_is_given_back_is_there_again(bank: AsyncSession) -> None:
    customer = await add_customer_with(bank)
    branch = await add_budget(bank, customer, points_limit=250)
    offer = {"owner_branch": branch, "budget_line": "credit_card", "unit_cost": "5.00"}
    right = await add_right(bank, offer=offer)
    done = (await take(bank, customer, right, quantity=2)).redemption
    await refused(bank, BudgetExhausted, customer, right)
    with clock.fixed_at(NOON):
        seen = await preview(
            bank, Scope.of_customer(customer), customer_id=customer, request=RedemptionRequest(right, 1)
        )
    assert [reason.code for reason in seen.decision.reasons] == ["budget_exhausted"]
    await give_back(bank, source_kind="redemption", source_id=to_public("rdm", done.id), share=(1, 2))
    await take(bank, customer, right)
    rows = (await bank.exec(select(BudgetDraw.points, BudgetDraw.fen).order_by(col(BudgetDraw.drawn_at)))).all()
    assert sorted(rows) == [(100, 5_00), (100, 5_00)]


async def test_without_a_budget_for_the_year_there_is_nothing_to_draw(bank: AsyncSession) -> None:
    customer = await add_customer_with(bank)
    branch = await add_budget(bank, customer, fen_limit=10_00)
    right = await add_right(bank, offer={"owner_branch": branch, "budget_line": "agri_credit"})
    await refused(bank, BudgetExhausted, customer, right)


@pytest.mark.parametrize("target", ["programme", "wallet", "right"])
async def test_what_is_stopped_is_refused_at_once(bank: AsyncSession, target: str) -> None:
    customer, right = await add_customer_with(bank), await add_right(bank)
    subject = {"programme": "", "wallet": "reward", "right": to_public("rgt", right)}[target]
    switch = KillSwitch(
        target=target, subject=subject, earning=True, spending=True, reason="a test", set_by=new_id(), set_at=NOON
    )
    bank.add(switch)
    await bank.flush()
    await refused(bank, Stopped, customer, right)
    switch.spending = False
    await bank.flush()
    await take(bank, customer, right)


async def test_a_redemption_asks_the_database_as_little_as_its_terms_allow(bank: AsyncSession) -> None:
    customer = await add_customer_with(bank)
    branch = await add_budget(bank, customer, points_limit=500)
    plain = await add_right(bank, stock=9)
    rich = await add_right(
        bank,
        prices=[{"tier": None, "points": 30, "tag": "payroll"}, {"tier": None, "points": 90}],
        offer={"owner_branch": branch, "budget_line": "credit_card", "companions": GUESTS},
    )
    counts = []
    for right in (plain, rich):
        with statements() as sent:
            await take(bank, customer, right)
        counts.append(len([statement for statement in sent if "SAVEPOINT" not in statement]))
    # Right, account, profile, usage, entry, redemption, its step, stock, and what is told of it: a budget costs one
    # where there is no stock.
    assert counts[0] <= MOST_STATEMENTS
    assert counts[1] <= MOST_STATEMENTS
