"""In the night: who may not serve a customer any more is followed gradually, and both serve meanwhile."""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Final
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.managers import repository
from guibin.managers.followers import Change, follow_all
from guibin.managers.models import Coverage, CoverageRole
from guibin.managers.stability import repository as stability
from guibin.managers.stability.models import SuccessionState
from guibin.managers.stability.repository import Due

BY_RUN: Final = "run"
SUCCEEDED: Final = "succeeded"
"""Why a second role began or ended, and a primary one began: the new manager came gradually."""
CANCELLED: Final = "succession_cancelled"


async def begin(
    session: AsyncSession, causes: Mapping[UUID, str], placed: Mapping[UUID, UUID], *, from_day: date, joint_days: int
) -> None:
    """Let new managers serve in the second role first, each beside the customer's present one, for some days."""
    coming = {customer_id: placed[customer_id] for customer_id in causes}
    days = dict.fromkeys(coming, from_day)
    await repository.begin_coverage(session, coming, days, source=BY_RUN, reason=SUCCEEDED, role=CoverageRole.SECOND)
    due_on = from_day + timedelta(days=joint_days)
    await stability.begin_successions(session, causes, coming, started_on=from_day, due_on=due_on)


async def complete(session: AsyncSession, *, from_day: date) -> dict[str, int]:
    """Let those become primary managers whose time has come; those stay away whom the customer does not want."""
    due = await stability.due_successions(session, from_day)
    come = [one for one in due if one.is_here and not one.keeps]
    gone = [one for one in due if not one.is_here or one.keeps]
    await cancel(session, [one.succession.customer_id for one in gone], on_day=from_day)
    await _take_over(session, come, from_day)
    return {"succeeded": len(come), "not_succeeded": len(gone)}


async def _take_over(session: AsyncSession, come: Sequence[Due], from_day: date) -> None:
    successors = {one.succession.customer_id: one.succession.successor_id for one in come}
    causes = {one.succession.customer_id: one.succession.cause for one in come}
    present = [one.primary for one in come if one.primary]
    seconds = await stability.seconds_of(session, [one.succession for one in come])
    days = dict.fromkeys(successors, from_day)
    for one in (*present, *seconds):
        days[one.customer_id] = max(days[one.customer_id], one.valid_from)
    await stability.end_successions(session, successors, state=SuccessionState.DONE, on_day=from_day)
    await repository.end_coverage(session, days, seconds, SUCCEEDED)
    for cause in sorted(set(causes.values())):
        ended = [one for one in present if causes[one.customer_id] == cause]
        await repository.end_coverage(session, days, ended, cause)
    await repository.begin_coverage(session, successors, days, source=BY_RUN, reason=SUCCEEDED)
    givers = {one.customer_id: one.manager_id for one in present}
    changes = [
        Change(customer_id, givers.get(customer_id), taker, days[customer_id], SUCCEEDED, BY_RUN)
        for customer_id, taker in successors.items()
    ]
    await follow_all(session, changes)


async def cancel(session: AsyncSession, customer_ids: Sequence[UUID], *, on_day: date) -> None:
    """Let nobody come to some customers any more; who was on the way serves them no longer."""
    if not customer_ids:
        return
    successions = await stability.open_successions(session, customer_ids)
    seconds = await stability.seconds_of(session, successions)
    await stability.end_successions(session, customer_ids, state=SuccessionState.CANCELLED, on_day=on_day)
    await repository.end_coverage(session, _last(seconds, on_day), seconds, CANCELLED)


async def cancel_of(session: AsyncSession, second: Coverage, *, on_day: date) -> None:
    """Let who serves a customer in the second role not become the primary manager; another who is coming still does."""
    coming = await stability.open_successions(session, [second.customer_id])
    if any(one.successor_id == second.manager_id for one in coming):
        await cancel(session, [second.customer_id], on_day=on_day)


def _last(ended: Sequence[Coverage], on_day: date) -> dict[UUID, date]:
    return {one.customer_id: max(on_day, one.valid_from) for one in ended}
