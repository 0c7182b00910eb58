"""Both ports against the model of the ledger (T-MODEL-2): whatever is asked in whatever order, both say the same."""

import httpx
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from guibin.points.models import Wallet
from support.house import House
from support.ledger_over_http import STEPS, Ports, Step
from support.ledger_terms import let_pass_on
from support.shop import Shop


@pytest.mark.merge
@settings(
    max_examples=40,
    deadline=None,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],  # to make a failure smaller takes very long over HTTP
    suppress_health_check=list(HealthCheck),
)
@given(steps=st.lists(STEPS, min_size=10, max_size=40))
async def test_the_ports_agree_with_the_model_of_the_ledger(
    house: House, customer_client: httpx.AsyncClient, bank_client: httpx.AsyncClient, steps: list[Step]
) -> None:
    shop = Shop(house)
    right = await shop.right(prices=[{"tier": None, "points": 1}])
    async with house.sessions() as session:
        wallet = await session.get_one(Wallet, "reward")
        await let_pass_on(session)
        await session.commit()
    first, second = await shop.customer(0), await shop.customer(0)
    ports = Ports(house, customer_client, bank_client, first, right, wallet, second)
    for step in steps:
        await ports.step(step)
    await ports.compare()
