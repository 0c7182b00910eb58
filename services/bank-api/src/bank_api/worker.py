"""The worker: a clock that carries out nightly runs, those that were asked for and last night's when it is due."""

import asyncio
import contextlib
import signal
from datetime import date, time
from typing import Final

from sqlalchemy.exc import DBAPIError

from bank_api.calling import tend_calls
from bank_api.chores import MINUTE_SECONDS, chores_of
from bank_api.ordering import tend_orders
from bank_api.relaying import relay_events
from bank_api.sealing import Sealer, prepare_anchor_key
from guibin import wiring
from guibin.audit.anchors import AnchorInvalid
from guibin.channels.jobs import BATCH, forget_strangers, keep_token, review_shared_unionids
from guibin.channels.wechat import open_wechat
from guibin.core import clock
from guibin.core.collecting import collect_seldom
from guibin.core.database import SessionFactory, make_engine, make_session_factory
from guibin.core.errors import Refusal
from guibin.core.logging import configure_logging, error_facts, logger
from guibin.core.settings import SettingMissing, Settings
from guibin.runs import repository
from guibin.runs.errors import FeedsAwaited, RunInProgress
from guibin.runs.models import Run
from guibin.runs.service import carry_out, request_run
from guibin.security.actors import NIGHTLY_JOB
from guibin.security.ciphers import KeyRing
from guibin.web.checks import StartRefused, check_role, check_worker_settings
from guibin.web.metrics import WorkerMetrics
from guibin.web.serving import parent_gone

NIGHT_BEGINS: Final = time(1)
"""Local time from which last night's run is due: the lines have closed their day by then."""

LOOK_SECONDS: Final = 1.0
DUE_SECONDS: Final = 60.0
RETRY_SECONDS: Final = 30.0
IDENTITY_SECONDS: Final = 3_600.0
"""From one look at all of WeChat's identities to the next."""
CONNECTIONS: Final = 20
"""One each for the step, the lease, the chores and seals, three for the relay, three for orders at suppliers, one
for calls, one to spare."""


class Worker:
    """Looks for work until it is told to stop."""

    def __init__(self, sessions: SessionFactory, metrics: WorkerMetrics) -> None:
        self._sessions = sessions
        self._metrics = metrics
        self._stop = asyncio.Event()
        self._look_again_at = 0.0

    def stop(self) -> None:
        """End after the step at hand; the run that it belongs to is taken up by the next worker."""
        self._stop.set()

    async def work(self) -> None:
        """Carry out runs, one after the other; a run that fails is tried again after a pause."""
        while not self._stop.is_set():
            pause = LOOK_SECONDS
            try:
                run = await self._next_run()
                if run is not None:
                    await self._carry_out(run)
            except RunInProgress:
                logger().debug("run_in_progress")
            except Exception as error:  # noqa: BLE001 - whatever a run fails of, the worker stays to try again
                logger().error("run_failed", **error_facts(error))
                self._metrics.observe_failure()
                pause = RETRY_SECONDS
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stop.wait(), pause)

    async def _next_run(self) -> Run | None:
        """Return the oldest open run; once a minute last night's is opened if it is due."""
        async with self._sessions() as session:
            run = await repository.unfinished_run(session)
        now = asyncio.get_running_loop().time()
        if run is None and now >= self._look_again_at:
            self._look_again_at = now + DUE_SECONDS
            run = await self._open_due()
        return run

    async def _open_due(self) -> Run | None:
        day = _day_due()
        if day is None:
            return None
        async with self._sessions() as session:
            if await repository.has_run(session, day) or not await repository.has_customers(session):
                return None
            try:
                run = await request_run(session, day=day, actor=NIGHTLY_JOB)
            except FeedsAwaited as awaited:
                logger().warning("night_waits", business_date=day.isoformat(), **awaited.facts)
                return None
            await session.commit()
        return run

    async def _carry_out(self, run: Run) -> None:
        began = step_began = clock.now()

        def progress(step: str, counts: dict[str, int]) -> None:
            nonlocal step_began
            now = clock.now()
            self._metrics.observe_step(step, seconds=(now - step_began).total_seconds())
            if "faults" in counts:
                self._metrics.observe_faults(counts["faults"])
            step_began = now
            logger().info("step_done", run=str(run.id), step=step, counts=counts)

        logger().info("run_begins", run=str(run.id), business_date=run.business_date.isoformat())
        done = await carry_out(self._sessions, run.id, progress=progress, stopping=self._stop.is_set)
        logger().info("run_ends", run=str(run.id), state=done.state)
        now = clock.now()
        self._metrics.observe_run(done.state, ended_at=now, seconds=(now - began).total_seconds())


def _day_due() -> date | None:
    """Return the business day whose night has begun; None before one o'clock in the morning."""
    local = clock.now().astimezone(clock.BUSINESS_ZONE)
    return clock.last_closed_day() if local.time() >= NIGHT_BEGINS else None


async def _run(settings: Settings, database_url: str) -> None:
    engine = make_engine(database_url, pool_size=CONNECTIONS, application="guibin-worker")
    metrics = WorkerMetrics()
    try:
        await check_role(engine)
        sessions = make_session_factory(engine)
        worker = Worker(sessions, metrics)
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, worker.stop)
        beside = [
            asyncio.create_task(work)
            for work in (
                _stop_with_parent(worker, settings.parent_pipe),
                _tend_channels(settings, sessions, database_url),
                Sealer(settings, sessions).work(),
                relay_events(settings, sessions, metrics),
                tend_orders(settings, sessions),
                tend_calls(settings, sessions),
                *(chore.go_round() for chore in chores_of(settings, sessions)),
            )
        ]
        logger().info("worker_ready")
        with metrics.listener(settings.metrics_port):
            await worker.work()
        for task in beside:
            task.cancel()
        await asyncio.gather(*beside, return_exceptions=True)
    finally:
        await engine.dispose()
    logger().info("worker_ended")


async def _tend_channels(settings: Settings, sessions: SessionFactory, database_url: str) -> None:
    """Look after WeChat beside the runs, where the bank has a mini program."""
    if settings.wechat_mini_program_secret is None:
        return
    keys = KeyRing.load(settings.effective_keys_file)
    loop, identities_at = asyncio.get_running_loop(), 0.0
    async with open_wechat(settings, keys, database_url=database_url) as wechat:
        while True:
            try:
                if loop.time() >= identities_at and not await _tend_identities(sessions):
                    identities_at = loop.time() + IDENTITY_SECONDS
                await keep_token(wechat)
            except Refusal as refusal:
                logger().warning("channels_not_tended", code=refusal.code)
            except Exception as error:  # noqa: BLE001 - the next turn tries again
                logger().error("channels_not_tended", **error_facts(error))
            await asyncio.sleep(MINUTE_SECONDS)


async def _tend_identities(sessions: SessionFactory) -> bool:
    """Lay shared persons before people and forget strangers; return whether there may be more of them."""
    async with sessions() as session:
        shared, forgotten = await review_shared_unionids(session), await forget_strangers(session)
        await session.commit()
    if shared or forgotten:
        logger().info("identities_tended", shared_unionids=shared, forgotten=forgotten)
    return max(shared, forgotten) >= BATCH


async def _stop_with_parent(worker: Worker, pipe: int | None) -> None:
    if pipe is not None:
        await parent_gone(pipe)
        worker.stop()


def serve() -> None:
    """Work until SIGTERM, SIGINT or the end of the parent's pipe; the step at hand is finished first.

    Raises:
        SystemExit: the worker did not start; the log says why.
    """
    settings = Settings()
    configure_logging(settings.log_level)
    collect_seldom()
    wiring.connect()
    try:
        check_worker_settings(settings)
        prepare_anchor_key(settings)
        asyncio.run(_run(settings, settings.required("worker_database_url")))
    except (StartRefused, SettingMissing, AnchorInvalid) as refused:
        logger().error("start_refused", reason=str(refused))
        raise SystemExit(1) from None
    except (OSError, DBAPIError) as error:
        logger().error("start_refused", reason="the database cannot be reached", **error_facts(error))
        raise SystemExit(1) from None


if __name__ == "__main__":
    serve()
