"""A port in a process of its own, behind a real socket."""

import asyncio
import json
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import asyncpg
import httpx
import pytest

from guibin.security.ciphers import KeyRing
from guibin_tools.settings import child_environment
from support.databases import Database, cloned_database
from support.demo_port import AUDIENCE, open_issuer, spends_of
from support.demo_routes import ANN, FIRST, TABLES
from support.server import ROOT, Server

PROGRAM = """
import sys
from pathlib import Path
sys.path.insert(0, "tests")
from guibin.core.settings import Profile
from guibin.web.serving import serve
from support.demo_port import DemoIdentity, demo_app
directory, url, port = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
serve(
    lambda: demo_app(directory, url, DemoIdentity(), profile=Profile.DEVELOPMENT), host="127.0.0.1", port=port
)
"""


@dataclass
class Served:
    """A process that serves the demo port."""

    process: asyncio.subprocess.Process
    port: int
    lifeline: int
    token: str

    async def raw(self, request: bytes, *, patience: float = 15) -> bytes:
        """Send bytes as they are and return all that comes back until the port closes."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        writer.write(request)
        try:
            return await asyncio.wait_for(reader.read(), patience)
        finally:
            writer.close()

    def head(self, more: str) -> bytes:
        return (
            f"POST {spends_of(FIRST)} HTTP/1.1\r\nHost: 127.0.0.1:{self.port}\r\nAuthorization: Bearer {self.token}\r\n"
            f"Idempotency-Key: k1\r\nContent-Type: application/json\r\n{more}\r\n"
        ).encode()


@asynccontextmanager
async def served(directory: Path, role_url: str) -> AsyncIterator[Served]:
    issuer = open_issuer(directory)
    KeyRing.create(directory / "keys.json")
    reading, writing = os.pipe()
    port = _free_port()
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", PROGRAM, str(directory), role_url, str(port)),
        cwd=ROOT,
        env=child_environment(GUIBIN_PARENT_PIPE=str(reading)),
        pass_fds=(reading,),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    os.close(reading)
    token = issuer.issue(f"cus_{ANN}", AUDIENCE, scopes=["points:redeem", "points:read"])
    try:
        await _until_up(port, process)
        yield Served(process, port, writing, token)
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


async def _until_up(port: int, process: asyncio.subprocess.Process) -> None:
    async with httpx.AsyncClient() as client:
        for _ in range(200):
            if process.returncode is not None:
                return
            try:
                await client.get(f"http://127.0.0.1:{port}/healthz")
            except httpx.TransportError:
                await asyncio.sleep(0.1)
            else:
                return
    raise AssertionError("the port did not come up")


@pytest.fixture(scope="session")
async def process(server: Server, worker_name: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Served]:
    async with cloned_database(server, f"t_{worker_name}_served") as database:
        await _make_tables(database)
        async with served(tmp_path_factory.mktemp("served"), database.bank_url) as running:
            yield running


async def _make_tables(database: Database) -> None:
    connection = await asyncio.wait_for(_connect(database), 10)
    for statement in TABLES:
        await connection.execute(statement)
    await connection.close()


async def _connect(database: Database) -> "asyncpg.Connection[asyncpg.Record]":
    return await asyncpg.connect(database.owner_url.replace("+asyncpg", ""))


async def test_a_redemption_over_a_real_socket(process: Served) -> None:
    answer = await process.raw(process.head("Connection: close\r\nContent-Length: 13\r\n") + b'{"points":10}')
    assert answer.startswith(b"HTTP/1.1 201")


@pytest.mark.merge
async def test_h16_a_body_that_stops_half_way_is_cut_within_ten_seconds(process: Served) -> None:
    answer = await process.raw(process.head("Content-Length: 10\r\n") + b"12345", patience=10)
    assert answer == b"" or b" 408 " in answer.partition(b"\r\n")[0]


@pytest.mark.parametrize(
    "more",
    [
        "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n",
        "Content-Length: 4\r\nContent-Length: 5\r\n",
        "Transfer-Encoding: chunked\r\n\r\nXYZ",
    ],
)
async def test_h17_broken_framing_is_refused_or_the_connection_closed(process: Served, more: str) -> None:
    answer = await process.raw(process.head(f"Connection: close\r\n{more}") + b"0\r\n\r\n")
    assert answer == b"" or answer.split(b" ")[1] in {b"400", b"415", b"422"}


async def test_h18_an_announced_body_over_the_limit_is_refused_before_it_is_sent(process: Served) -> None:
    answer = await process.raw(process.head(f"Content-Length: {64 * 1024 + 1}\r\n"))
    assert answer.startswith(b"HTTP/1.1 413")


async def test_h18_an_endless_chunked_body_is_refused_at_the_limit(process: Served) -> None:
    chunk = b"1000\r\n" + b" " * 4096 + b"\r\n"
    answer = await process.raw(process.head("Transfer-Encoding: chunked\r\n") + chunk * 20)
    assert answer.startswith(b"HTTP/1.1 413")


async def test_h20_connect_is_refused_by_the_server(process: Served) -> None:
    answer = await process.raw(b"CONNECT x:1 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    assert answer == b"" or answer.split(b" ")[1] in {b"400", b"404", b"405"}


async def test_a_request_without_a_host_is_refused(process: Served) -> None:
    answer = await process.raw(b"GET /healthz HTTP/1.1\r\nConnection: close\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 400")
    assert json.loads(answer.partition(b"\r\n\r\n")[2])["code"] == "bad_host"


async def test_the_server_does_not_name_itself(process: Served) -> None:
    answer = await process.raw(b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n")
    assert b"server:" not in answer.lower()


async def test_sigterm_ends_the_process_cleanly(database: Database, tmp_path: Path) -> None:
    async with served(tmp_path, database.bank_url) as running:
        running.process.send_signal(signal.SIGTERM)
        assert await asyncio.wait_for(running.process.wait(), 15) == 0


async def test_the_process_ends_when_its_parent_is_gone(database: Database, tmp_path: Path) -> None:
    async with served(tmp_path, database.bank_url) as running:
        os.close(running.lifeline)
        assert await asyncio.wait_for(running.process.wait(), 15) == 0
