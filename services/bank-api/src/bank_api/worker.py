"""The worker: a clock that carries out nightly runs, those that were asked for and last night's when it is due."""

import asyncio
import contextlib
import signal
from datetime import date, time
from typing import Final

from sqlalchemy.exc import DBAPIError

from bank_api.exports.lists import LISTS
from bank_api.ordering import tend_orders
from bank_api.relaying import relay_events
from bank_api.sealing import Sealer, prepare_anchor_key
from guibin import wiring
from guibin.audit.anchors import AnchorInvalid
from guibin.channels.jobs import BATCH, forget_strangers, keep_token, review_shared_unionids
from guibin.channels.wechat import open_wechat
from guibin.core import clock
from guibin.core.database import SessionFactory, make_engine, make_session_factory
from guibin.core.errors import Refusal
from guibin.core.logging import configure_logging, error_facts, logger
from guibin.core.settings import SettingMissing, Settings
from guibin.exports.jobs import tend_exports
from guibin.points.campaign_codes.service import MOST_AT_ONCE as MOST_CODES
from guibin.points.campaign_codes.service import earn_codes
from guibin.points.files.service import tend_files
from guibin.points.service import release_lapsed
from guibin.points.velocity.repository import list_rules
from guibin.points.velocity.service import MOST_AT_ONCE as MOST_NOTICED
from guibin.points.velocity.service import notice
from guibin.privacy.jobs import tend_copies
from guibin.rights.service import let_lapsed_go, tend_slots
from guibin.runs import repository
from guibin.runs.errors import RunInProgress
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
TEND_SECONDS: Final = 60.0
"""From one look at WeChat's token, and at holds whose time is up, to the next."""
IDENTITY_SECONDS: Final = 3_600.0
"""From one look at all of WeChat's identities to the next."""
COPY_SECONDS: Final = 2.0
"""From one look at customers' requests for a copy of their data, and at staff's for lists, to the next."""
MOST_HOLDS: Final = 200
"""Holds that one transaction ends: whoever redeems meanwhile waits for it."""
CONNECTIONS: Final = 18
"""One each for the step, the lease, copies, lists, holds, files, slots, reservations, codes, speed, seals, three for
the relay, three for orders at suppliers, one to spare."""


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
            run = await request_run(session, day=day, actor=NIGHTLY_JOB)
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
        watch = asyncio.create_task(_stop_with_parent(worker, settings.parent_pipe))
        tending = asyncio.create_task(_tend_channels(settings, sessions, database_url))
        copying = asyncio.create_task(_tend_privacy(settings, sessions))
        listing = asyncio.create_task(_tend_lists(settings, sessions))
        holding = asyncio.create_task(_tend_holds(sessions))
        posting = asyncio.create_task(_tend_points_files(sessions))
        earning = asyncio.create_task(_earn_by_codes(sessions))
        noticing = asyncio.create_task(_notice_speed(sessions))
        slotting = asyncio.create_task(_tend_slots(sessions))
        reserving = asyncio.create_task(_tend_reservations(sessions))
        sealing = asyncio.create_task(Sealer(settings, sessions).work())
        relaying = asyncio.create_task(relay_events(settings, sessions, metrics))
        ordering = asyncio.create_task(tend_orders(settings, sessions))
        logger().info("worker_ready")
        with metrics.listener(settings.metrics_port):
            await worker.work()
        watch.cancel()
        tending.cancel()
        copying.cancel()
        listing.cancel()
        holding.cancel()
        posting.cancel()
        earning.cancel()
        noticing.cancel()
        slotting.cancel()
        reserving.cancel()
        sealing.cancel()
        relaying.cancel()
        ordering.cancel()
        await asyncio.gather(relaying, ordering, return_exceptions=True)
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
            await asyncio.sleep(TEND_SECONDS)


async def _tend_identities(sessions: SessionFactory) -> bool:
    """Lay shared persons before people and forget strangers; return whether there may be more of them."""
    async with sessions() as session:
        shared, forgotten = await review_shared_unionids(session), await forget_strangers(session)
        await session.commit()
    if shared or forgotten:
        logger().info("identities_tended", shared_unionids=shared, forgotten=forgotten)
    return max(shared, forgotten) >= BATCH


async def _tend_privacy(settings: Settings, sessions: SessionFactory) -> None:
    """Make the copies that customers asked for, beside the runs."""
    while True:
        try:
            if made := await tend_copies(sessions, lambda: KeyRing.load(settings.effective_keys_file)):
                logger().info("copies_made", count=made)
        except Exception as error:  # noqa: BLE001 - the next turn tries again
            logger().error("copies_not_made", **error_facts(error))
        await asyncio.sleep(COPY_SECONDS)


async def _tend_lists(settings: Settings, sessions: SessionFactory) -> None:
    """Make the lists that staff asked for, beside the runs."""
    while True:
        try:
            if made := await tend_exports(sessions, lambda: KeyRing.load(settings.effective_keys_file), LISTS):
                logger().info("lists_made", count=made)
        except Exception as error:  # noqa: BLE001 - the next turn tries again
            logger().error("lists_not_made", **error_facts(error))
        await asyncio.sleep(COPY_SECONDS)


async def _tend_holds(sessions: SessionFactory) -> None:
    """End the holds whose time is up, beside the runs."""
    while True:
        try:
            ended = MOST_HOLDS
            while ended == MOST_HOLDS:
                async with sessions() as session:
                    ended = await release_lapsed(session, limit=MOST_HOLDS)
                    await session.commit()
                if ended:
                    logger().info("holds_ended", count=ended)
        except Exception as error:  # noqa: BLE001 - the next turn tries again
            logger().error("holds_not_ended", **error_facts(error))
        await asyncio.sleep(TEND_SECONDS)


async def _earn_by_codes(sessions: SessionFactory) -> None:
    """Let codes earn that customers typed, beside the runs."""
    while True:
        try:
            earned = MOST_CODES
            while earned == MOST_CODES:
                async with sessions() as session:
                    earned = await earn_codes(session, limit=MOST_CODES)
                    await session.commit()
        except Exception as error:  # noqa: BLE001 - the next turn tries again
            logger().error("codes_not_earned", **error_facts(error))
        await asyncio.sleep(TEND_SECONDS)


async def _notice_speed(sessions: SessionFactory) -> None:
    """Ask the rules that notice speed, beside the runs; one transaction for each rule and list of accounts."""
    while True:
        try:
            async with sessions() as session:
                rules = await list_rules(session, active=True)
            for rule in rules:
                noticed = MOST_NOTICED
                while noticed == MOST_NOTICED:
                    async with sessions() as session:
                        noticed = await notice(session, rule, limit=MOST_NOTICED)
                        await session.commit()
                    if noticed:
                        logger().warning("speed_noticed", rule=rule.code, accounts=noticed)
        except Exception as error:  # noqa: BLE001 - the next turn tries again
            logger().error("speed_not_watched", **error_facts(error))
        await asyncio.sleep(TEND_SECONDS)


async def _tend_slots(sessions: SessionFactory) -> None:
    """Give back what was booked of slots that are being closed, beside the runs."""
    while True:
        try:
            if given := await tend_slots(sessions):
                logger().info("slots_closed", given_back=given)
        except Exception as error:  # noqa: BLE001 - the next turn takes it up
            logger().error("slots_not_closed", **error_facts(error))
        await asyncio.sleep(COPY_SECONDS)


async def _tend_reservations(sessions: SessionFactory) -> None:
    """Free what is reserved beyond its time and nobody has needed since, beside the runs."""
    while True:
        try:
            if freed := await let_lapsed_go(sessions):
                logger().info("reservations_lapsed", units=freed)
        except Exception as error:  # noqa: BLE001 - the next turn takes it up
            logger().error("reservations_not_lapsed", **error_facts(error))
        await asyncio.sleep(COPY_SECONDS)


async def _tend_points_files(sessions: SessionFactory) -> None:
    """Post approved files of points part by part, beside the runs."""
    while True:
        try:
            posted = 0
            while (part := await tend_files(sessions)) is not None:
                posted += part
            if posted:
                logger().info("points_files_posted", lines=posted)
        except Exception as error:  # noqa: BLE001 - the next turn takes it up
            logger().error("points_files_not_posted", **error_facts(error))
        await asyncio.sleep(COPY_SECONDS)


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
