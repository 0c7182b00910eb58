"""Ports in processes of their own, behind a real socket."""

import asyncio
import json
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import httpx

from guibin.security.ciphers import KeyRing
from guibin_tools.settings import child_environment
from support.demo_port import AUDIENCE, open_issuer, spends_of
from support.demo_routes import ANN, FIRST
from support.house import House
from support.server import ROOT
from support.waiting import until

_DEMO: Final = """
import json, sys
from pathlib import Path
sys.path.insert(0, "tests")
from guibin.core.settings import Profile
from guibin.web.serving import serve
from support.demo_port import DemoIdentity, demo_app
directory, url, port, profile, changed = sys.argv[1:]
identity = DemoIdentity()
serve(
    lambda: demo_app(Path(directory), url, identity, profile=Profile(profile), **json.loads(changed)),
    host="127.0.0.1",
    port=int(port),
)
"""


@dataclass
class Served:
    """A process that serves a port. Closing `lifeline` tells it that its parent is gone."""

    process: asyncio.subprocess.Process
    port: int
    lifeline: int
    log: Path

    async def raw(self, request: bytes, *, patience: float = 15) -> bytes:
        """Send bytes as they are and return all that comes back until the port closes."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        writer.write(request)
        try:
            return await asyncio.wait_for(reader.read(), patience)
        finally:
            writer.close()

    def resident_bytes(self) -> int:
        """Return how much memory the process holds."""
        pages = Path(f"/proc/{self.process.pid}/statm").read_text("ascii").split()[1]
        return int(pages) * os.sysconf("SC_PAGE_SIZE")


@dataclass
class ServedDemo(Served):
    """A process that serves the demo port, and the token of a customer that it knows."""

    token: str

    def head(self, more: str) -> bytes:
        """Write the head of a spend."""
        return (
            f"POST {spends_of(FIRST)} HTTP/1.1\r\nHost: 127.0.0.1:{self.port}\r\nAuthorization: Bearer {self.token}\r\n"
            f"Idempotency-Key: k1\r\nContent-Type: application/json\r\n{more}\r\n"
        ).encode()


@asynccontextmanager
async def served_demo(
    directory: Path, role_url: str, *, profile: str = "development", **changed: Any
) -> AsyncIterator[ServedDemo]:
    """Serve the demo port on a database that has its tables; a second one in the same directory has the same keys."""
    issuer = open_issuer(directory)
    if not (directory / "keys.json").exists():
        KeyRing.create(directory / "keys.json")
    port = free_port()
    program = [sys.executable, "-c", _DEMO, str(directory), role_url, str(port), profile, json.dumps(changed)]
    token = issuer.issue(f"cus_{ANN}", AUDIENCE, scopes=["points:redeem", "points:read"], lifetime=timedelta(minutes=5))
    async with _served(program, port=port, log=directory / f"{port}.log", environment={}) as running:
        yield ServedDemo(**vars(running), token=token)


@asynccontextmanager
async def served_port(house: House, module: str, **settings: Any) -> AsyncIterator[Served]:
    """Serve the port of a service (`customer_api` or `bank_api`) on the database of a house."""
    port = free_port()
    name = module.removesuffix("_api")
    environment = {
        "GUIBIN_STATE_DIR": str(house.settings.state_dir),
        f"GUIBIN_{name.upper()}_PORT": str(port),
        **house.database.environment,
        **{f"GUIBIN_{key.upper()}": str(value) for key, value in settings.items()},
    }
    log = house.settings.state_dir / f"{module}-{port}.log"
    program = [sys.executable, "-m", module]
    async with _served(program, port=port, log=log, environment=environment) as running:
        yield running


@asynccontextmanager
async def _served(
    program: Sequence[str], *, port: int, log: Path, environment: Mapping[str, str]
) -> AsyncIterator[Served]:
    reading, writing = os.pipe()
    with log.open("wb") as written:
        process = await asyncio.create_subprocess_exec(
            *program,
            cwd=ROOT,
            env=child_environment(GUIBIN_PARENT_PIPE=str(reading), **environment),
            pass_fds=(reading,),
            stdout=written,
            stderr=asyncio.subprocess.STDOUT,
        )
    os.close(reading)
    try:
        await _until_up(port, process)
        yield Served(process, port, writing, log)
    finally:
        if process.returncode is None:
            process.send_signal(signal.SIGKILL)
        await process.wait()
        _close(writing)


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


async def _until_up(port: int, process: asyncio.subprocess.Process) -> None:
    async with httpx.AsyncClient() as client:

        async def up_or_ended() -> bool:
            try:
                await client.get(f"http://127.0.0.1:{port}/healthz")
            except httpx.TransportError:
                return process.returncode is not None
            return True

        await until(up_or_ended)


def _close(descriptor: int) -> None:
    try:
        os.close(descriptor)
    except OSError:
        return  # the test closed it
