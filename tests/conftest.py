"""The server, the databases and the session that tests ask for.

`database`: a fresh clone of the migrated template, really committed, for everything over HTTP or with several roles.
`session`: a session of the owner on the worker's own database, rolled back at the end, for repositories.
"""

import gc
import itertools
import os
import signal
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from types import FrameType

import asyncpg
import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.core.database import make_engine
from guibin.core.settings import Settings
from support.constants import forget_constants_of_modules
from support.databases import Database, cloned_database
from support.dialect import share_statements
from support.house import Furniture, House, furnish, open_client
from support.lodging import Lodging
from support.one_row import watched
from support.server import Server, TestRun, obtain_server
from support.wechat import WeChatSimulator, running_simulator

_RUN = pytest.StashKey[TestRun]()
_KEPT = {"GUIBIN_CITUS_DSN", "GUIBIN_BERKA_DIR"}
_FOLDER_OPTION = "guibin_test_run"
NOWHERE = "postgresql+asyncpg://guibin@nowhere/guibin"
"""Of applications that get their database house by house."""

_numbers = itertools.count(1)


def pytest_configure(config: pytest.Config) -> None:
    """Open the run in the controlling process, and keep a developer's own settings out of every test."""
    for name in [name for name in os.environ if name.startswith("GUIBIN_") and name not in _KEPT]:
        del os.environ[name]
    share_statements()
    forget_constants_of_modules()
    if not hasattr(config, "workerinput"):
        config.stash[_RUN] = TestRun()
        signal.signal(signal.SIGTERM, _interrupt)


@pytest.hookimpl(trylast=True)
def pytest_collection_finish() -> None:
    """Let the collector of garbage pass over what lives as long as the run: the code, the applications, the tests."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)


def pytest_unconfigure(config: pytest.Config) -> None:
    """Stop the server of the run, also after Ctrl-C."""
    if (run := config.stash.get(_RUN, None)) is not None:
        run.close()


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: object) -> None:
    """Tell a worker of the run where the run's folder is."""
    config: pytest.Config = node.config  # type: ignore[attr-defined]
    node.workerinput[_FOLDER_OPTION] = str(config.stash[_RUN].folder)  # type: ignore[attr-defined]


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


@pytest.fixture(scope="session")
def server(pytestconfig: pytest.Config) -> Server:
    """Return the one server of this run."""
    given: dict[str, str] | None = getattr(pytestconfig, "workerinput", None)
    return obtain_server(Path(given[_FOLDER_OPTION]) if given else pytestconfig.stash[_RUN].folder)


@pytest.fixture(scope="session")
def worker_name(pytestconfig: pytest.Config) -> str:
    """Return the name of this worker of the run; without workers there is one, called main."""
    given: dict[str, str] | None = getattr(pytestconfig, "workerinput", None)
    return given["workerid"] if given else "main"


@pytest.fixture(scope="session")
async def cloner(server: Server) -> AsyncIterator[asyncpg.Connection]:
    """Return the connection that makes and drops the databases of this worker's tests."""
    connection = await asyncpg.connect(server.admin_url)
    yield connection
    await connection.close()


@pytest.fixture
async def database(server: Server, worker_name: str, cloner: asyncpg.Connection) -> AsyncIterator[Database]:
    """Return a fresh clone of the template, dropped at the end."""
    async with cloned_database(server, f"t_{worker_name}_{next(_numbers)}", cloner=cloner) as clone:
        yield clone


@pytest.fixture(scope="session")
async def worker_database(server: Server, worker_name: str) -> AsyncIterator[Database]:
    """Return the database that all rolled-back tests of this worker share."""
    async with cloned_database(server, f"t_{worker_name}") as clone:
        yield clone


@pytest.fixture(scope="session")
async def owner_connection(worker_database: Database) -> AsyncIterator[AsyncConnection]:
    """Return the connection of the owner that the rolled-back tests take in turn."""
    engine = make_engine(worker_database.owner_url, pool_size=1, application="guibin-tests")
    async with engine.connect() as connection:
        yield connection
    await engine.dispose()


@pytest.fixture
async def session(owner_connection: AsyncConnection) -> AsyncIterator[AsyncSession]:
    """Return a session whose commits are savepoints: everything is rolled back at the end of the test."""
    outer = await owner_connection.begin()
    async with AsyncSession(
        bind=owner_connection, join_transaction_mode="create_savepoint", expire_on_commit=False
    ) as made:
        yield made
    await outer.rollback()


@pytest.fixture(scope="session")
async def furniture(
    server: Server, worker_name: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Furniture]:
    """Furnish the database that every house of this worker is a clone of."""
    async with cloned_database(server, f"house_{worker_name}") as furnished:
        yield await furnish(furnished, tmp_path_factory.mktemp("house"))


@pytest.fixture(scope="session")
async def lodging(
    server: Server, worker_name: str, furniture: Furniture, cloner: asyncpg.Connection
) -> AsyncIterator[Lodging]:
    """Return where the houses of this worker stand, one after the other."""
    made = Lodging(server, worker_name, furniture, cloner)
    yield made
    await made.close()


@pytest.fixture
async def house(lodging: Lodging) -> AsyncIterator[House]:
    """Return a small seeded bank, as furnished."""
    async with lodging.house() as made:
        yield made


@pytest.fixture(scope="session")
def customer_app(furniture: Furniture) -> FastAPI:
    """Return the application of the customer port that all houses of a worker share."""
    from customer_api.main import create_app  # noqa: PLC0415 - only tests of this port load it

    return create_app(Settings(state_dir=furniture.folder, customer_database_url=NOWHERE))


@pytest.fixture(scope="session")
def bank_app(furniture: Furniture) -> FastAPI:
    """Return the application of the bank port that all houses of a worker share."""
    from bank_api.main import create_app  # noqa: PLC0415 - only tests of this port load it

    return create_app(Settings(state_dir=furniture.folder, bank_database_url=NOWHERE))


@pytest.fixture
async def customer_client(house: House, lodging: Lodging, customer_app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    """Return a client of the customer port, as its real database role."""
    life = lodging.life(customer_app, house, database_url=house.database.customer_url)
    async with open_client(customer_app, life=life) as client:
        yield client


@pytest.fixture
async def bank_client(house: House, lodging: Lodging, bank_app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    """Return a client of the bank port, as its real database role; each of its commands leaves one audit row."""
    life = lodging.life(bank_app, house, database_url=house.database.bank_url)
    async with open_client(bank_app, life=life) as client, watched(client, house):
        yield client


@pytest.fixture(scope="session")
def wechat_server() -> Iterator[WeChatSimulator]:
    """Return the one simulator of WeChat of this worker."""
    with running_simulator() as simulator:
        yield simulator


@pytest.fixture
def wechat_simulator(wechat_server: WeChatSimulator) -> WeChatSimulator:
    """Return the simulator with nothing but both accounts and two people in it."""
    wechat_server.reset()
    return wechat_server
