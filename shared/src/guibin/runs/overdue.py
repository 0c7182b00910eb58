"""Telling of nights that are not done in their time."""

from datetime import timedelta

from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.core import clock
from guibin.core.database import SessionFactory
from guibin.outbox import service as outbox
from guibin.outbox.run_events import RunOverdue
from guibin.runs import repository
from guibin.runs.models import Run
from guibin.runs.steps import STEPS


async def tell_overdue(sessions: SessionFactory, *, patience: timedelta) -> int:
    """Tell of each run that was opened longer ago than that and has not finished, once; returns how many were told of.

    It looks from beside the run, so that it sees one that hangs; figures of a night that is late are stale, and say so.
    """
    now = clock.now()
    async with sessions.begin() as session:
        runs = await repository.take_overdue(session, opened_before=now - patience, at=now)
        for run in runs:
            told = RunOverdue(
                business_date=run.business_date, started_at=run.started_at, step=await _first_undone(session, run)
            )
            await outbox.publish(session, told, subject_id=run.id)
    return len(runs)


async def _first_undone(session: AsyncSession, run: Run) -> str:
    done = {step.name for step in await repository.steps_of(session, run.id) if step.finished_at is not None}
    return next((step.name for step in STEPS if step.name not in done), STEPS[-1].name)
