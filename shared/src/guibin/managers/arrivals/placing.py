"""Placing many at once, as the night does: everybody by the rule of the own branch, with the turns kept."""

from collections.abc import Mapping, Sequence
from datetime import date
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.managers import rules
from guibin.managers.arrivals import repository as arrivals
from guibin.managers.eligibility.repository import with_demands
from guibin.managers.matrix.repository import content_on
from guibin.managers.matrix.rules import SHOULD
from guibin.managers.repository import seats
from guibin.managers.seating import Plan, assign


async def plan_for(
    session: AsyncSession, waiting: Sequence[rules.Waiting], *, day: date, could_move: Sequence[rules.Waiting] = ()
) -> Plan:
    """Say who of some customers gets which manager on a day, and why others get none; the managers are locked.

    Those who `could_move` come after all others, and go to a grade that should serve them or nowhere.
    Turns that are taken on the way are kept: the plan is to be carried out in the same transaction.
    """
    asking = await with_demands(session, [*waiting, *could_move], day=day)
    by_branch = await arrivals.load_rules(session, await arrivals.rule_nodes(session), lock=True)
    before = {id(rule): (rule, rule.turn) for rule in by_branch.values()}
    matrix = (await content_on(session, day)).preferences()
    should = {pair: preference for pair, preference in matrix.items() if preference == SHOULD}
    people = await seats(session, day=day)
    must = assign(asking[: len(waiting)], people, matrix, by_branch)
    could = assign(asking[len(waiting) :], people, should, by_branch)
    for rule, turn in before.values():
        await arrivals.keep_turns(session, rule, before=turn)
    return Plan({**must.placed, **could.placed}, {**must.unplaced, **could.unplaced})


async def longest_waits(session: AsyncSession) -> Mapping[UUID, int | None]:
    """Return after how many days of waiting a branch escalates; None: never."""
    by_branch = await arrivals.load_rules(session, await arrivals.rule_nodes(session), lock=False)
    return {branch_id: rule.max_wait_days for branch_id, rule in by_branch.items()}
