"""How benches measure: sides in turn, ratios by round, only of what succeeded."""

import asyncio
import os
import time

import pytest

from guibin_tools.benchmarks import rounds
from guibin_tools.benchmarks.load import ask, ask_times, get, post
from guibin_tools.benchmarks.processor import cpu_us, parent_of, resident_mb, tree_cpu_us
from guibin_tools.benchmarks.redeem import ratios_of
from guibin_tools.benchmarks.rounds import Sample
from guibin_tools.errors import OperatorError


async def test_sides_work_in_turn_and_the_order_is_turned_round_in_every_other_round() -> None:
    worked: list[tuple[str, float]] = []

    def side(name: str) -> rounds.Side:
        async def work(seconds: float) -> Sample:
            worked.append((name, seconds))
            return Sample(len(worked))

        return work

    found = await rounds.interleaved({"a": side("a"), "b": side("b")}, rounds=3, seconds=2)
    assert worked == [(name, 0.5) for name in "ab"] + [(name, 2) for name in "abbaab"]
    assert {name: [one.rate for one in samples] for name, samples in found.items()} == {"a": [3, 6, 7], "b": [4, 5, 8]}


def test_a_ratio_is_the_median_of_the_rounds_and_not_that_of_the_medians() -> None:
    samples = {"a": [Sample(1), Sample(10), Sample(3)], "b": [Sample(2), Sample(10), Sample(12)]}
    assert rounds.ratio(samples, "a", "b") == 0.5


def test_processor_time_counts_the_port_and_postgres() -> None:
    samples = {"a": [Sample(1, 100, 200)] * 3, "b": [Sample(1, 150)] * 3}
    assert rounds.cpu_ratio(samples, "a", "b") == 2


def test_the_process_table_says_what_this_process_has_used_and_holds() -> None:
    before, end = cpu_us(os.getpid()), time.process_time() + 0.05
    while time.process_time() < end:
        pass
    assert cpu_us(os.getpid()) - before >= 30_000
    own = cpu_us(os.getpid())
    assert tree_cpu_us(os.getpid()) >= own > 0
    assert parent_of(os.getpid()) == os.getppid()
    assert 10 < resident_mb(os.getpid()) < 10_000


async def test_answers_are_counted_and_a_bench_of_refusals_is_refused() -> None:
    asked: list[bytes] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while head := (await reader.readline()):
            asked.append(head)
            length = 0
            while (line := await reader.readline()) != b"\r\n":
                length = int(line.split()[1]) if line.lower().startswith(b"content-length") else length
            await reader.readexactly(length)
            status = b"409 Conflict" if b"bad" in head else b"201 Created"
            writer.write(b"HTTP/1.1 " + status + b"\r\ncontent-length: 2\r\n\r\nok")
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server:
        assert await ask_times(port, lambda: post("/good", "token", "k", b"{}"), times=20, connections=4) >= 20
        assert await ask(port, lambda: get("/good"), seconds=0.05, connections=2) > 0
        with pytest.raises(OperatorError, match="'409'"):
            await ask_times(port, lambda: get("/bad"), times=2, connections=1)
    assert asked[0] == b"POST /good HTTP/1.1\r\n"


def test_a_ratio_whose_other_side_is_not_there_is_left_out() -> None:
    names = ("redeem", "redeem on one stock", "rights_redeem", "rights_redeem on one stock", "written plainly", "hello")
    samples = {name: [Sample(10, 100)] * 3 for name in names}
    assert list(ratios_of(samples)) == ["G1", "G2", "G5", "G6"]
    assert ratios_of(samples | {"pgledger": [Sample(4)] * 3})["G3"] == 2.5
