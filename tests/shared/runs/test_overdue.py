"""A night that is not done in its time is told of once, from beside it."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlmodel import col, select

from guibin.core import clock
from guibin.core.database import SessionFactory
from guibin.core.ids import new_id
from guibin.outbox.events import EventName
from guibin.outbox.models import OutboxEvent
from guibin.runs.models import Run, RunState, RunStep
from guibin.runs.overdue import tell_overdue
from guibin.runs.service import NIGHTLY
from guibin.runs.steps import STEPS
from guibin.security.actors import NIGHTLY_JOB
from support.house import House
from support.nights import AFTER, MONTH_END, as_worker

PATIENCE = timedelta(hours=3)


@pytest.fixture
async def sessions(house: House) -> AsyncIterator[SessionFactory]:
    async with as_worker(house.database) as made:
        yield made


async def test_a_night_that_is_not_done_in_three_hours_is_told_of_once_with_the_step_at_which_it_stands(
    house: House, sessions: SessionFactory
) -> None:
    stuck = await opened(house, steps_done=3)
    await opened(house, state=RunState.FINISHED, steps_done=len(STEPS))
    with clock.fixed_at(AFTER + PATIENCE):
        assert await tell_overdue(sessions, patience=PATIENCE) == 0
    with clock.fixed_at(AFTER + PATIENCE + timedelta(minutes=1)):
        assert await tell_overdue(sessions, patience=PATIENCE) == 1
        assert await tell_overdue(sessions, patience=PATIENCE) == 0
    assert await told(house) == [
        (stuck, {"business_date": "2026-10-31", "started_at": f"{AFTER:%Y-%m-%dT%H:%M:%SZ}", "step": STEPS[3].name})
    ]


async def test_a_night_that_nobody_takes_up_stands_at_its_first_step(house: House, sessions: SessionFactory) -> None:
    waiting = await opened(house, steps_done=0)
    with clock.fixed_at(AFTER + timedelta(days=1)):
        assert await tell_overdue(sessions, patience=PATIENCE) == 1
    assert [(run, data["step"]) for run, data in await told(house)] == [(waiting, STEPS[0].name)]


async def opened(house: House, *, state: RunState = RunState.RUNNING, steps_done: int) -> UUID:
    """Open a run after the night's day; what comes after the steps that are done has begun and no more."""
    run = Run(
        id=new_id(), kind=NIGHTLY, business_date=MONTH_END, state=state, started_at=AFTER, actor_id=NIGHTLY_JOB.id
    )
    async with house.sessions() as session:
        session.add(run)
        await session.flush()
        for position, step in enumerate(STEPS[: steps_done + 1] if steps_done else ()):
            ended = AFTER if position < steps_done else None
            session.add(RunStep(run_id=run.id, name=step.name, position=position, started_at=AFTER, finished_at=ended))
        await session.commit()
    return run.id


async def told(house: House) -> list[tuple[UUID, dict[str, Any]]]:
    async with house.sessions() as session:
        query = select(OutboxEvent).where(col(OutboxEvent.type) == EventName.RUN_OVERDUE)
        return [(event.owner_id, event.payload) for event in (await session.exec(query)).all()]
