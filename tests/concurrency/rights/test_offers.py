"""Budgets and the bound for everybody under parallel redemptions: exact, whoever comes (RGT-24, RGT-07)."""

import asyncio
from uuid import UUID

import pytest
from sqlmodel import select

from guibin.core import clock
from guibin.core.errors import Refusal
from guibin.core.ids import new_id
from guibin.points import invariants as points_invariants
from guibin.programme.models import Budget
from guibin.rights import invariants
from guibin.rights.models import RightsTotal
from guibin.rights.service import RedemptionRequest, redeem
from guibin.security.actors import Scope
from support.house import ROOT, House
from support.points import sessions_of
from support.rights import add_right, customer_actor
from support.shop import Shop

pytestmark = pytest.mark.merge

CUSTOMERS = 64


@pytest.mark.parametrize(
    ("offer", "code"),
    [
        ({"owner_branch": ROOT, "budget_line": "credit_card", "unit_cost": "3.00"}, "budget_exhausted"),
        ({"total_limit": 10}, "limit_reached"),
    ],
    ids=["budget", "total"],
)
async def test_of_64_customers_at_once_exactly_ten_get_what_is_left(
    house: House, offer: dict[str, object], code: str
) -> None:
    shop = Shop(house)
    customers = await shop.customers(CUSTOMERS, 500)
    async with house.sessions() as session:
        right = await add_right(session, created_at=clock.now(), offer=offer)
        session.add(RightsTotal(right_id=right, taken=0))
        budget = Budget(
            branch_id=house.branches[ROOT].id,
            id=new_id(),
            year=clock.today().year,
            line="credit_card",
            fen_limit=30_99,
            created_at=clock.now(),
        )
        session.add(budget)
        await session.commit()
    async with sessions_of(house.database.customer_url, pool_size=16) as factory:

        async def take(customer: UUID) -> str:
            async with factory() as session:
                try:
                    await redeem(
                        session,
                        Scope.of_customer(customer),
                        actor=customer_actor(customer),
                        customer_id=customer,
                        request=RedemptionRequest(right, 1),
                    )
                except Refusal as refusal:
                    await session.rollback()
                    return refusal.code
                await session.commit()
                return "done"

        answers = await asyncio.gather(*(take(customer) for customer in customers))
    assert sorted(set(answers)) == sorted({"done", code})
    assert answers.count("done") == 10
    async with house.sessions() as session:
        found = (await session.exec(select(Budget.fen_spent))).one()
        assert found == (30_00 if "budget_line" in offer else 0)
        assert await points_invariants.check(session) == []
        assert await invariants.check(session) == []
