"""Points that pass between two customers as a right, at once and in both directions: one code gives once."""

import asyncio
from collections.abc import Sequence
from uuid import UUID

import httpx
import pytest

from guibin.core.ids import new_id
from guibin.points import invariants as points_invariants
from guibin.points.models import Wallet
from guibin.rights import invariants
from support.house import House
from support.shop import Shop
from support.transfers import Giving

CLUB = {
    "code": "club",
    "transferable": True,
    "name_zh": "俱乐部积分",
    "name_en": "Club points",
    "unit_zh": "积分",
    "unit_en": "points",
    "cost_fen": 50,
}


async def redeem(client: httpx.AsyncClient, house: House, customer: UUID, right: str, code: str) -> str:
    """Redeem as an app does: what answers that nothing happened is sent again with the same key."""
    headers = house.customer_headers(customer, key=str(new_id()))
    body = {"right_id": right, "quantity": 1, "receiving_code": code}
    while True:
        answer = await client.post("/v1/redemptions", json=body, headers=headers)
        if answer.status_code != httpx.codes.SERVICE_UNAVAILABLE:
            return "given" if answer.status_code == httpx.codes.CREATED else str(answer.json()["code"])


@pytest.mark.merge
async def test_two_who_give_each_other_points_at_once_both_have_them_and_a_code_is_good_once(
    house: House, customer_client: httpx.AsyncClient
) -> None:
    shop, giving = Shop(house), Giving(house, customer_client)
    async with house.sessions() as session:
        session.add(Wallet.model_validate(CLUB))
        await session.commit()
    right = await shop.right(fulfilment="instruction", offer={"gives": {"wallet": "club", "points": 7, "to": "other"}})
    first, second = await shop.customer(1_000), await shop.customer(1_000)

    async def codes(receiver: UUID, count: int) -> Sequence[str]:
        return [await giving.code(receiver, "club") for _ in range(count)]

    to_second, to_first = await codes(second, 4), await codes(first, 4)
    (shared,) = await codes(second, 1)
    answers = await asyncio.gather(
        *(redeem(customer_client, house, first, right, code) for code in to_second),
        *(redeem(customer_client, house, second, right, code) for code in to_first),
        *(redeem(customer_client, house, first, right, shared) for _ in range(3)),
    )

    assert sorted(answers) == sorted(["given"] * 9 + ["transfer_code_invalid"] * 2)
    async with house.sessions() as session:
        assert await points_invariants.check(session) == []
        assert await invariants.check(session) == []
