"""Ends of a redemption that race: each redemption ends once, and whatever comes second sees what the first did."""

import asyncio
from typing import Any
from uuid import UUID

import httpx
import pytest

from guibin.core.ids import new_id
from guibin.points.invariants import check as check_points
from guibin.rights.invariants import check as check_rights
from guibin.rights.models import Fulfilment
from support.shop import Shop

pytestmark = pytest.mark.merge

REASON = "客户投诉，服务未达约定标准"
CANCELLABLE = {"offer": {"cancel_hours": 24}}
ROUNDS = 12


async def send(client: httpx.AsyncClient, url: str, headers: dict[str, str], **body: Any) -> httpx.Response:
    return await client.post(url, json=body or None, headers=headers)


async def redeem(client: httpx.AsyncClient, shop: Shop, customer: UUID, right: str, quantity: int = 1) -> str:
    headers = shop.house.customer_headers(customer, key=str(new_id()))
    answer = await send(client, "/v1/redemptions", headers, right_id=right, quantity=quantity)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


async def hold_promises(shop: Shop) -> None:
    async with shop.house.sessions() as session:
        assert [*await check_points(session), *await check_rights(session)] == []


async def test_t_race_3_a_code_is_used_or_its_redemption_is_cancelled(
    shop: Shop, customer_client: httpx.AsyncClient, bank_client: httpx.AsyncClient
) -> None:
    customer = await shop.customer(100 * ROUNDS)
    codes = [f"RACE-{number:04d}" for number in range(ROUNDS)]
    right = await shop.pool(codes, **CANCELLABLE)
    for code in codes:  # the pool gives them in their order
        made = await redeem(customer_client, shop, customer, right)
        ends = [
            send(
                customer_client,
                f"/v1/redemptions/{made}/cancel",
                shop.house.customer_headers(customer, key=str(new_id())),
            )
            for _ in range(2)
        ] + [
            send(bank_client, "/v1/voucher-uses", shop.house.headers("lobby", key=str(new_id())), code=code)
            for _ in range(2)
        ]
        answers = await asyncio.gather(*ends)
        assert sum(answer.status_code == 200 for answer in answers) == 1, [answer.text for answer in answers]
    await hold_promises(shop)


async def test_parts_that_race_never_give_back_more_than_was_taken(
    shop: Shop, customer_client: httpx.AsyncClient, bank_client: httpx.AsyncClient
) -> None:
    customer = await shop.customer(500)
    right = await shop.right(stock=5, fulfilment=Fulfilment.HAND_OUT, **CANCELLABLE)
    made = await redeem(customer_client, shop, customer, right, 5)
    parts = [
        send(
            bank_client,
            f"/v1/redemptions/{made}/refund",
            shop.house.headers("customer_service", key=str(new_id())),
            units=1 + number % 2,
            reason=REASON,
        )
        for number in range(12)
    ]
    whole = send(
        customer_client, f"/v1/redemptions/{made}/cancel", shop.house.customer_headers(customer, key=str(new_id()))
    )
    answers = await asyncio.gather(*parts, whole)
    assert {answer.status_code for answer in answers} == {200, 409}
    assert await shop.left_of(right) == 5
    points = await customer_client.get("/v1/me/points", headers=shop.house.customer_headers(customer))
    assert [own["available"] for own in points.json()["wallets"] if own["wallet"] == "reward"] == [500]
    await hold_promises(shop)
