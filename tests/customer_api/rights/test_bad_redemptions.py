"""Redemptions that somebody must not get (trust: rows R4, R16, R18)."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import update
from sqlmodel import col

from guibin.core import clock
from guibin.core.settings import Profile
from guibin.points.models import PointsAccount
from guibin.web.counters import SharedCounters
from guibin.web.limiter import RateLimiter
from guibin.web.port import Port
from support.shop import Shop

URL = "/v1/redemptions"
MORNING = clock.start_of_day(clock.today()) + timedelta(hours=9)


async def post(
    client: httpx.AsyncClient, shop: Shop, customer: UUID, right: str, key: str, **headers: str
) -> httpx.Response:
    sent = shop.house.customer_headers(customer, key=key) | headers
    return await client.post(URL, json={"right_id": right, "quantity": 1}, headers=sent)


async def hold(shop: Shop, customer: UUID, points: int) -> None:
    async with shop.house.sessions() as session:
        account = update(PointsAccount).where(col(PointsAccount.customer_id) == customer)
        await session.execute(account.values(held=points))
        await session.commit()


async def test_r4_points_that_are_held_buy_nothing(shop: Shop, customer_client: httpx.AsyncClient) -> None:
    customer, right = await shop.customer(100), await shop.right()
    await hold(shop, customer, 1)
    refused = await post(customer_client, shop, customer, right, "k1")
    assert (refused.status_code, refused.json()["code"]) == (409, "insufficient_points")
    assert (refused.json()["available"], refused.json()["missing"]) == (99, 1)
    await hold(shop, customer, 0)
    assert (await post(customer_client, shop, customer, right, "k2")).status_code == 201


@pytest.fixture
def production_limits(customer_client: httpx.AsyncClient, customer_app: FastAPI) -> Iterator[None]:  # noqa: ARG001 - it runs the port
    """Let the customer port count as in production."""
    port: Port = customer_app.state.port
    strict = RateLimiter(Profile.PRODUCTION, processes=1, shared=SharedCounters(port.sessions), keys=port.keys)
    customer_app.state.port = replace(port, limiter=strict)
    yield
    customer_app.state.port = port


@pytest.mark.usefixtures("production_limits")
async def test_r16_the_thirty_first_redemption_of_a_day_is_refused(
    shop: Shop, customer_client: httpx.AsyncClient
) -> None:
    customer, right = await shop.customer(10_000), await shop.right()
    for number in range(30):
        with clock.fixed_at(MORNING + timedelta(seconds=20 * number)):
            answer = await post(customer_client, shop, customer, right, f"k{number}")
            assert answer.status_code == 201, answer.text
    with clock.fixed_at(MORNING + timedelta(minutes=15)):
        refused = await post(customer_client, shop, customer, right, "k30")
    assert (refused.status_code, refused.json()["code"]) == (429, "daily_limit")
    assert refused.json()["limit"] == "redeem_per_day"
    assert int(refused.headers["Retry-After"]) > 3_600
    assert len(await shop.redemptions_of(right)) == 30


async def test_r18_the_clock_of_the_client_changes_nothing(shop: Shop, customer_client: httpx.AsyncClient) -> None:
    customer, right = await shop.customer(), await shop.right()
    made = await post(customer_client, shop, customer, right, "k1", Date="Sat, 25 Nov 2028 08:00:00 GMT")
    assert made.status_code == 201
    assert made.json()["created_at"][:4] == str(clock.today().year)
