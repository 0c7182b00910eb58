"""A database and a client of WeChat, pointed at the simulator."""

from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import pytest

from guibin.channels.wechat import WeChat, open_wechat
from guibin.core.settings import Settings
from guibin.security.ciphers import KeyRing
from guibin_tools.roles import driver_url
from support.databases import Database, cloned_database
from support.server import Server
from support.wechat import PATIENCE, WeChatSimulator


@pytest.fixture(scope="module")
async def token_database(server: Server, worker_name: str) -> AsyncIterator[Database]:
    """Return a database that the tests of a file share; only tokens are kept in it."""
    async with cloned_database(server, f"wechat_{worker_name}") as clone:
        yield clone


@pytest.fixture
async def no_tokens(token_database: Database) -> Database:
    """Return the database without any token."""
    connection = await asyncpg.connect(driver_url(token_database.owner_url))
    await connection.execute("TRUNCATE wechat_token")
    await connection.close()
    return token_database


@pytest.fixture(scope="session")
def keys(tmp_path_factory: pytest.TempPathFactory) -> KeyRing:
    """Return keys of this run."""
    return KeyRing.create(tmp_path_factory.mktemp("keys") / "keys.json")


@pytest.fixture
async def wechat(wechat_simulator: WeChatSimulator, no_tokens: Database, keys: KeyRing) -> AsyncIterator[WeChat]:
    """Return a client with a closed circuit and no token."""
    settings = wechat_simulator.settings(Settings(state_dir=Path()))
    async with open_wechat(settings, keys, database_url=no_tokens.customer_url, patience=PATIENCE) as client:
        yield client
