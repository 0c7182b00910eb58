"""What a tier's free rights cost: all that is free, and what was had of it."""

import pytest
from sqlalchemy import update
from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.core import clock
from guibin.points.models import Wallet
from guibin.rights.service import TierCost, cost_of_tiers
from guibin.tiers.repository import list_tiers
from support.packages import add_package
from support.points import NOON
from support.rights import add_customer_with, add_right, give_tier, take

TWO_A_MONTH = {"tier": "T2", "period": "month", "times": 2}
ONE_A_YEAR = {"tier": "T3", "period": "year", "times": 1}


async def _costs(bank: AsyncSession) -> dict[str, TierCost]:
    with clock.fixed_at(NOON):
        return await cost_of_tiers(bank, await list_tiers(bank))


async def test_what_is_free_costs_what_its_terms_say_and_what_was_had_is_shared_by_the_tier(bank: AsyncSession) -> None:
    terms = {"unit_cost": "80.00", "companions": {"quotas": [ONE_A_YEAR]}}
    lounge = await add_right(bank, quotas=[TWO_A_MONTH, ONE_A_YEAR], offer=terms)
    customers = [await add_customer_with(bank, 0) for _ in range(3)]
    for customer in customers:
        await give_tier(bank, customer, "T2")
    await take(bank, customers[0], lounge, quantity=2)
    costs = await _costs(bank)
    assert costs["T2"] == TierCost(at_most_fen=24 * 80_00, usual_fen=(2 * 80_00 * 2 + 3) // 6)
    assert costs["T3"] == TierCost(at_most_fen=2 * 80_00, usual_fen=0)
    assert costs["T1"] == TierCost(0, 0)


@pytest.mark.parametrize(("prices", "cost"), [([{"tier": None, "points": 100}], 100 * 3), ([], 0)])
async def test_without_a_cost_of_its_own_a_unit_costs_the_worth_of_its_points(
    bank: AsyncSession, prices: list[dict[str, object]], cost: int
) -> None:
    await add_right(bank, prices=prices, quotas=[ONE_A_YEAR])
    await bank.exec(update(Wallet).where(col(Wallet.code) == "reward").values(cost_fen=3))
    assert (await _costs(bank))["T3"].at_most_fen == cost


async def test_a_package_costs_the_dearest_of_what_may_be_chosen(bank: AsyncSession) -> None:
    cheap, dear, dearest = [await add_right(bank, offer={"unit_cost": f"{cost}.00"}) for cost in (10, 30, 50)]
    await add_package(bank, {cheap: 1, dear: 3, dearest: 1}, choose=2)
    assert (await _costs(bank))["T2"].at_most_fen == 12 * (3 * 30_00 + 50_00)
