"""Of which day figures are, and which lines were not in for it."""

from collections.abc import Collection, Sequence
from datetime import date, datetime
from typing import Final

from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.core import clock
from guibin.core.freshness import FigureDay, StaleLine
from guibin.core.lines import Line
from guibin.security.row_scope import all_rows

Late = tuple[date, Collection[str]]
"""The day of some figures, and the lines that were not in when they were made."""

_DAYS_BEFORE: Final = text(
    "SELECT w.as_of, w.line, (SELECT max(d.day) FROM line_day d WHERE d.line = w.line AND d.day < w.as_of)"
    " FROM unnest(CAST(:days AS date[]), CAST(:lines AS text[])) AS w(as_of, line)"
)
_NOT_IN: Final = text(
    "SELECT w.line FROM unnest(CAST(:lines AS text[])) AS w(line)"
    " WHERE EXISTS (SELECT FROM holding h WHERE h.line = w.line)"
    " AND NOT EXISTS (SELECT FROM line_day d WHERE d.line = w.line AND d.day >= :day AND d.arrived_at <= :at)"
)


async def figure_days(session: AsyncSession, wanted: Sequence[Late]) -> list[FigureDay]:
    """Say for each of some figures from which earlier day the lines are that were not in; in their order.

    By one statement, and by none where every line was in.
    """
    pairs = sorted({(as_of, line) for as_of, lines in wanted for line in lines})
    found: dict[tuple[date, str], date | None] = {}
    if pairs:
        days, lines = [as_of for as_of, _ in pairs], [line for _, line in pairs]
        rows = await session.execute(_DAYS_BEFORE, {"days": days, "lines": lines})
        found = {(as_of, line): last_day for as_of, line, last_day in rows}
    return [
        FigureDay(as_of, tuple(StaleLine(Line(line), found[as_of, line]) for line in sorted(late)))
        for as_of, late in wanted
    ]


async def figure_day(session: AsyncSession, as_of: date, stale_lines: Collection[str]) -> FigureDay:
    """Say of one figure what `figure_days` says of many."""
    return (await figure_days(session, [(as_of, stale_lines)]))[0]


async def day_of_the_bank(session: AsyncSession, as_of: date, *, made_at: datetime | None = None) -> FigureDay:
    """Say which lines were not in for a day when figures of it were made (None: now), for what many are counted by.

    A line in which nobody holds anything is not waited for.
    """
    wanted = {"lines": list(Line), "day": as_of, "at": made_at or clock.now()}
    async with all_rows(session):
        late = (await session.execute(_NOT_IN, wanted)).scalars().all()
    return await figure_day(session, as_of, late)
