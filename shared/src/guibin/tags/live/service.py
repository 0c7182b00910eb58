"""Judging who has changed, and everybody once a night, by the tags in real time; both by one statement, as of today."""

from collections.abc import Collection, Sequence
from datetime import timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import ARRAY, Uuid, bindparam, func, select, text
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.core import clock
from guibin.customers.changes.repository import take_changed
from guibin.security.row_scope import all_rows
from guibin.tags import repository
from guibin.tags.live.followers import FOLLOWERS
from guibin.tags.models import UpdatePolicy
from guibin.tags.runs.difference import Rule
from guibin.tags.runs.service import levels_of_rules, write_all

MOST_AT_ONCE: Final = 1_000
"""Changes that one transaction judges."""

_WATCH: Final = (
    text("INSERT INTO customer_watch (watcher) SELECT 'tags' WHERE CAST(:wanted AS boolean) ON CONFLICT DO NOTHING"),
    text("DELETE FROM customer_watch WHERE watcher = 'tags' AND NOT CAST(:wanted AS boolean)"),
)


async def judge_changed(session: AsyncSession, *, limit: int = MOST_AT_ONCE) -> int:
    """Judge at most so many customers who have changed anew by all tags in real time; returns the changes.

    Call it again, each time in a transaction of its own, until there are none. What a transaction does not live to
    commit is judged by the next one.
    """
    rules = await _rules(session)
    await _watch(session, wanted=bool(rules))
    changed = await take_changed(session, limit=limit)
    if rules and changed:
        await _judge(session, rules, sorted(set(changed)))
    return len(changed)


async def sweep(session: AsyncSession) -> dict[str, int]:
    """Judge everybody by all tags in real time, as of today: what only the calendar moves follows with it.

    Returns the counts `rules`, `added` and `ended`; after changes that were all judged only days that went by change.
    """
    rules = await _rules(session)
    counts = await _judge(session, rules, None) if rules else {"added": 0, "ended": 0}
    return {"rules": len(rules)} | counts


async def _rules(session: AsyncSession) -> list[Rule]:
    found = await repository.list_versions_in_force(session, policy=UpdatePolicy.REAL_TIME)
    settled = clock.start_of_day(clock.today() - timedelta(days=1))  # the night after a publication looks at everybody
    return [Rule.of(tag, version, is_new=version.published_at >= settled) for tag, version in found]


async def _judge(session: AsyncSession, rules: Sequence[Rule], customers: Collection[UUID] | None) -> dict[str, int]:
    among = None
    if customers is not None:
        named = func.unnest(bindparam(None, list(customers), type_=ARRAY(Uuid))).label("customer_id")
        among = select(named).cte("changed")
    counts = {"added": 0, "ended": 0}
    async with all_rows(session):
        for level in levels_of_rules(rules):
            done = await write_all(session, level, day=clock.today(), among=among, live=True)
            counts["added"] += done.added.total()
            counts["ended"] += done.ended.total()
            codes = {code for code, _ in done.added}
            for follower in FOLLOWERS if customers is not None and codes else ():
                await follower.entered(session, codes=codes, customers=customers or ())
    return counts


async def _watch(session: AsyncSession, *, wanted: bool) -> None:
    """Have changes noted from now on, or no longer."""
    for statement in _WATCH:
        await session.execute(statement, {"wanted": wanted})
