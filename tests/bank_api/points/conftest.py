"""A small bank and its bank port."""

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from bank_api.main import create_app
from support.databases import Database
from support.house import House, open_client, open_house


@pytest.fixture
async def house(database: Database, tmp_path: Path) -> AsyncIterator[House]:
    async with open_house(database, tmp_path) as made:
        yield made


@pytest.fixture
async def bank(house: House) -> AsyncIterator[httpx.AsyncClient]:
    async with open_client(create_app(house.settings)) as client:
        yield client
