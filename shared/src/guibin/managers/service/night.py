"""Assignment in the nightly run: everybody of a managed tier gets a manager, or a place in the queue."""

from collections.abc import Iterable
from datetime import date, timedelta
from typing import Final
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.managers import repository, rules
from guibin.managers.followers import Change, follow_all
from guibin.managers.matrix.repository import content_on
from guibin.managers.models import Coverage
from guibin.managers.planning.repository import end_empty_books

TIER_CHANGED: Final = "tier_changed"
MANAGER_LEFT: Final = "manager_left"
CUSTOMER_GONE: Final = "customer_gone"
BY_RUN: Final = "run"
MATRIX: Final = "matrix"


async def assign(session: AsyncSession, *, day: date) -> dict[str, int]:
    """Give everybody of a managed tier a manager from the next day on, or a place in the queue with the reason.

    A customer whose present manager may not serve the new tier, or has left, is handed over when somebody permitted has
    room, and stays otherwise: nobody is left alone. A second run of the same day changes nothing.
    """
    from_day = day + timedelta(days=1)
    await repository.lock_managers(session)
    gone = await repository.coverage_of_the_gone(session)
    await repository.end_coverage(session, _first_days(gone, from_day), gone, CUSTOMER_GONE)
    needy = await repository.needy_customers(session, day=from_day)
    matrix = (await content_on(session, from_day)).preferences()
    plan = rules.assign([one.waiting for one in needy], await repository.seats(session), matrix)
    moved = [one for one in needy if one.coverage and one.waiting.customer_id in plan.placed]
    days = dict.fromkeys(plan.placed, from_day) | _first_days([one.coverage for one in moved], from_day)
    for reason, is_served in ((TIER_CHANGED, True), (MANAGER_LEFT, False)):
        ended = [one.coverage for one in moved if one.coverage and one.is_served is is_served]
        await repository.end_coverage(session, days, ended, reason)
    await repository.begin_coverage(session, plan.placed, days, source=BY_RUN, reason=MATRIX)
    givers = {one.waiting.customer_id: one.coverage.manager_id for one in needy if one.coverage}
    await follow_all(
        session,
        [Change(one, givers.get(one), taker, days[one], MATRIX, BY_RUN) for one, taker in plan.placed.items()],
    )
    alone = [one.waiting for one in needy if not one.is_served and one.waiting.customer_id in plan.unplaced]
    changed, resolved = await _queue(session, alone, plan, from_day)
    await end_empty_books(session, day=from_day)
    return {
        "assigned": len(plan.placed) - len(moved),
        "handed_over": len(moved),
        "ended": len(gone),
        "queued": changed,
        "resolved": resolved,
        "waiting": len(alone),
    }


def _first_days(ended: Iterable[Coverage | None], from_day: date) -> dict[UUID, date]:
    """Return on which day each coverage ends: the night of an older day cannot end one before it began."""
    return {one.customer_id: max(from_day, one.valid_from) for one in ended if one}


async def _queue(
    session: AsyncSession, alone: list[rules.Waiting], plan: rules.Plan, from_day: date
) -> tuple[int, int]:
    queued = await repository.open_unassigned(session)
    changed = [
        one
        for one in alone
        if (before := queued.get(one.customer_id)) is None
        or (before.reason, before.tier_code, before.branch_id)
        != (plan.unplaced[one.customer_id], one.tier_code, one.branch_id)
    ]
    await repository.put_unassigned(session, changed, plan.unplaced, since=from_day)
    resolved = set(queued) - {one.customer_id for one in alone}
    await repository.resolve_unassigned(session, resolved, on_day=from_day)
    return len(changed), len(resolved)
