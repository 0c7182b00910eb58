"""A port in a process of its own, behind a real socket."""

import asyncio
import itertools
import json
import os
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import pytest

from support.byte_fuzzing import fuzz
from support.databases import Database, cloned_database
from support.demo_routes import TABLES
from support.served import ServedDemo, served_demo
from support.server import Server


@pytest.fixture(scope="session")
async def process(
    server: Server, worker_name: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[ServedDemo]:
    async with cloned_database(server, f"t_{worker_name}_served") as database:
        await _make_tables(database)
        async with served_demo(tmp_path_factory.mktemp("served"), database.bank_url) as running:
            yield running


async def _make_tables(database: Database) -> None:
    connection = await asyncio.wait_for(_connect(database), 10)
    for statement in TABLES:
        await connection.execute(statement)
    await connection.close()


async def _connect(database: Database) -> "asyncpg.Connection[asyncpg.Record]":
    return await asyncpg.connect(database.owner_url.replace("+asyncpg", ""))


async def test_a_redemption_over_a_real_socket(process: ServedDemo) -> None:
    answer = await process.raw(process.head("Connection: close\r\nContent-Length: 13\r\n") + b'{"points":10}')
    assert answer.startswith(b"HTTP/1.1 201")


@pytest.mark.merge
async def test_h16_a_body_that_stops_half_way_is_cut_within_ten_seconds(process: ServedDemo) -> None:
    answer = await process.raw(process.head("Content-Length: 10\r\n") + b"12345", patience=10)
    assert answer == b"" or b" 408 " in answer.partition(b"\r\n")[0]


@pytest.mark.merge
@pytest.mark.parametrize("more", ["Content-Length: 1000\r\n", "Transfer-Encoding: chunked\r\n"])
async def test_a_body_of_a_byte_a_second_is_cut_within_ten_seconds(process: ServedDemo, more: str) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", process.port)
    writer.write(process.head(more))

    async def drip() -> None:
        while True:
            writer.write(b" " if "Length" in more else b"1\r\n \r\n")
            await asyncio.sleep(1)

    dripping = asyncio.create_task(drip())
    try:
        answer = await asyncio.wait_for(reader.read(), 10)
    finally:
        dripping.cancel()
        writer.close()
    assert answer == b"" or b" 408 " in answer.partition(b"\r\n")[0]


async def test_an_endless_body_of_a_stranger_is_cut_and_not_read_to_its_end(process: ServedDemo) -> None:
    head = process.head("Transfer-Encoding: chunked\r\n").replace(b"Bearer ", b"Bearer x")
    answer = await process.raw(head + b"1\r\n \r\n", patience=5)
    assert answer.startswith(b"HTTP/1.1 401")
    assert b"connection: close" in answer.lower()


@pytest.mark.parametrize(
    "more",
    [
        "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n",
        "Content-Length: 4\r\nContent-Length: 5\r\n",
        "Transfer-Encoding: chunked\r\n\r\nXYZ",
    ],
)
async def test_h17_broken_framing_is_refused_or_the_connection_closed(process: ServedDemo, more: str) -> None:
    answer = await process.raw(process.head(f"Connection: close\r\n{more}") + b"0\r\n\r\n")
    assert answer == b"" or answer.split(b" ")[1] in {b"400", b"415", b"422"}


async def test_h18_an_announced_body_over_the_limit_is_refused_before_it_is_sent(process: ServedDemo) -> None:
    answer = await process.raw(process.head(f"Content-Length: {64 * 1024 + 1}\r\n"))
    assert answer.startswith(b"HTTP/1.1 413")


async def test_h18_an_endless_chunked_body_is_refused_at_the_limit(process: ServedDemo) -> None:
    chunk = b"1000\r\n" + b" " * 4096 + b"\r\n"
    answer = await process.raw(process.head("Transfer-Encoding: chunked\r\n") + chunk * 20)
    assert answer.startswith(b"HTTP/1.1 413")


async def test_h20_connect_is_refused_by_the_server(process: ServedDemo) -> None:
    answer = await process.raw(b"CONNECT x:1 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    assert answer == b"" or answer.split(b" ")[1] in {b"400", b"404", b"405"}


async def test_a_request_without_a_host_is_refused(process: ServedDemo) -> None:
    answer = await process.raw(b"GET /healthz HTTP/1.1\r\nConnection: close\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 400")
    assert json.loads(answer.partition(b"\r\n\r\n")[2])["code"] == "bad_host"


async def test_the_server_does_not_name_itself(process: ServedDemo) -> None:
    answer = await process.raw(b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n")
    assert b"server:" not in answer.lower()


async def test_sigterm_ends_the_process_cleanly(database: Database, tmp_path: Path) -> None:
    async with served_demo(tmp_path, database.bank_url) as running:
        running.process.send_signal(signal.SIGTERM)
        assert await asyncio.wait_for(running.process.wait(), 15) == 0


@pytest.mark.merge
async def test_sigterm_under_load_loses_no_call_in_twenty_rounds(database: Database, tmp_path: Path) -> None:
    """T-CHAOS-4: what was begun is answered, nothing new is taken, and whatever was done was answered."""
    await _make_tables(database)
    connection = await _connect(database)
    await connection.execute("UPDATE demo_account SET points = 1000000")
    answered = 0
    for number in range(20):
        async with served_demo(tmp_path, database.bank_url, log_level="error") as running:
            clients = [asyncio.create_task(_spend_until_closed(running, f"{number}-{n}")) for n in range(4)]
            await asyncio.sleep(0.3 + number / 50)
            running.process.send_signal(signal.SIGTERM)
            assert await asyncio.wait_for(running.process.wait(), 10) == 0
            answered += sum(await asyncio.gather(*clients))
            with pytest.raises(ConnectionError):
                await asyncio.open_connection("127.0.0.1", running.port)
    assert await connection.fetchval("SELECT count(*) FROM demo_entry") == answered
    assert answered > 20
    await connection.close()


async def _spend_until_closed(running: ServedDemo, name: str) -> int:
    """Spend a point again and again until the port is gone; return how often it was answered as done."""
    body = b'{"points":1}'
    for number in itertools.count():
        head = running.head(f"Connection: close\r\nContent-Length: {len(body)}\r\n")
        try:
            answer = await running.raw(head.replace(b": k1\r\n", f": {name}-{number}\r\n".encode()) + body)
        except ConnectionError:
            return number
        if not answer.startswith(b"HTTP/1.1 201"):
            assert answer == b"" or answer.split(b" ")[1] in {b"503", b"429"}, answer
            return number
    raise AssertionError("the port did not close")


async def test_the_process_ends_when_its_parent_is_gone(database: Database, tmp_path: Path) -> None:
    async with served_demo(tmp_path, database.bank_url) as running:
        os.close(running.lifeline)
        assert await asyncio.wait_for(running.process.wait(), 15) == 0


async def test_no_mutated_request_makes_the_port_fail_or_hang(process: ServedDemo) -> None:
    requests = [
        process.head("Content-Length: 13\r\n") + b'{"points":10}',
        b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
    ]
    report = await fuzz(process, requests, count=300, seed=7)
    assert report.faults == []
    assert report.answers
