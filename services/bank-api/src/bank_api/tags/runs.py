"""How the rule of a tag ran, and how far the tag reaches from day to day."""

from typing import Annotated

from fastapi import Query

from guibin.core import clock
from guibin.core.text import Code
from guibin.security.actors import Domain, Verb
from guibin.tags import repository
from guibin.tags.runs import reach
from guibin.tags.runs.repository import list_results
from guibin.web import DataClass, Page, PageRequest, PortRouter, RateClass, StaffCall, declare, page_query, staff

from .run_schemas import ReachDayOut, ReachOut, TagRunOut

router = PortRouter(prefix="/v1/tags", tags=["tags"])

READ = staff(Verb.READ, Domain.TAGS)


@router.get("/{code}/runs", operation_id="listTagRuns")
@declare(caller=READ, rate=RateClass.READ, data=DataClass.C1)
async def list_runs(call: StaffCall, code: Code, page: Annotated[PageRequest, page_query()]) -> Page[TagRunOut]:
    """List the runs of a tag's rule, newest first: what each read, began and ended, and whether it failed."""
    tag = await repository.get_tag(call.session, code=code)
    rows = await list_results(call.session, code=tag.code, limit=page.fetch, before=page.after_moment)
    exact = _sees_branches(call)
    return page.answer(
        rows,
        position=lambda row: (row[0].started_at, row[0].id),
        shape=lambda row: TagRunOut.of(row, exact=exact),
    )


@router.get("/{code}/reach", operation_id="getTagReach")
@declare(caller=READ, rate=RateClass.READ, data=DataClass.C1)
async def get_reach(
    call: StaffCall,
    code: Code,
    days: Annotated[int, Query(ge=1, le=366, description="How many days, the latest first")] = 30,
) -> ReachOut:
    """Show how many of all customers had a tag on each day of business, by value, and where that drifted."""
    tag = await repository.get_tag(call.session, code=code)
    found = await reach.reach_of(call.session, code=tag.code, days=days)
    exact = _sees_branches(call)
    return ReachOut(
        code=tag.code,
        drift_limit_percent=reach.DRIFT_LIMIT_PERCENT,
        computed_for=found.computed_for,
        stale=found.is_stale(clock.last_closed_day()),
        items=[ReachDayOut.of(day, exact=exact) for day in found.days],
    )


def _sees_branches(call: StaffCall) -> bool:
    """Tell whether the caller sees whole branches: small counts over the bank tell such people nothing new."""
    return call.scope.whole_bank or bool(call.scope.branch_roots)
