"""The worker as a process of its own: it starts, works, stops when it is told, and refuses to be more than a worker."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from sqlalchemy import text

from bank_api.worker import Worker
from guibin.core import clock
from guibin.runs import repository
from guibin.runs.models import RunState
from guibin.runs.service import request_run
from guibin.web.metrics import WorkerMetrics
from guibin_tools.settings import child_environment
from support.house import House
from support.nights import AFTER, BY_HAND, MONTH_END, as_worker, furnish

PATIENCE_SECONDS = 180.0


@dataclass
class Process:
    """A started worker and where its log goes."""

    process: subprocess.Popen[bytes]
    log: Path

    def wait_for(self, words: str) -> None:
        """Wait until the log says something."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while words not in self.log.read_text("utf-8"):
            assert time.monotonic() < deadline, self.log.read_text("utf-8")
            time.sleep(0.05)

    def end(self, number: signal.Signals) -> int:
        """Send a signal and return the exit code."""
        self.process.send_signal(number)
        return self.process.wait(PATIENCE_SECONDS)


@contextmanager
def started(house: House, folder: Path, *, url: str | None = None, pipe: int | None = None) -> Iterator[Process]:
    """Start a worker as a child."""
    settings = {
        "GUIBIN_WORKER_DATABASE_URL": url or house.database.worker_url,
        "GUIBIN_STATE_DIR": str(folder),
    } | ({"GUIBIN_PARENT_PIPE": str(pipe)} if pipe is not None else {})
    log = folder / "worker.log"
    with log.open("wb") as sink:
        process = subprocess.Popen(
            [sys.executable, "-m", "bank_api.worker"],
            env=child_environment(**settings),
            stdout=sink,
            stderr=sink,
            pass_fds=() if pipe is None else (pipe,),
        )
    try:
        yield Process(process, log)
    finally:
        if process.poll() is None:
            process.kill()
        process.wait()


async def _states(house: House) -> list[str]:
    async with house.sessions() as session:
        return [run.state for run in await repository.list_runs(session, limit=9)]


async def test_a_worker_carries_out_what_is_asked_for_and_ends_when_told(
    house: House, bank_client: httpx.AsyncClient, tmp_path: Path
) -> None:
    with started(house, tmp_path) as worker:
        await asyncio.to_thread(worker.wait_for, "worker_ready")
        made = await bank_client.post("/v1/runs/nightly", json={}, headers=house.headers("administrator"))
        await asyncio.to_thread(worker.wait_for, "run_ends")
        shown = await bank_client.get(f"/v1/runs/{made.json()['id']}", headers=house.headers("administrator"))
        assert shown.json()["state"] == "finished"
        assert await asyncio.to_thread(worker.end, signal.SIGTERM) == 0
    assert "worker_ended" in worker.log.read_text("utf-8")


@pytest.mark.merge
async def test_a_worker_ends_when_its_parent_is_gone(house: House, tmp_path: Path) -> None:
    reading, writing = os.pipe()
    with started(house, tmp_path, pipe=reading) as worker:
        await asyncio.to_thread(worker.wait_for, "worker_ready")
        os.close(writing)
        assert await asyncio.to_thread(worker.process.wait, PATIENCE_SECONDS) == 0
    os.close(reading)


@pytest.mark.merge
async def test_a_killed_worker_leaves_a_run_that_the_next_one_finishes(house: House, tmp_path: Path) -> None:
    async with house.sessions() as session:
        await request_run(session, day=clock.last_closed_day(), actor=BY_HAND)
        await session.commit()
    async with house.sessions() as holder:
        await (await holder.connection()).exec_driver_sql("LOCK TABLE customer_fact IN EXCLUSIVE MODE")
        with started(house, tmp_path) as worker:
            await asyncio.to_thread(worker.wait_for, '"step": "expire"')
            assert await asyncio.to_thread(worker.end, signal.SIGKILL) == -signal.SIGKILL
    assert await _states(house) == [RunState.RUNNING]
    with started(house, tmp_path) as worker:
        await asyncio.to_thread(worker.wait_for, "run_ends")
        assert await asyncio.to_thread(worker.end, signal.SIGTERM) == 0
    assert await _states(house) == [RunState.FINISHED]


@pytest.mark.merge
@pytest.mark.parametrize("role", ["owner_url", "admin_url"])
async def test_a_worker_refuses_to_be_more_than_a_worker(house: House, tmp_path: Path, role: str) -> None:
    url = getattr(house.database, role).replace("postgresql://", "postgresql+asyncpg://")
    with started(house, tmp_path, url=url) as worker:
        assert await asyncio.to_thread(worker.process.wait, PATIENCE_SECONDS) == 1
    assert "may do more than a service may" in worker.log.read_text("utf-8")


@pytest.mark.merge
async def test_a_worker_without_a_database_says_so(house: House, tmp_path: Path) -> None:
    with started(house, tmp_path, url="postgresql+asyncpg://guibin_worker@127.0.0.1:1/none") as worker:
        assert await asyncio.to_thread(worker.process.wait, PATIENCE_SECONDS) == 1
    assert "the database cannot be reached" in worker.log.read_text("utf-8")


@pytest.mark.parametrize(
    ("instant", "states"),
    [
        (AFTER, ["finished"]),
        (datetime(2026, 10, 31, 17, 0, tzinfo=UTC), ["finished"]),  # one o'clock in the morning in Shanghai
        (datetime(2026, 10, 31, 16, 59, tzinfo=UTC), []),
    ],
)
async def test_last_nights_run_is_due_from_one_in_the_morning(
    house: House, instant: datetime, states: list[str]
) -> None:
    await furnish(house)
    with clock.fixed_at(instant):
        figures = await _work_for_a_while(house, finished=len(states))
    assert await _states(house) == states
    assert ('guibin_nightly_runs_total{state="finished"} 1.0' in figures) is bool(states)
    assert ('guibin_nightly_step_took_seconds{step="tiers"}' in figures) is bool(states)
    assert "guibin_ledger_faults 0.0" in figures


@pytest.mark.merge
async def test_the_worker_tells_how_many_faults_the_reconciliation_found(house: House) -> None:
    await furnish(house)
    async with house.sessions() as session:
        await session.execute(text("UPDATE points_account SET debt = 1"))
        await session.commit()
    with clock.fixed_at(AFTER):
        figures = await _work_for_a_while(house, finished=1)
    assert "guibin_ledger_faults 1.0" in figures


async def test_a_day_that_has_been_run_is_not_run_again(house: House) -> None:
    await furnish(house)
    with clock.fixed_at(AFTER):
        await _work_for_a_while(house, finished=1)
        await _work_for_a_while(house, finished=0)
    assert await _states(house) == ["finished"]
    with clock.fixed_at(AFTER + timedelta(days=1)):
        await _work_for_a_while(house, finished=2)
    async with house.sessions() as session:
        days = [run.business_date for run in await repository.list_runs(session, limit=9)]
    assert days == [MONTH_END + timedelta(days=1), MONTH_END]


async def test_a_bank_without_customers_has_no_nights(house: House) -> None:
    with clock.fixed_at(AFTER):
        await _work_for_a_while(house, finished=0)
    assert await _states(house) == []


async def _work_for_a_while(house: House, *, finished: int) -> str:
    """Let a worker in this process look, and do what it finds, until so many runs are finished; return its figures."""
    metrics = WorkerMetrics()
    async with as_worker(house.database) as sessions:
        worker = Worker(sessions, metrics)
        working = asyncio.create_task(worker.work())
        for _ in range(6_000 if finished else 20):
            if finished and (await _states(house)).count(RunState.FINISHED) >= finished:
                break
            await asyncio.sleep(0.05)
        worker.stop()
        await working
    return metrics.page().decode()
