"""The SQL of mappings."""

from collections.abc import Sequence

from sqlalchemy import text
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.core.lines import Line
from guibin.feeds.arranging import PLAIN, ColumnMapping
from guibin.feeds.dates import DateFormat
from guibin.feeds.mappings.models import FeedMapping, MappingState
from guibin.feeds.models import FeedKind


async def mapping_in_force(session: AsyncSession, *, line: Line, kind: FeedKind) -> ColumnMapping:
    """Return how a line writes files of a kind now."""
    query = select(FeedMapping).where(
        FeedMapping.line == line, FeedMapping.kind == kind, FeedMapping.state == MappingState.ACTIVE
    )
    found = (await session.exec(query)).first()
    return PLAIN if found is None else rules_of(found)


def rules_of(row: FeedMapping) -> ColumnMapping:
    """Return what a version says."""
    dates = {column: DateFormat(form) for column, form in row.dates.items()}
    return ColumnMapping(row.columns, row.values, frozenset(row.ignored), dates, frozenset(row.fills), row.version)


async def find_mapping(session: AsyncSession, *, line: Line, kind: FeedKind, version: int) -> FeedMapping | None:
    """Return a version."""
    query = select(FeedMapping).where(
        FeedMapping.line == line, FeedMapping.kind == kind, FeedMapping.version == version
    )
    return (await session.exec(query.execution_options(populate_existing=True))).first()


async def list_mappings(session: AsyncSession, *, line: Line, kind: FeedKind | None = None) -> Sequence[FeedMapping]:
    """Return all versions of a line, by kind and the newest first."""
    query = select(FeedMapping).where(FeedMapping.line == line)
    if kind is not None:
        query = query.where(FeedMapping.kind == kind)
    return (await session.exec(query.order_by(col(FeedMapping.kind), col(FeedMapping.version).desc()))).all()


async def lock_mappings(session: AsyncSession, *, line: Line, kind: FeedKind) -> None:
    """Wait until nobody else drafts or decides on a mapping of this line and kind."""
    key = {"key": f"feed_mapping:{line.value}:{kind.value}"}
    await session.execute(text("SELECT pg_advisory_xact_lock(hashtextextended(:key, 0))"), key)


async def replace_active(session: AsyncSession, *, line: Line, kind: FeedKind) -> None:
    """Take the version in force out of force."""
    statement = text(
        "UPDATE feed_mapping SET state = 'replaced' WHERE line = :line AND kind = :kind AND state = 'active'"
    )
    await session.execute(statement, {"line": line.value, "kind": kind.value})
