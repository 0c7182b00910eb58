"""The connection dies between a redemption's COMMIT and its answer (T-IDEM-10): the retry is told what was done."""

from collections.abc import AsyncIterator
from uuid import UUID

import httpx
import pytest
from fastapi import FastAPI

from guibin.points import invariants as points_invariants
from guibin.rights import invariants
from support.demo_port import problem
from support.house import House, life_in, open_client
from support.proxy import Proxy, proxied
from support.shop import Shop

ROUNDS = 200


@pytest.fixture
async def proxy(house: House) -> AsyncIterator[tuple[Proxy, str]]:
    async with proxied(house.database.customer_url) as made:
        yield made


@pytest.fixture
async def client(house: House, proxy: tuple[Proxy, str], customer_app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    """Return a client of the customer port whose way to the database leads through the proxy."""
    async with open_client(customer_app, life=life_in(house, customer_app, database_url=proxy[1])) as made:
        yield made


@pytest.mark.merge
async def test_200_redemptions_whose_answers_are_lost_after_the_commit_are_replayed_and_made_once(
    house: House, proxy: tuple[Proxy, str], client: httpx.AsyncClient
) -> None:
    shop = Shop(house)
    (customer,) = await shop.customers(1, 10 * ROUNDS)
    right = await shop.right(stock=ROUNDS, prices=[{"tier": None, "points": 10}])
    for number in range(1, ROUNDS + 1):
        proxy[0].commits_to_loss = 1
        lost = await redeem(client, house, customer, right, number)
        assert not proxy[0].commits_to_loss
        problem(lost, 503, "retry_later")
        again = await redeem(client, house, customer, right, number)
        assert (again.status_code, again.headers["Idempotent-Replayed"]) == (201, "true")
        assert again.json()["available_after"] == 10 * (ROUNDS - number)
    assert len(await shop.redemptions_of(right)) == ROUNDS
    assert await shop.left_of(right) == 0
    async with house.sessions() as session:
        assert await points_invariants.check(session) == []
        assert await invariants.check(session) == []


async def redeem(client: httpx.AsyncClient, house: House, customer: UUID, right: str, number: int) -> httpx.Response:
    headers = house.customer_headers(customer, key=f"k{number}")
    return await client.post("/v1/redemptions", json={"right_id": right, "quantity": 1}, headers=headers)
