"""Limits in production with two processes of one port (trust: T-RL-1)."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import httpx
import pytest

from guibin.core.database import make_engine
from support.databases import Database
from support.demo_port import make_tables, spends_of
from support.demo_routes import FIRST
from support.served import ServedDemo, served_demo

WORKERS = 2
BALANCE = spends_of(FIRST).removesuffix("/spends")


@pytest.fixture
async def processes(database: Database, tmp_path: Path) -> AsyncIterator[list[ServedDemo]]:
    """Return two processes of the demo port on one database, in the production profile."""
    owner = make_engine(database.owner_url, pool_size=1, application="demo-owner")
    await make_tables(owner)
    await owner.dispose()
    async with AsyncExitStack() as stack:
        yield [
            await stack.enter_async_context(
                served_demo(tmp_path, database.bank_url, profile="production", workers=WORKERS, queue_seconds=30)
            )
            for _ in range(WORKERS)
        ]


async def ask(processes: list[ServedDemo], method: str, path: str, *, calls: int) -> list[httpx.Response]:
    """Send calls of one customer in turn to both processes, all at once."""
    token = {"Authorization": f"Bearer {processes[0].token}"}
    async with httpx.AsyncClient() as client:

        async def one(number: int) -> httpx.Response:
            url = f"http://127.0.0.1:{processes[number % WORKERS].port}{path}"
            headers = token | ({"Idempotency-Key": f"k{number}"} if method == "POST" else {})
            return await client.request(method, url, headers=headers, json={"points": 1} if method == "POST" else None)

        return await asyncio.gather(*(one(number) for number in range(calls)))


@pytest.mark.merge
async def test_two_processes_keep_the_limits_of_production_together(processes: list[ServedDemo]) -> None:
    spends = await ask(processes, "POST", f"{BALANCE}/spends", calls=40)
    assert Counter(answer.status_code for answer in spends) == {201: 6, 429: 34}
    refused = next(answer for answer in spends if answer.status_code == 429)
    assert refused.json()["limit"] == "redeem_per_minute"
    assert 1 <= int(refused.headers["Retry-After"]) <= 60
    assert (refused.headers["RateLimit-Limit"], refused.headers["RateLimit-Remaining"]) == ("6", "0")

    began = asyncio.get_running_loop().time()
    balances = await ask(processes, "GET", BALANCE, calls=120)
    refilled = asyncio.get_running_loop().time() - began
    allowed = sum(answer.status_code == 200 for answer in balances)
    assert 60 * 0.95 <= allowed <= 60 * 1.05 + refilled
    refused = next(answer for answer in balances if answer.status_code == 429)
    assert refused.json()["limit"] == "balance_per_minute"
    assert int(refused.headers["Retry-After"]) >= 1
