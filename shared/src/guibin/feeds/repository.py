"""All SQL about the files that came in."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import text, tuple_
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.core.bulk import copy_rows
from guibin.core.lines import Line
from guibin.customers.fusion_repository import FUSION_LOCK, lock_fusion
from guibin.feeds.models import FeedFile, FeedKind, FeedReject
from guibin.feeds.taking import Reject
from guibin.holdings.models import LineDay


async def lock_feeds(session: AsyncSession, *, line: Line, kind: FeedKind) -> None:
    """Wait until no other file is being taken that this one could meet; the locks end with the transaction.

    A parties or identity file may connect customers of all lines and is alone. Others wait for those of their line.
    """
    if kind in {FeedKind.PARTIES, FeedKind.IDENTITY}:
        await lock_fusion(session)
        return
    await session.execute(text("SELECT pg_advisory_xact_lock_shared(:key)"), {"key": FUSION_LOCK})
    await session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": FUSION_LOCK + 1 + list(Line).index(line)})


async def find_taken(
    session: AsyncSession, *, line: Line, kind: FeedKind, business_date: date, sha256: bytes
) -> FeedFile | None:
    """Return the file with the same content that was taken before."""
    statement = select(FeedFile).where(
        FeedFile.line == line,
        FeedFile.kind == kind,
        FeedFile.business_date == business_date,
        FeedFile.sha256 == sha256,
    )
    return (await session.exec(statement)).one_or_none()


async def find_file(session: AsyncSession, *, file_id: UUID) -> FeedFile | None:
    """Return a file that was taken."""
    return (await session.exec(select(FeedFile).where(FeedFile.id == file_id))).one_or_none()


async def last_file(session: AsyncSession, *, line: Line, kind: FeedKind) -> FeedFile | None:
    """Return the file of a kind that a line delivered last."""
    query = select(FeedFile).where(FeedFile.line == line, FeedFile.kind == kind)
    query = query.order_by(col(FeedFile.business_date).desc(), col(FeedFile.taken_at).desc())
    return (await session.exec(query.limit(1))).first()


async def list_files(
    session: AsyncSession, *, limit: int, before: tuple[datetime, UUID] | None, line: Line | None, kind: FeedKind | None
) -> Sequence[FeedFile]:
    """Return the newest files first; `before` is the instant and id of the last row of the page before."""
    query = select(FeedFile).order_by(col(FeedFile.taken_at).desc(), col(FeedFile.id).desc()).limit(limit)
    if line is not None:
        query = query.where(FeedFile.line == line)
    if kind is not None:
        query = query.where(FeedFile.kind == kind)
    if before is not None:
        query = query.where(tuple_(col(FeedFile.taken_at), col(FeedFile.id)) < before)
    return (await session.exec(query)).all()


async def add_rejects(session: AsyncSession, file_id: UUID, rejects: Iterable[Reject]) -> None:
    """Keep the refused rows of a file."""
    rows = ((file_id, reject.row, reject.code, reject.column) for reject in rejects)
    await copy_rows(session, "feed_reject", ("file_id", "row", "code", "column"), rows)


async def list_rejects(
    session: AsyncSession, *, file_id: UUID, limit: int | None, after: int | None
) -> Sequence[FeedReject]:
    """Return the refused rows of a file by their lines, after a line; without a limit all of them."""
    query = select(FeedReject).where(FeedReject.file_id == file_id, col(FeedReject.row) > (after or 0))
    return (await session.exec(query.order_by(col(FeedReject.row)).limit(limit))).all()


async def first_days(session: AsyncSession) -> dict[Line, date]:
    """Return the first fresh day of each line that ever had one."""
    rows = await session.execute(text("SELECT line, min(day) FROM line_day GROUP BY line"))
    return {Line(line): day for line, day in rows}


async def line_days(session: AsyncSession, *, first: date, last: date) -> dict[tuple[Line, date], datetime]:
    """Return the fresh days of a range by line, with the instants at which they became so."""
    query = select(LineDay).where(col(LineDay.day).between(first, last))
    return {(Line(row.line), row.day): row.arrived_at for row in (await session.exec(query)).all()}


async def drifted_files(session: AsyncSession, *, first: date, last: date) -> dict[tuple[Line, date], set[FeedKind]]:
    """Return which kinds of files of a range had drifted, by line and business date."""
    query = select(col(FeedFile.line), col(FeedFile.business_date), col(FeedFile.kind))
    query = query.where(col(FeedFile.business_date).between(first, last), col(FeedFile.drift).is_not(None))
    found: dict[tuple[Line, date], set[FeedKind]] = {}
    for line, day, kind in await session.exec(query):
        found.setdefault((Line(line), day), set()).add(FeedKind(kind))
    return found
