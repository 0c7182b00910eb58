"""Nightly runs on the bank port: ask for one, look how it goes. The worker carries them out."""

from typing import Annotated

from guibin.core import clock
from guibin.core.ids import RunId
from guibin.runs import repository, service
from guibin.runs.errors import FeedsAwaited, PeriodClosed
from guibin.security.actors import Domain, Verb
from guibin.web import (
    DataClass,
    Idempotency,
    Page,
    PageRequest,
    PortRouter,
    RateClass,
    StaffCall,
    declare,
    json_body,
    page_query,
    staff,
)

from .schemas import NightlyIn, RunDetailOut, RunOut

router = PortRouter(prefix="/v1/runs", tags=["runs"])

READ = staff(Verb.READ, Domain.RUNS)


@router.post("/nightly", status_code=201, operation_id="startNightlyRun")
@declare(
    caller=staff(Verb.WRITE, Domain.RUNS),
    idempotency=Idempotency.OPTIONAL,
    rate=RateClass.WRITE,
    data=DataClass.C1,
    refusals=(PeriodClosed, FeedsAwaited),
)
async def start_nightly(call: StaffCall, body: Annotated[NightlyIn, json_body(NightlyIn)]) -> RunOut:
    """Ask for the nightly run of a business day. The worker begins within seconds; a run that broke off goes on.

    A line that is not in is waited for until its cut-off, and beyond it where its policy says `wait`.
    """
    day = body.date or clock.last_closed_day()
    run = await service.request_run(call.session, day=day, actor=call.actor, without_awaited=body.without_awaited)
    return RunOut.model_validate(run)


@router.get("", operation_id="listRuns")
@declare(caller=READ, rate=RateClass.READ, data=DataClass.C1)
async def list_runs(call: StaffCall, page: Annotated[PageRequest, page_query()]) -> Page[RunOut]:
    """List runs, newest first."""
    rows = await repository.list_runs(call.session, limit=page.fetch, before=page.after_moment)
    return page.answer(rows, position=lambda row: (row.started_at, row.id), shape=RunOut.model_validate)


@router.get("/{run_id}", operation_id="getRun")
@declare(caller=READ, rate=RateClass.READ, data=DataClass.C1)
async def get_run(call: StaffCall, run_id: RunId) -> RunDetailOut:
    """Show one run with its steps and their counts."""
    run = await repository.get_run(call.session, run_id)
    return RunDetailOut.of(run, await repository.steps_of(call.session, run.id))
