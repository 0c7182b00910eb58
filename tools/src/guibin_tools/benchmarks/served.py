"""The customer port, the hello and the bare balance beside it, in processes of their own on the server of a bench."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Final

import asyncpg

from guibin_tools.benchmarks.load import Requests, ask
from guibin_tools.benchmarks.processor import cpu_us, parent_of, tree_cpu_us
from guibin_tools.benchmarks.rounds import Sample, Side
from guibin_tools.databases import given_urls
from guibin_tools.postgres.cluster import free_port
from guibin_tools.roles import Role, driver_url
from guibin_tools.settings import OperatorSettings
from guibin_tools.supervisor.children import LifeLine, start, stop
from guibin_tools.supervisor.services import CUSTOMER_PORT, service_environment, start_service, wait_until_ready

_PATIENT: Final = {"GUIBIN_QUEUE_SECONDS": "60"}
"""A bench keeps more connections busy than there are places for as long as it lasts: that is no overload."""


@dataclass(frozen=True)
class Served:
    """Three processes and their ports, and the postmaster of the server that two of them ask."""

    port: int
    process: int
    hello_port: int
    hello_process: int
    bare_port: int
    bare_process: int
    postmaster: int

    def asking(self, requests: Requests) -> Side:
        """Return the side that asks the customer port; its CPU is that of the port and of Postgres."""
        return self._with_postgres(self.port, self.process, requests)

    def asking_bare(self, requests: Requests) -> Side:
        """Return the side that asks for balances without anything of ours; its CPU is told as the port's."""
        return self._with_postgres(self.bare_port, self.bare_process, requests)

    def _with_postgres(self, port: int, process: int, requests: Requests) -> Side:
        async def side(seconds: float) -> Sample:
            own, postgres = cpu_us(process), tree_cpu_us(self.postmaster)
            answered = await ask(port, requests, seconds=seconds)
            own, postgres = cpu_us(process) - own, tree_cpu_us(self.postmaster) - postgres
            return Sample(answered / seconds, own / answered, postgres / answered)

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
    """Start all of them, and stop them at the end."""
    port, hello_port, bare_port, line = free_port(), free_port(), free_port(), LifeLine()
    more = {"GUIBIN_STATE_DIR": str(settings.state_dir), "GUIBIN_CUSTOMER_PORT": str(port), **_PATIENT}
    env, logs = service_environment(CUSTOMER_PORT.role, given_urls(settings), more), settings.state_dir / "logs"
    child = start_service(CUSTOMER_PORT, given_urls(settings), settings, line, more)
    hello = start("hello", "guibin_tools.benchmarks.hello", str(hello_port), line=line, env=env, logs=logs)
    bare = start("bare", "guibin_tools.benchmarks.bare", str(bare_port), line=line, env=env, logs=logs)
    try:
        wait_until_ready(child, port)
        own, greeting, bare_process = (one.process.pid for one in (child, hello, bare))
        yield Served(port, own, hello_port, greeting, bare_port, bare_process, postmaster)
    finally:
        stop([child, hello, bare])
        line.close()


@contextmanager
def plainly_served(settings: OperatorSettings, beside: Served) -> Iterator[Served]:
    """Start the redemption that is written plainly beside the port; it asks as the owner, whom no policy holds."""
    port, line = free_port(), LifeLine()
    env = service_environment(Role.OWNER, given_urls(settings), {"GUIBIN_STATE_DIR": str(settings.state_dir)})
    logs = settings.state_dir / "logs"
    plain = start("plain", "guibin_tools.benchmarks.plain", str(port), line=line, env=env, logs=logs)
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
