"""The direct path to the database, when the way breaks."""

import asyncio

import asyncpg
import pytest

from guibin.core.direct import DirectPool, open_direct_pool
from support.databases import Database


async def ask_on_a_connection_that_goes(pool: DirectPool) -> None:
    async with pool.transaction() as asks:
        mine = await asks.row("SELECT pg_backend_pid() AS pid")
        assert mine is not None
        await pool.row("SELECT pg_terminate_backend($1, 5000)", mine["pid"])
        await asks.row("SELECT 1")


async def test_a_connection_that_was_lost_in_use_is_a_lost_way_and_no_misuse(database: Database) -> None:
    async with open_direct_pool(database.owner_url, size=2, application="test") as pool:
        with pytest.raises(ConnectionError):
            await ask_on_a_connection_that_goes(pool)

        assert await pool.row("SELECT 1") is not None


async def test_a_statement_that_is_asked_wrongly_stays_a_misuse(database: Database) -> None:
    async with open_direct_pool(database.owner_url, size=2, application="test") as pool:
        with pytest.raises(asyncpg.InterfaceError):
            await pool.row("SELECT $1::int", 1, 2)


async def backend_of(pool: DirectPool) -> int:
    row = await pool.row("SELECT pg_backend_pid() AS pid")
    assert row is not None
    pid: int = row["pid"]
    return pid


async def test_a_connection_is_used_again_also_after_a_statement_that_failed(database: Database) -> None:
    async with open_direct_pool(database.owner_url, size=2, application="test") as pool:
        first = await backend_of(pool)
        with pytest.raises(asyncpg.DivisionByZeroError):
            await pool.row("SELECT 1 / 0")
        assert await backend_of(pool) == first
        await pool.give_back()
        assert await backend_of(pool) == first


async def test_a_connection_that_went_while_nobody_used_it_is_not_lent_again(database: Database) -> None:
    async with (
        open_direct_pool(database.owner_url, size=1, application="test") as pool,
        open_direct_pool(database.owner_url, size=1, application="test") as other,
    ):
        first = await backend_of(pool)
        await other.row("SELECT pg_terminate_backend($1, 5000)", first)
        await asyncio.sleep(0.1)
        assert await backend_of(pool) != first


async def test_who_waits_for_a_connection_gets_the_one_that_comes_free(database: Database) -> None:
    async with asyncio.timeout(10), open_direct_pool(database.owner_url, size=1, application="test") as pool:
        assert len(set(await asyncio.gather(*(backend_of(pool) for _ in range(5))))) == 1
