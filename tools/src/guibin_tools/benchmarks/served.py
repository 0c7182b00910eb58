"""The customer port and the hello beside it, in processes of their own on the server of a bench."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

import asyncpg

from guibin_tools.benchmarks.load import Requests, ask
from guibin_tools.benchmarks.processor import cpu_us, parent_of, tree_cpu_us
from guibin_tools.benchmarks.rounds import Sample, Side
from guibin_tools.databases import given_urls
from guibin_tools.postgres.cluster import free_port
from guibin_tools.roles import Role, driver_url
from guibin_tools.settings import OperatorSettings, child_environment
from guibin_tools.supervisor.children import LifeLine, start, stop
from guibin_tools.supervisor.services import CUSTOMER_PORT, service_environment, start_service, wait_until_ready


@dataclass(frozen=True)
class Served:
    """Two processes and their ports, and the postmaster of the server that the port asks."""

    port: int
    process: int
    hello_port: int
    hello_process: int
    postmaster: int

    def asking(self, requests: Requests) -> Side:
        """Return the side that asks the customer port; its CPU is that of the port and of Postgres."""

        async def side(seconds: float) -> Sample:
            port, postgres = cpu_us(self.process), tree_cpu_us(self.postmaster)
            answered = await ask(self.port, requests, seconds=seconds)
            port, postgres = cpu_us(self.process) - port, tree_cpu_us(self.postmaster) - postgres
            return Sample(answered / seconds, port / answered, postgres / answered)

        return side

    def greeting(self, request: bytes) -> Side:
        """Return the side that asks the hello."""

        async def side(seconds: float) -> Sample:
            before = cpu_us(self.hello_process)
            answered = await ask(self.hello_port, lambda: request, seconds=seconds)
            return Sample(answered / seconds, (cpu_us(self.hello_process) - before) / answered)

        return side


@contextmanager
def served(settings: OperatorSettings, postmaster: int) -> Iterator[Served]:
    """Start both, and stop them at the end."""
    port, hello_port, line = free_port(), free_port(), LifeLine()
    more = {"GUIBIN_STATE_DIR": str(settings.state_dir), "GUIBIN_CUSTOMER_PORT": str(port)}
    child = start_service(CUSTOMER_PORT, given_urls(settings), settings, line, more)
    hello = start(
        "hello",
        "guibin_tools.benchmarks.hello",
        str(hello_port),
        line=line,
        env=child_environment(),
        logs=settings.state_dir / "logs",
    )
    try:
        wait_until_ready(child, port)
        yield Served(port, child.process.pid, hello_port, hello.process.pid, postmaster)
    finally:
        stop([child, hello])
        line.close()


@contextmanager
def plainly_served(settings: OperatorSettings, beside: Served) -> Iterator[Served]:
    """Start the redemption that is written plainly beside the port; it asks as the owner, whom no policy holds."""
    port, line = free_port(), LifeLine()
    more = {"GUIBIN_STATE_DIR": str(settings.state_dir)}
    environment = service_environment(Role.OWNER, given_urls(settings), more)
    plain = start(
        "plain",
        "guibin_tools.benchmarks.plain",
        str(port),
        line=line,
        env=environment,
        logs=settings.state_dir / "logs",
    )
    try:
        wait_until_ready(plain, port)
        yield replace(beside, port=port, process=plain.process.pid)
    finally:
        stop([plain])
        line.close()


async def postmaster_of(settings: OperatorSettings) -> int:
    """Return the process of the server: the parent of any of its backends."""
    connection = await asyncpg.connect(driver_url(given_urls(settings).owner))
    try:
        return parent_of(await connection.fetchval("SELECT pg_backend_pid()"))
    finally:
        await connection.close()
