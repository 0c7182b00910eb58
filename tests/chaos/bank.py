"""The real product in processes of its own, over Postgres on a disk with fsync; every part of it can be killed."""

import asyncio
import contextlib
import os
import signal
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

import asyncpg
from sqlalchemy.exc import DBAPIError

from guibin_tools import migrations
from guibin_tools.databases import embedded_urls
from guibin_tools.errors import OperatorError
from guibin_tools.ledger import check_ledger
from guibin_tools.postgres.cluster import Cluster, free_port, open_cluster
from guibin_tools.roles import RoleUrls, ensure_roles
from guibin_tools.settings import OperatorSettings
from guibin_tools.supervisor.children import Child, LifeLine, stop
from guibin_tools.supervisor.services import (
    BANK_PORT,
    CUSTOMER_PORT,
    SERVICES,
    WORKER,
    Service,
    port_of,
    start_service,
    wait_until_ready,
)
from support.databases import Database
from support.house import House, furnish, open_house

PATIENCE_SECONDS = 180
PORTS = {"customer": CUSTOMER_PORT, "bank": BANK_PORT}


@dataclass
class Bank:
    """A running bank: its server, its three processes, and the house that knows its people."""

    cluster: Cluster
    pg_port: int
    urls: RoleUrls
    settings: OperatorSettings
    house: House
    line: LifeLine
    children: dict[str, Child] = field(default_factory=dict)
    start_seconds: float = 0.0
    """The longest that one of the processes took to start when nothing had been killed."""

    @property
    def admin_url(self) -> str:
        """The superuser's URL of the bank's database, in asyncpg's form."""
        return self.house.database.admin_url

    def url(self, port: str) -> str:
        """Return the address of the customer's or the bank's port."""
        return f"http://127.0.0.1:{port_of(PORTS[port], self.settings)}"

    def start(self, service: Service) -> None:
        """Start one process and wait until it is ready."""
        more = {
            "GUIBIN_STATE_DIR": str(self.settings.state_dir),
            "GUIBIN_CUSTOMER_PORT": str(self.settings.customer_port),
            "GUIBIN_BANK_PORT": str(self.settings.bank_port),
        }
        child = start_service(service, self.urls, self.settings, self.line, more)
        self.children[service.name] = child
        wait_until_ready(child, port_of(service, self.settings))
        if service is WORKER:
            _wait_until_working(child)

    def ended(self) -> list[str]:
        """Return which processes do not run any more."""
        return [name for name, child in self.children.items() if child.exit_code is not None]

    def kill(self, service: Service) -> None:
        """Kill -9 one process."""
        child = self.children[service.name]
        child.process.kill()
        child.process.wait()

    async def restart(self, service: Service) -> None:
        """Start one process again and wait until it is ready."""
        await asyncio.to_thread(self.start, service)

    async def kill_backend(self, dice: Random) -> None:
        """Kill -9 one backend of a service, a busy one if there is one; the server then recovers by itself."""
        connection = await asyncpg.connect(self.admin_url)
        try:
            rows = await connection.fetch(
                "SELECT pid, state <> 'idle' AS busy FROM pg_stat_activity"
                " WHERE usename IN ('guibin_customer', 'guibin_bank') ORDER BY pid"
            )
        finally:
            await connection.close()
        pids = [row["pid"] for row in rows if row["busy"]] or [row["pid"] for row in rows]
        if pids:
            os.kill(dice.choice(pids), signal.SIGKILL)
        await self.until_answering()

    async def kill_postgres(self) -> None:
        """Kill -9 the server and all its children, wait until they are gone, and start it again."""
        postmaster = int((self.cluster.data / "postmaster.pid").read_text().splitlines()[0])
        processes = [postmaster, *_children_of(postmaster)]
        for pid in processes:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        await _until_gone(processes)
        await asyncio.to_thread(self.cluster.start, self.pg_port)
        await self.until_answering()

    async def until_answering(self) -> None:
        """Wait until the server takes connections."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while True:
            try:
                connection = await asyncpg.connect(self.admin_url)
                await connection.close()
            except (OSError, asyncpg.PostgresError):
                if time.monotonic() > deadline:
                    raise
                await asyncio.sleep(0.1)
            else:
                return

    async def violations(self) -> list[str]:
        """Run what `guibin check-ledger` runs; a server that has only now seen that a backend died is waited for."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while True:
            try:
                return [f"{found.id} {found.text}: {found.key}" for found in await check_ledger(self.settings)]
            except (OperatorError, DBAPIError, OSError):
                if time.monotonic() > deadline:
                    raise
                await self.until_answering()


@asynccontextmanager
async def open_bank() -> AsyncIterator[Bank]:
    """Make a bank on a server of its own, not yet served, and delete it at the end."""
    with tempfile.TemporaryDirectory(prefix="guibin-chaos-") as name:
        folder = Path(name)
        await asyncio.to_thread(folder.chmod, 0o711)  # the Postgres user has to pass through
        cluster = open_cluster(folder / "pg")
        line = LifeLine()
        try:
            pg_port = (await asyncio.to_thread(cluster.start)).port
            urls = embedded_urls(cluster, pg_port)
            await ensure_roles(cluster.superuser_url(pg_port), urls)
            await asyncio.to_thread(migrations.upgrade, urls.owner)
            database = _describe(cluster, pg_port, urls)
            state = folder / "state"
            state.mkdir()
            async with open_house(database, await furnish(database, state)) as house:
                ports = {"customer_port": free_port(), "bank_port": free_port(), "pg_port": pg_port}
                settings = OperatorSettings().model_copy(update={**urls.fields, **ports, "state_dir": state})
                bank = Bank(cluster, pg_port, urls, settings, house, line)
                try:
                    yield bank
                finally:
                    stop(reversed(bank.children.values()))
        finally:
            line.close()
            cluster.remove()


async def serve(bank: Bank) -> None:
    """Start worker, customer port and bank port."""
    for service in SERVICES:
        began = time.monotonic()
        await asyncio.to_thread(bank.start, service)
        bank.start_seconds = max(bank.start_seconds, time.monotonic() - began)


def _describe(cluster: Cluster, port: int, urls: RoleUrls) -> Database:
    name = urls.owner.rpartition("/")[2]
    return Database(name, urls.owner, urls.customer, urls.bank, urls.worker, cluster.superuser_url(port, name))


def _wait_until_working(worker: Child) -> None:
    """Wait until the worker says that it is ready: one that meets a dead server while it starts ends, as it should."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while b"worker_ready" not in worker.log.read_bytes():
        if worker.exit_code is not None or time.monotonic() > deadline:
            raise OperatorError(f"The worker did not start:\n{worker.last_words()}")
        time.sleep(0.1)


def _children_of(parent: int) -> list[int]:
    found = []
    for entry in Path("/proc").iterdir():
        with contextlib.suppress(OSError, ValueError, IndexError):
            if int((entry / "stat").read_text().rpartition(")")[2].split()[1]) == parent:
                found.append(int(entry.name))
    return found


def _is_there(pid: int) -> bool:
    return Path(f"/proc/{pid}").exists()


async def _until_gone(processes: list[int]) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while any(map(_is_there, processes)):
        if time.monotonic() > deadline:
            raise TimeoutError("killed processes of the server stay")
        await asyncio.sleep(0.05)
