"""Money that is told as paid while its time ends, it fails, or the customer gives up: one comes first, wholly."""

import asyncio
from collections.abc import Coroutine
from datetime import timedelta
from typing import Any

import httpx
import pytest

from guibin.core import clock
from guibin.points import invariants as points_invariants
from guibin.rights import invariants
from guibin.rights.service import end_unpaid
from support.house import House
from support.points import sessions_of
from support.shop import Shop
from support.till import PRICES, Till

ROUNDS = 6


@pytest.mark.merge
async def test_one_of_paid_failed_cancelled_and_too_late_comes_first_and_the_others_see_it(
    house: House, customer_client: httpx.AsyncClient, bank_client: httpx.AsyncClient
) -> None:
    shop, till = Shop(house), Till(house, customer_client, bank_client)
    right = await shop.right(prices=PRICES, stock=ROUNDS, offer={"cancel_hours": 1})
    customers = await shop.customers(ROUNDS, 100)
    asked = [(await till.redeem(me, right)).json()["id"] for me in customers]

    async def end() -> None:
        async with sessions_of(house.database.worker_url, pool_size=2) as sessions:
            with clock.fixed_at(clock.now() + timedelta(hours=1)):
                await end_unpaid(sessions)

    def tries(number: int) -> list[Coroutine[Any, Any, httpx.Response]]:
        redemption, first, second = asked[number], f"P{number}a", f"P{number}b"
        own = [till.tell(redemption, "paid", "50.00", first) for _ in range(3)]
        own.append(till.tell(redemption, "paid", "50.00", second))
        if number % 2:
            own.append(till.tell(redemption, "payment-failed"))
        return own

    calls = [call for number in range(ROUNDS) for call in tries(number)]
    given_up = [till.cancel(me, one) for me, one in zip(customers[:2], asked[:2], strict=True)]
    await asyncio.gather(*given_up, *calls, end())

    states = [(await till.read(me, f"/v1/redemptions/{one}")) for me, one in zip(customers, asked, strict=True)]
    for me, one in zip(customers, states, strict=True):
        ended = one["state"] in {"unpaid", "cancelled"}
        assert await till.available(me) == (100 if ended else 0)
        assert one["payment"]["state"] == ("paid" if not ended or one["payment"]["repayable"] != "0.00" else "void")
    stands = sum(one["state"] == "confirmed" for one in states)
    assert await shop.left_of(right) == ROUNDS - stands
    async with house.sessions() as session:
        assert await points_invariants.check(session) == []
        assert await invariants.check(session) == []
