from collections.abc import AsyncIterator

import pytest

from support.databases import cloned_database
from support.demo_port import DemoPort, demo_port
from support.server import Server


@pytest.fixture(scope="session")
async def running_port(
    server: Server, worker_name: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[DemoPort]:
    directory = tmp_path_factory.mktemp("demo")
    async with (
        cloned_database(server, f"t_{worker_name}_demo") as database,
        demo_port(directory, database.owner_url, database.bank_url) as running,
    ):
        yield running


@pytest.fixture
async def port(running_port: DemoPort) -> DemoPort:
    await running_port.reset()
    return running_port
