"""The same races over HTTP, through the whole customer port."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Iterable
from dataclasses import replace
from uuid import UUID

import httpx
import pytest
from fastapi import FastAPI

from guibin.core.ids import new_id
from guibin.points import invariants as points_invariants
from guibin.rights import invariants
from support.house import House, Life, open_client
from support.shop import Shop

RETRIES = 8


@pytest.fixture(params=[1, 16], ids=["one by one", "together"])
async def client(
    request: pytest.FixtureRequest, house: House, customer_app: FastAPI
) -> AsyncIterator[httpx.AsyncClient]:
    """Return a client of the customer port, whose redemptions are written one by one or together."""
    settings = house.settings.model_copy(update={"redeem_batch": request.param})
    life: Life = replace(customer_app.state.life, settings=settings, database_url=house.database.customer_url)
    async with open_client(customer_app, life=life) as made:
        yield made


@pytest.fixture
async def shop(house: House) -> AsyncIterator[Shop]:
    """Return the house with rights to redeem; every invariant holds at the end."""
    yield Shop(house)
    async with house.sessions() as session:
        assert await points_invariants.check(session) == []
        assert await invariants.check(session) == []


async def redeem(
    client: httpx.AsyncClient, shop: Shop, customer: UUID, right: str, *, key: str | None = None
) -> httpx.Response:
    """Redeem as a client does: what answers 503 is sent again with the same key."""
    headers = shop.house.customer_headers(customer, key=key or str(new_id()))
    body = {"right_id": right, "quantity": 1}
    for _ in range(RETRIES):
        answer = await client.post("/v1/redemptions", json=body, headers=headers)
        if answer.status_code != httpx.codes.SERVICE_UNAVAILABLE:
            break
        await asyncio.sleep(0.1)
    return answer


def ends(answers: Iterable[httpx.Response]) -> Counter[tuple[int, str | None]]:
    return Counter((answer.status_code, answer.json().get("code")) for answer in answers)


@pytest.mark.merge
async def test_of_64_redemptions_of_the_last_unit_one_is_201(shop: Shop, client: httpx.AsyncClient) -> None:
    customers = await shop.customers(64, 100)
    right = await shop.right(stock=1)
    answers = await asyncio.gather(*(redeem(client, shop, customer, right) for customer in customers))
    assert ends(answers) == {(201, None): 1, (409, "out_of_stock"): 63}
    assert await shop.left_of(right) == 0
    assert len(await shop.redemptions_of(right)) == 1


@pytest.mark.merge
async def test_of_64_spends_of_10_from_100_points_ten_are_201(shop: Shop, client: httpx.AsyncClient) -> None:
    (customer,) = await shop.customers(1, 100)
    right = await shop.right(prices=[{"tier": None, "points": 10}])
    answers = await asyncio.gather(*(redeem(client, shop, customer, right) for _ in range(64)))
    assert ends(answers) == {(201, None): 10, (409, "insufficient_points"): 54}


async def test_one_key_sent_32_times_at_once_has_one_effect_and_one_answer(
    shop: Shop, client: httpx.AsyncClient
) -> None:
    (customer,) = await shop.customers(1, 1_000)
    right = await shop.right(stock=40)
    answers = await asyncio.gather(*(redeem(client, shop, customer, right, key="the-same") for _ in range(32)))
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.content for answer in answers}) == 1
    assert sum("Idempotent-Replayed" in answer.headers for answer in answers) == 31
    assert await shop.left_of(right) == 39
    assert len(await shop.redemptions_of(right)) == 1
