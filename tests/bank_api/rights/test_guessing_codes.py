"""Guessing voucher codes (trust: V3), with the numbers of production."""

from collections.abc import Iterator
from dataclasses import replace

import httpx
import pytest
from fastapi import FastAPI

from guibin.core.ids import new_id
from guibin.core.settings import Profile
from guibin.web.counters import SharedCounters
from guibin.web.limiter import RateLimiter
from guibin.web.port import Port
from support.shop import Shop

URL = "/v1/voucher-uses"


@pytest.fixture
def production_limits(bank_client: httpx.AsyncClient, bank_app: FastAPI) -> Iterator[None]:  # noqa: ARG001 - it runs the port
    """Let the bank port count as in production."""
    port: Port = bank_app.state.port
    strict = RateLimiter(Profile.PRODUCTION, processes=1, shared=SharedCounters(port.sessions), keys=port.keys)
    bank_app.state.port = replace(port, limiter=strict)
    yield
    bank_app.state.port = port


@pytest.mark.usefixtures("production_limits")
async def test_v3_after_five_wrong_codes_the_entry_of_codes_is_closed_and_nothing_else(
    shop: Shop, bank_client: httpx.AsyncClient, customer_client: httpx.AsyncClient
) -> None:
    async def use(code: str, role: str = "lobby") -> httpx.Response:
        headers = shop.house.headers(role, key=str(new_id()))
        return await bank_client.post(URL, json={"code": code}, headers=headers)

    right = await shop.pool(["ABCD-1234", "ABCD-5678"])
    headers = shop.house.customer_headers(await shop.customer(), key="k1")
    taken = await customer_client.post("/v1/redemptions", json={"right_id": right, "quantity": 2}, headers=headers)
    assert taken.status_code == 201
    assert (await use("ABCD-1234")).status_code == 200
    for number in range(5):
        answer = await use(f"WRONG-{number}")
        assert (answer.status_code, answer.json()["code"]) == (404, "code_not_valid")
    locked = await use("ABCD-5678")
    assert (locked.status_code, locked.json()["code"]) == (429, "code_locked")
    assert locked.json()["limit"] == "wrong_code_per_hour"
    assert 86_000 < int(locked.headers["Retry-After"]) <= 86_400
    assert (await bank_client.get("/v1/redemptions", headers=shop.house.headers("lobby"))).status_code == 200
    assert (await use("ABCD-5678", "branch_head")).status_code == 200
