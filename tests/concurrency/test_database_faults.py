"""When the database, or the way to it, fails in the middle (T-CHAOS-6): 503 and nothing done, or done once."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from support.databases import Database
from support.demo_port import DemoPort, demo_port, problem
from support.demo_routes import FIRST, SECOND
from support.proxy import Proxy, proxied

pytestmark = pytest.mark.merge

ROUNDS = 20
FULL = (
    "CREATE FUNCTION disk_is_full() RETURNS trigger LANGUAGE plpgsql AS"
    " $$ BEGIN RAISE EXCEPTION 'could not extend file: No space left on device' USING ERRCODE = '53100'; END $$"
)


@pytest.fixture
async def proxy(database: Database) -> AsyncIterator[tuple[Proxy, str]]:
    async with proxied(database.bank_url) as made:
        yield made


@pytest.fixture
async def port(database: Database, proxy: tuple[Proxy, str], tmp_path: Path) -> AsyncIterator[DemoPort]:
    async with demo_port(tmp_path, database.owner_url, proxy[1], pool_size=2, queue_seconds=0.3) as running:
        yield running


async def test_a_connection_that_is_cut_while_a_statement_runs_leaves_nothing(
    port: DemoPort, proxy: tuple[Proxy, str]
) -> None:
    for number in range(3):
        slow = asyncio.create_task(port.spend(f"k{number}", fail="slow"))
        await asyncio.sleep(0.5)
        proxy[0].drop()
        problem(await slow, 503, "retry_later")
        assert (await port.entries(), await port.points()) == (number, 100 - 10 * number)
        again = await port.spend(f"k{number}", fail="slow")
        assert again.status_code == 201
        assert "Idempotent-Replayed" not in again.headers


async def test_an_answer_lost_after_the_commit_is_replayed_and_nothing_is_done_twice(
    port: DemoPort, proxy: tuple[Proxy, str]
) -> None:
    for number in range(1, ROUNDS + 1):
        proxy[0].commits_to_loss = 2  # the first is that of the counter of calls
        lost = await port.spend(f"k{number}", points=1)
        assert not proxy[0].commits_to_loss
        problem(lost, 503, "retry_later")
        assert lost.headers["Retry-After"]
        assert await port.entries() == number
        again = await port.spend(f"k{number}", points=1)
        assert (again.status_code, again.headers["Idempotent-Replayed"]) == (201, "true")
        assert (await port.entries(), await port.points()) == (number, 100 - number)


async def test_when_every_connection_is_taken_calls_are_told_to_come_again(port: DemoPort) -> None:
    slow = [asyncio.create_task(port.spend(f"s{n}", account=at, fail="slow")) for n, at in enumerate((FIRST, SECOND))]
    await asyncio.sleep(0.3)
    refused = await port.spend("k1", points=1)
    problem(refused, 503, "retry_later")
    assert [answer.status_code for answer in await asyncio.gather(*slow)] == [201, 201]
    assert (await port.spend("k1", points=1)).status_code == 201
    assert await port.points() == 89


@pytest.mark.parametrize("moment", ["AFTER INSERT ON demo_entry FOR EACH ROW", "at the commit"])
async def test_a_full_disk_is_answered_by_come_again_and_leaves_nothing(port: DemoPort, moment: str) -> None:
    await port.query(FULL)
    if moment == "at the commit":
        await port.query(
            "CREATE CONSTRAINT TRIGGER full_disk AFTER INSERT ON demo_entry DEFERRABLE INITIALLY DEFERRED"
            " FOR EACH ROW EXECUTE FUNCTION disk_is_full()"
        )
    else:
        await port.query(f"CREATE TRIGGER full_disk {moment} EXECUTE FUNCTION disk_is_full()")
    for _ in range(2):
        problem(await port.spend("k1"), 503, "retry_later")
    assert (await port.entries(), await port.points()) == (0, 100)
    await port.query("DROP TRIGGER full_disk ON demo_entry")
    assert (await port.spend("k1")).status_code == 201
    assert (await port.entries(), await port.points()) == (1, 90)
