"""Assignment in the nightly run: everybody of a managed tier gets a manager, or a place in the queue."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from typing import Final
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.managers import repository, rules
from guibin.managers.arrivals import placing
from guibin.managers.claims.repository import end_of_the_gone
from guibin.managers.followers import Change, follow_all
from guibin.managers.models import Coverage, Unassigned, UnassignedReason
from guibin.managers.planning.repository import end_empty_books
from guibin.managers.seating import Plan
from guibin.managers.stability import gradual
from guibin.managers.stability.needy import Ground, NeedyCustomer, needy_customers
from guibin.managers.terms.service import COVERAGE_TERMS
from guibin.outbox.events import UnassignedTooLong
from guibin.outbox.service import Publication, publish_all

CUSTOMER_GONE: Final = "customer_gone"
BY_RUN: Final = "run"
MATRIX: Final = "matrix"
GRADUALLY: Final = (Ground.FORBIDDEN, Ground.SETTLED)
"""Who is served meanwhile: the new manager comes beside the present one first."""


async def assign(session: AsyncSession, *, day: date) -> dict[str, int]:
    """Give everybody of a managed tier a manager from the next day on, or a place in the queue with the reason.

    Stability first: a customer whose present manager may not serve the tier any more, or should not after some months
    in it, gets the new one in a second role, and both serve for some days. Where nobody permitted has room the present
    one stays, who has left too: nobody is left alone. A second run of the same day changes nothing.
    """
    from_day = day + timedelta(days=1)
    terms = (await COVERAGE_TERMS.in_force(session)).terms
    await repository.lock_managers(session)
    await end_of_the_gone(session, on_day=from_day)
    gone = await repository.coverage_of_the_gone(session)
    await gradual.cancel(session, [one.customer_id for one in gone], on_day=from_day)
    await repository.end_coverage(session, _first_days(gone, from_day), gone, CUSTOMER_GONE)
    succeeded = await gradual.complete(session, from_day=from_day)
    needy = await needy_customers(session, day=from_day, terms=terms)
    plan = await _plan(session, needy, from_day)
    served = {
        one.waiting.customer_id: one.ground
        for one in needy
        if one.ground in GRADUALLY and one.waiting.customer_id in plan.placed
    }
    gradually = served if terms.joint_days else {}
    await gradual.begin(session, gradually, plan.placed, from_day=from_day, joint_days=terms.joint_days)
    placed = plan.placed.keys() - gradually.keys()  # once: a set of everybody for each of them would be a square
    at_once = [one for one in needy if one.waiting.customer_id in placed]
    handed_over = await _place(session, at_once, plan, from_day)
    alone = [one.waiting for one in needy if one.ground not in GRADUALLY and one.waiting.customer_id in plan.unplaced]
    changed, resolved = await _queue(session, alone, plan, from_day)
    await end_empty_books(session, day=from_day)
    return {
        "assigned": len(at_once) - handed_over,
        "handed_over": handed_over,
        "joined": len(gradually),
        **succeeded,
        "ended": len(gone),
        "queued": changed,
        "resolved": resolved,
        "waiting": len(alone),
    }


async def _plan(session: AsyncSession, needy: Sequence[NeedyCustomer], day: date) -> Plan:
    """Choose for those who must have somebody first; whose manager is a second choice moves to a first choice only."""
    must = [one.waiting for one in needy if one.ground is not Ground.SETTLED]
    could = [one.waiting for one in needy if one.ground is Ground.SETTLED]
    return await placing.plan_for(session, must, day=day, could_move=could)


async def _place(session: AsyncSession, at_once: Sequence[NeedyCustomer], plan: Plan, from_day: date) -> int:
    """Let the new managers be the primary ones from the day on; returns how many customers had another one."""
    placed = {one.waiting.customer_id: plan.placed[one.waiting.customer_id] for one in at_once}
    moved = [(one.coverage, one.ground) for one in at_once if one.coverage]
    days = dict.fromkeys(placed, from_day) | _first_days([coverage for coverage, _ in moved], from_day)
    for ground in Ground:
        ended = [coverage for coverage, why in moved if why is ground]
        await repository.end_coverage(session, days, ended, ground)
    await repository.begin_coverage(session, placed, days, source=BY_RUN, reason=MATRIX)
    givers = {coverage.customer_id: coverage.manager_id for coverage, _ in moved}
    changes = [Change(one, givers.get(one), taker, days[one], MATRIX, BY_RUN) for one, taker in placed.items()]
    await follow_all(session, changes)
    return len(moved)


def _first_days(ended: Iterable[Coverage], from_day: date) -> dict[UUID, date]:
    """Return on which day each customer's coverage ends: the night of an older day cannot end one before it began."""
    days: dict[UUID, date] = {}
    for one in ended:
        days[one.customer_id] = max(from_day, one.valid_from, days.get(one.customer_id, from_day))
    return days


async def _queue(session: AsyncSession, alone: list[rules.Waiting], plan: Plan, from_day: date) -> tuple[int, int]:
    queued = await repository.open_unassigned(session)
    limits = await placing.longest_waits(session)
    waits = {
        one.customer_id: rules.wait_of(
            plan.unplaced[one.customer_id],
            since=queued[one.customer_id].since if one.customer_id in queued else from_day,
            on=from_day,
            longest=limits.get(one.branch_id),
        )
        for one in alone
    }
    changed = [
        one
        for one in alone
        if (before := queued.get(one.customer_id)) is None
        or (before.reason, before.cause, before.tier_code, before.branch_id)
        != (*waits[one.customer_id], one.tier_code, one.branch_id)
    ]
    await repository.put_unassigned(session, changed, waits, since=from_day)
    await _tell_of_long_waits(session, changed, queued, waits, from_day)
    resolved = set(queued) - {one.customer_id for one in alone}
    await repository.resolve_unassigned(session, resolved, on_day=from_day)
    return len(changed), len(resolved)


async def _tell_of_long_waits(
    session: AsyncSession,
    changed: Sequence[rules.Waiting],
    queued: Mapping[UUID, Unassigned],
    waits: Mapping[UUID, tuple[UnassignedReason, UnassignedReason | None]],
    from_day: date,
) -> None:
    """Tell once of each wait that has become longer than the rule of the branch allows."""
    publications = []
    for one in changed:
        before, (_, cause) = queued.get(one.customer_id), waits[one.customer_id]
        if cause is not None and (before is None or before.escalated_on is None):
            since = from_day if before is None else before.since
            told = UnassignedTooLong(since=since, tier=one.tier_code, cause=cause)
            publications.append(Publication(told, one.customer_id, one.customer_id))
    await publish_all(session, publications)
