"""The nightly run of one business day: restartable at every point, and without effect when it is run again."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import date, timedelta
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.audit import service as audit
from guibin.core import clock
from guibin.core.database import SessionFactory
from guibin.core.errors import RetryLater, ValidationFailed
from guibin.core.ids import new_id, to_public
from guibin.core.leases import drop_lease, take_lease
from guibin.feeds.policies.service import lines_awaited
from guibin.runs import repository
from guibin.runs.errors import FeedsAwaited, PeriodClosed, RunInProgress
from guibin.runs.models import Run, RunState, RunStep
from guibin.runs.steps import STEPS, Counts, Step
from guibin.security.actors import Actor

NIGHTLY = "nightly"
LEASE_LIFE = timedelta(seconds=20)
RENEW_SECONDS = 5.0

Progress = Callable[[str, Counts], None]
Stopping = Callable[[], bool]


def _never() -> bool:
    return False


async def request_run(session: AsyncSession, *, day: date, actor: Actor, without_awaited: bool = False) -> Run:
    """Ask for the night of a business day; a run of that day that has not finished is taken up where it stands.

    `without_awaited` runs it without the lines for which it would wait; they are stale then.

    Raises:
        ValidationFailed: the day is not over.
        PeriodClosed: a later day is closed already.
        FeedsAwaited: lines are not in for which the night waits.
    """
    if day > clock.last_closed_day():
        raise ValidationFailed.of(["body", "date"], "date_range", "须为已结束的日期", "must be a day that is over")
    closed = await repository.last_closed(session)
    if closed is not None and day < closed:
        raise PeriodClosed(closed=closed)
    lines = [] if without_awaited else await lines_awaited(session, day)
    if lines:
        raise FeedsAwaited(lines=lines)
    run = Run(
        id=new_id(),
        kind=NIGHTLY,
        business_date=day,
        state=RunState.RUNNING,
        started_at=clock.now(),
        actor_id=actor.id,
    )
    if not await repository.add_run(session, run):
        found = await repository.unfinished_run(session, day)
        if found is None:  # it finished between the two statements
            raise RetryLater
        return found
    await audit.record(
        session,
        actor=actor,
        action="run.nightly",
        object_type="run",
        object_id=to_public("run", run.id),
        facts={"business_date": day.isoformat()},
    )
    return run


async def nightly(
    factory: SessionFactory,
    *,
    day: date,
    actor: Actor,
    progress: Progress | None = None,
    without_awaited: bool = False,
) -> Run:
    """Run the night of a business day in this process and return the finished run.

    Raises:
        ValidationFailed, PeriodClosed, FeedsAwaited: see `request_run`.
        RunInProgress: another process is at it.
    """
    async with factory() as session:
        run = await request_run(session, day=day, actor=actor, without_awaited=without_awaited)
        await session.commit()
    return await carry_out(factory, run.id, progress=progress)


async def carry_out(
    factory: SessionFactory, run_id: UUID, *, progress: Progress | None = None, stopping: Stopping = _never
) -> Run:
    """Do what is left of a run, and before it of older ones that broke off, under the lease of the night.

    `stopping` is asked before each step and batch; once it says yes the run stays `running`, to be taken up again.

    Raises:
        RunInProgress: another process is at it.
    """
    async with _lease(factory) as holder:
        async with factory() as session:
            wanted = await repository.get_run(session, run_id)
        while True:
            async with factory() as session:
                run = await repository.unfinished_run(session)
            if run is None or run.business_date > wanted.business_date or stopping():
                break
            await _finish(factory, run, holder, progress, stopping)
        async with factory() as session:
            return await repository.get_run(session, run_id)


async def _finish(
    factory: SessionFactory, run: Run, holder: UUID, progress: Progress | None, stopping: Stopping
) -> None:
    async with factory() as session:
        begun = {step.name: step for step in await repository.steps_of(session, run.id)}
    for position, step in enumerate(STEPS):
        row = begun.get(step.name) or _first_row(run, position, step)
        if row.finished_at is None:
            counts = await _run_step(factory, run, step, row, holder, stopping)
            if counts is None:
                return
            if progress is not None:
                progress(step.name, counts)
    async with factory() as session:
        await repository.finish_run(session, run.id, at=clock.now())
        await _hold(session, holder)
        await session.commit()


def _first_row(run: Run, position: int, step: Step) -> RunStep:
    return RunStep(run_id=run.id, name=step.name, position=position, counts={}, started_at=clock.now())


async def _run_step(
    factory: SessionFactory, run: Run, step: Step, row: RunStep, holder: UUID, stopping: Stopping
) -> Counts | None:
    """Run one step; a batch and the row that counts it are one transaction, so a killed step counts nothing twice.

    Returns None when it was stopped before its end.

    Raises:
        RunInProgress: the lease went to another process meanwhile; what this one did last is undone.
    """
    total = Counter(row.counts)
    while not stopping():
        async with factory() as session:
            if step.over_everybody:
                await repository.expect_everybody(session)
            counts = await step.run(session, run.business_date)
            finished = not step.in_batches or counts["read"] == 0
            total.update(counts)
            await repository.write_step(
                session,
                RunStep(
                    run_id=run.id,
                    name=step.name,
                    position=row.position,
                    counts=dict(total),
                    started_at=row.started_at,
                    finished_at=clock.now() if finished else None,
                ),
            )
            await _hold(session, holder)
            await session.commit()
        if finished:
            return dict(total)
    return None


@asynccontextmanager
async def _lease(factory: SessionFactory) -> AsyncIterator[UUID]:
    """Keep other processes away while this one runs the night; a dead holder's lease lapses by itself."""
    holder = new_id()
    async with factory() as session:
        await _hold(session, holder)
        await session.commit()
    renewal = asyncio.create_task(_keep(factory, holder))
    try:
        yield holder
    finally:
        renewal.cancel()
        await asyncio.gather(renewal, return_exceptions=True)
        async with factory() as session:
            await drop_lease(session, name=NIGHTLY, holder=holder, now=clock.now())
            await session.commit()


async def _keep(factory: SessionFactory, holder: UUID) -> None:
    while True:
        await asyncio.sleep(RENEW_SECONDS)
        async with factory() as session:
            await _hold(session, holder)
            await session.commit()


async def _hold(session: AsyncSession, holder: UUID) -> None:
    """Take or renew the lease in this transaction: what commits with it was done by its holder.

    Raises:
        RunInProgress: another process has it.
    """
    now = clock.now()
    if not await take_lease(session, name=NIGHTLY, holder=holder, now=now, until=now + LEASE_LIFE):
        raise RunInProgress
