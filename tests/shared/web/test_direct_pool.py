"""The direct path to the database, when the way breaks."""

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
