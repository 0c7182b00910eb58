"""The SQL of files of points."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import text, update
from sqlmodel import col, func, select
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.core.bulk import copy_rows
from guibin.customers.models import Customer
from guibin.customers.repository import visible
from guibin.points.files.models import FileState, LineState, PointsFile, PointsFileLine
from guibin.security.actors import Scope

COLUMNS: Final = ("file_id", "line", "customer_ref", "wallet", "points", "expires_on", "reason", "state", "code")
EVENT_COLUMNS: Final = ("file_id", "line", "customer_ref", "event", "state", "code")

_SETTLE: Final = text(
    "UPDATE points_file_line l SET state = r.state, code = r.code, entry_id = r.entry_id, customer_ref = NULL"
    " FROM unnest(CAST(:lines AS int[]), CAST(:states AS text[]), CAST(:codes AS text[]), CAST(:entries AS uuid[]))"
    " AS r(line, state, code, entry_id) WHERE l.file_id = :file_id AND l.line = r.line AND l.state = 'waiting'"
)
_SETTLE_EVENTS: Final = text(
    "UPDATE points_file_line l SET state = r.state, code = r.code, entry_id = r.entry_id, points = r.points,"
    " customer_ref = NULL, event = NULL"
    " FROM unnest(CAST(:lines AS int[]), CAST(:states AS text[]), CAST(:codes AS text[]), CAST(:entries AS uuid[]),"
    " CAST(:points AS bigint[])) AS r(line, state, code, entry_id, points)"
    " WHERE l.file_id = :file_id AND l.line = r.line AND l.state = 'waiting'"
)


async def find_file(session: AsyncSession, *, file_id: UUID) -> PointsFile | None:
    """Return a file."""
    query = select(PointsFile).where(PointsFile.id == file_id)
    return (await session.exec(query.execution_options(populate_existing=True))).first()


async def file_of_reference(session: AsyncSession, *, reference: str) -> PointsFile | None:
    """Return the file that came under a reference."""
    return (await session.exec(select(PointsFile).where(PointsFile.reference == reference))).first()


async def add_lines(
    session: AsyncSession, rows: Collection[Sequence[Any]], *, columns: Sequence[str] = COLUMNS
) -> None:
    """Add lines, each with its values in the order of `columns`."""
    await copy_rows(session, PointsFileLine.__tablename__, columns, rows)


async def end_file(
    session: AsyncSession, *, file_id: UUID, before: FileState, state: FileState, at: datetime | None
) -> None:
    """Move a file on, if it still is where it was."""
    statement = update(PointsFile).where(col(PointsFile.id) == file_id, col(PointsFile.state) == before)
    await session.execute(statement.values(state=state, ended_at=at))


async def next_approved(session: AsyncSession) -> PointsFile | None:
    """Return the oldest file that is to be posted."""
    query = select(PointsFile).where(PointsFile.state == FileState.APPROVED)
    return (await session.exec(query.order_by(col(PointsFile.created_at)).limit(1))).first()


async def waiting_lines(session: AsyncSession, *, file_id: UUID, limit: int) -> list[PointsFileLine]:
    """Return the next lines that wait, in the order of the file."""
    query = select(PointsFileLine).where(PointsFileLine.file_id == file_id, PointsFileLine.state == LineState.WAITING)
    return list((await session.exec(query.order_by(col(PointsFileLine.line)).limit(limit))).all())


async def within(session: AsyncSession, scope: Scope, ids: Collection[UUID]) -> set[UUID]:
    """Return which of some customers a scope opens."""
    query = select(Customer.id).where(
        col(Customer.id).in_(ids),
        col(Customer.merged_into).is_(None),
        visible(scope, col(Customer.id), col(Customer.branch_id)),
    )
    return set((await session.exec(query)).all())


async def settle_lines(
    session: AsyncSession, *, file_id: UUID, results: Sequence[tuple[int, str, str | None, UUID | None]]
) -> None:
    """Write what became of lines: number, state, code and entry."""
    lines, states, codes, entries = (list(values) for values in zip(*results, strict=True))
    bound = {"file_id": file_id, "lines": lines, "states": states, "codes": codes, "entries": entries}
    await session.execute(_SETTLE, bound)


async def settle_events(
    session: AsyncSession, *, file_id: UUID, results: Sequence[tuple[int, str, str | None, UUID | None, int | None]]
) -> None:
    """Write what became of lines of events: number, state, code, first entry, and points in all."""
    lines, states, codes, entries, points = (list(values) for values in zip(*results, strict=True))
    bound = {"lines": lines, "states": states, "codes": codes, "entries": entries, "points": points}
    await session.execute(_SETTLE_EVENTS, bound | {"file_id": file_id})


async def points_earned(session: AsyncSession, *, file_id: UUID) -> int:
    """Return what the lines of a file of events have earned so far, less what returns in it took back."""
    query = select(func.sum(PointsFileLine.points))
    moved = (LineState.EARNED, LineState.RETURNED)
    earned = query.where(PointsFileLine.file_id == file_id, col(PointsFileLine.state).in_(moved))
    return int((await session.exec(earned)).one() or 0)


async def count_lines(session: AsyncSession, *, file_id: UUID) -> dict[str, int]:
    """Return how many lines there are in each state."""
    query = select(PointsFileLine.state, func.count()).where(PointsFileLine.file_id == file_id)
    return dict((await session.exec(query.group_by(col(PointsFileLine.state)))).all())


async def list_lines(
    session: AsyncSession, *, file_id: UUID, state: LineState | None, after: int | None, limit: int
) -> list[PointsFileLine]:
    """Return lines in the order of the file."""
    query = select(PointsFileLine).where(PointsFileLine.file_id == file_id)
    if state is not None:
        query = query.where(PointsFileLine.state == state)
    if after is not None:
        query = query.where(col(PointsFileLine.line) > after)
    return list((await session.exec(query.order_by(col(PointsFileLine.line)).limit(limit))).all())
