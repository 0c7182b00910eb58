"""The receiver of docs/examples is what a newcomer runs: it takes what the relay signs, once, and nothing else."""

import asyncio
import importlib.util
import socket
import sys
from datetime import timedelta
from pathlib import Path
from types import ModuleType

import httpx
import pytest

from guibin.core import clock
from guibin.outbox.rules import signature_of
from guibin.outbox.sending import WebhookSender
from support.waiting import until

FILE = Path(__file__).parents[3] / "docs/examples/webhook_receiver.py"
BODY = b'{"data":{"free":9},"id":"evt_1","subject":"rgt_1","type":"right.back_in_stock"}'


@pytest.fixture(scope="module")
def example() -> ModuleType:
    spec = importlib.util.spec_from_file_location("webhook_receiver", FILE)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_it_takes_what_we_sign_by_either_secret_within_five_minutes(example: ModuleType) -> None:
    now = clock.now()
    header = signature_of(BODY, {1: b"old", 2: b"new"}, at=now)

    def genuine(body: bytes = BODY, mark: str = header, late: int = 0, **secrets: str) -> bool:
        at = (now + timedelta(seconds=late)).timestamp()
        return bool(example.is_genuine(body, mark, secrets or {"k2": "new"}, at))

    assert genuine()
    assert genuine(k1="old")
    assert genuine(late=299)
    assert not genuine(late=302)
    assert not genuine(late=-302)
    assert not genuine(k3="new")
    assert not genuine(k2="other")
    assert not genuine(BODY + b" ")
    assert not genuine(mark="")
    assert not genuine(mark=header.replace("t=", "t=x"))


async def test_it_runs_and_prints_an_event_once() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    running = await asyncio.create_subprocess_exec(
        sys.executable,
        str(FILE),
        str(port),
        "k1=whsec_1",
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        url = f"http://127.0.0.1:{port}/"
        await until_it_listens(url)
        headers = {"Guibin-Signature": signature_of(BODY, {1: b"whsec_1"}, at=clock.now())}
        async with WebhookSender(in_development=True) as sender:
            statuses = [(await sender.send(url, BODY, headers)).status for _ in range(2)]
            statuses.append((await sender.send(url, BODY + b" ", headers)).status)
    finally:
        running.terminate()
        printed, _ = await running.communicate()
    assert statuses == [204, 204, 401]
    assert printed.decode() == "evt_1 right.back_in_stock rgt_1 {'free': 9}\n"


async def until_it_listens(url: str) -> None:
    async with httpx.AsyncClient(trust_env=False) as client:

        async def listens() -> bool:
            try:
                await client.post(url)
            except httpx.ConnectError:
                return False
            return True

        await until(listens)
