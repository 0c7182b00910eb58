from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from support.databases import Database
from support.demo_port import DemoPort, demo_port


@pytest.fixture
async def port(database: Database, tmp_path: Path) -> AsyncIterator[DemoPort]:
    async with demo_port(tmp_path, database.owner_url, database.bank_url) as running:
        yield running
