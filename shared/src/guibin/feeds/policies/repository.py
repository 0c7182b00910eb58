"""The SQL of policies, and of the days on which all that a line owes is in."""

from collections.abc import Collection
from datetime import date, datetime
from typing import Final

from sqlalchemy import text
from sqlmodel import select
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.core.lines import Line
from guibin.feeds.models import FeedKind
from guibin.feeds.policies.models import FeedPolicy
from guibin.feeds.policies.rules import COMMON, Late, Policy
from guibin.holdings.models import LineDay

_NOTE_DAYS: Final = text(
    "INSERT INTO line_day (line, day, arrived_at) SELECT :line, business_date, :at FROM feed_file"
    " WHERE line = :line AND kind = ANY(CAST(:kinds AS text[])) AND business_date BETWEEN :first AND :last"
    " GROUP BY business_date HAVING count(DISTINCT kind) = :wanted ON CONFLICT DO NOTHING"
)


async def policies_of(session: AsyncSession) -> dict[Line, Policy]:
    """Return the terms of every line: its own, or the common ones."""
    rows = {Line(row.line): _terms(row) for row in (await session.exec(select(FeedPolicy))).all()}
    return {line: rows.get(line, COMMON) for line in Line}


async def policy_of(session: AsyncSession, line: Line) -> Policy:
    """Return the terms of a line."""
    row = await session.get(FeedPolicy, line.value)
    return COMMON if row is None else _terms(row)


async def lock_policy(session: AsyncSession, line: Line) -> FeedPolicy | None:
    """Return the row of a line, that nobody else changes until the end of the transaction."""
    await session.execute(
        text("SELECT pg_advisory_xact_lock(hashtextextended(:key, 0))"), {"key": f"feed_policy:{line.value}"}
    )
    query = select(FeedPolicy).where(FeedPolicy.line == line)
    return (await session.exec(query.execution_options(populate_existing=True))).first()


async def note_days(
    session: AsyncSession, line: Line, kinds: Collection[FeedKind], *, first: date, last: date, at: datetime
) -> None:
    """Note the days of a range for which every one of some kinds of files is in: the line is fresh on them."""
    wanted = sorted(kind.value for kind in kinds)
    bound = {"line": line.value, "kinds": wanted, "wanted": len(wanted), "first": first, "last": last, "at": at}
    await session.execute(_NOTE_DAYS, bound)


async def fresh_lines(session: AsyncSession, day: date) -> set[Line]:
    """Return the lines whose day is fresh."""
    return {Line(line) for line in (await session.exec(select(LineDay.line).where(LineDay.day == day))).all()}


def _terms(row: FeedPolicy) -> Policy:
    kinds = frozenset(FeedKind(kind) for kind in row.kinds)
    return Policy(row.cut_off, Late(row.late), kinds, row.owner, row.revision)
