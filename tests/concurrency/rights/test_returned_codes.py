"""Codes that are used while their units are given back: of each code one of both comes first, and the other sees it."""

import asyncio
from uuid import UUID

import httpx
import pytest

from guibin.core.ids import new_id
from guibin.points import invariants as points_invariants
from guibin.rights import invariants
from support.house import House
from support.shop import Shop

ROUNDS = 12
REASON = "客户投诉，服务未达约定标准"


@pytest.mark.merge
async def test_the_last_unused_code_is_used_or_given_back_and_never_both(
    house: House, customer_client: httpx.AsyncClient, bank_client: httpx.AsyncClient
) -> None:
    shop = Shop(house)
    codes = [f"ABCD-{number:04}" for number in range(2 * ROUNDS)]
    right = await shop.pool(codes)
    customers = await shop.customers(ROUNDS, 200)

    async def use(code: str) -> httpx.Response:
        headers = house.headers("lobby", key=str(new_id()))
        return await bank_client.post("/v1/voucher-uses", json={"code": code}, headers=headers)

    async def refund(redemption: str, units: int | None) -> httpx.Response:
        headers = house.headers("customer_service", key=str(new_id()))
        body = {"units": units, "reason": REASON}
        return await bank_client.post(f"/v1/redemptions/{redemption}/refund", json=body, headers=headers)

    async def begin(customer: UUID) -> tuple[str, str]:
        """Redeem two units and use the first code; return the redemption and the code that is left."""
        headers = house.customer_headers(customer, key=str(new_id()))
        body = {"right_id": right, "quantity": 2}
        made = (await customer_client.post("/v1/redemptions", json=body, headers=headers)).json()["id"]
        answer = await customer_client.get(f"/v1/redemptions/{made}/code", headers=headers)
        first, left = [one["code"] for one in answer.json()["codes"]]
        assert (await use(first)).status_code == 200
        return made, left

    async def refund_later(redemption: str, reads: int, customer: UUID) -> httpx.Response:
        """Refund a unit after some reads: a use has longer to go to its lock, and is to come first in some rounds."""
        for _ in range(reads):
            await customer_client.get("/v1/me/points", headers=house.customer_headers(customer))
        return await refund(redemption, 1)

    begun = [await begin(customer) for customer in customers]
    ends = []
    for number, (made, left) in enumerate(begun):
        race = [use(left), *(refund_later(made, number, customers[number]) for _ in range(2))]
        ends.append(await asyncio.gather(*race))

    for answers, (made, left), customer in zip(ends, begun, customers, strict=True):
        done = [one for one in answers if one.status_code == 200]
        assert len(done) == 1, [one.text for one in answers]
        given_back = "quantity_refunded" in done[0].json()
        refusals = {one.json()["code"] for one in answers if one.status_code != 200}
        assert refusals == ({"code_not_valid", "already_used"} if given_back else {"already_used"})
        assert done[0].json()["state"] == "fulfilled"
        assert (await use(left)).json()["code"] == ("code_not_valid" if given_back else "already_used")
        wallets = (await customer_client.get("/v1/me/points", headers=house.customer_headers(customer))).json()[
            "wallets"
        ]
        assert next(one["available"] for one in wallets if one["wallet"] == "reward") == (100 if given_back else 0)
        assert (await refund(made, None)).json()["code"] == "already_used"
    async with house.sessions() as session:
        assert await points_invariants.check(session) == []
        assert await invariants.check(session) == []
