"""The SQL of batches."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import text, tuple_, update
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.core.lines import Line
from guibin.feeds.batches.models import BatchState, FeedBatch, FeedBatchFile, FeedBatchPart

_PUT_PART: Final = text(
    "INSERT INTO feed_batch_part (batch_id, name, number, id, size, sha256, content_enc, received_at)"
    " VALUES (:batch_id, :name, :number, :id, :size, :sha256, :content_enc, :received_at)"
    " ON CONFLICT (batch_id, name, number) DO UPDATE SET id = excluded.id, size = excluded.size,"
    " sha256 = excluded.sha256, content_enc = excluded.content_enc, received_at = excluded.received_at"
)
_LOCK: Final = text("SELECT pg_advisory_xact_lock(hashtextextended(CAST(CAST(:batch_id AS uuid) AS text), 0))")
_LOCK_SHARED: Final = text(
    "SELECT pg_advisory_xact_lock_shared(hashtextextended(CAST(CAST(:batch_id AS uuid) AS text), 0))"
)


async def lock_batch(session: AsyncSession, *, batch_id: UUID, shared: bool = False) -> FeedBatch | None:
    """Return a batch as it is once nobody changes it; parts come in side by side and share the lock."""
    await session.execute(_LOCK_SHARED if shared else _LOCK, {"batch_id": batch_id})
    return await find_batch(session, batch_id=batch_id)


async def find_batch(session: AsyncSession, *, batch_id: UUID) -> FeedBatch | None:
    """Return a batch."""
    query = select(FeedBatch).where(FeedBatch.id == batch_id)
    return (await session.exec(query.execution_options(populate_existing=True))).first()


async def list_batches(
    session: AsyncSession,
    *,
    limit: int,
    before: tuple[datetime, UUID] | None,
    line: Line | None,
    state: BatchState | None,
) -> Sequence[FeedBatch]:
    """Return the newest batches first; `before` is the instant and id of the last one of the page before."""
    query = select(FeedBatch).order_by(col(FeedBatch.created_at).desc(), col(FeedBatch.id).desc()).limit(limit)
    if line is not None:
        query = query.where(FeedBatch.line == line)
    if state is not None:
        query = query.where(FeedBatch.state == state)
    if before is not None:
        query = query.where(tuple_(col(FeedBatch.created_at), col(FeedBatch.id)) < before)
    return (await session.exec(query)).all()


async def files_of(session: AsyncSession, batch_ids: Sequence[UUID]) -> Sequence[FeedBatchFile]:
    """Return the files of batches in their turn."""
    query = select(FeedBatchFile).where(col(FeedBatchFile.batch_id).in_(batch_ids))
    query = query.order_by(col(FeedBatchFile.batch_id), col(FeedBatchFile.place))
    return (await session.exec(query.execution_options(populate_existing=True))).all()


async def part_sizes(session: AsyncSession, batch_ids: Sequence[UUID]) -> dict[tuple[UUID, str], dict[int, int]]:
    """Return the parts that are in with their sizes, by batch and file."""
    query = select(FeedBatchPart.batch_id, FeedBatchPart.name, FeedBatchPart.number, FeedBatchPart.size)
    query = query.where(col(FeedBatchPart.batch_id).in_(batch_ids)).order_by(col(FeedBatchPart.number))
    found: dict[tuple[UUID, str], dict[int, int]] = {}
    for batch_id, name, number, size in await session.exec(query):
        found.setdefault((batch_id, name), {})[number] = size
    return found


async def put_part(session: AsyncSession, part: FeedBatchPart) -> None:
    """Store a part, in the place of one with its number."""
    await session.execute(_PUT_PART, part.model_dump())


async def find_part(session: AsyncSession, *, batch_id: UUID, name: str, number: int) -> FeedBatchPart | None:
    """Return a part with its content."""
    query = select(FeedBatchPart).where(
        FeedBatchPart.batch_id == batch_id, FeedBatchPart.name == name, FeedBatchPart.number == number
    )
    return (await session.exec(query)).first()


async def next_sealed(session: AsyncSession, *, now: datetime) -> FeedBatch | None:
    """Return the batch whose turn it is: of the oldest business date, then the one that was sealed first.

    A line of which a batch is to be tried again later waits for it: the next one builds upon it.
    """
    waiting = select(FeedBatch.line).where(FeedBatch.state == BatchState.SEALED, col(FeedBatch.retry_at) > now)
    query = select(FeedBatch).where(FeedBatch.state == BatchState.SEALED, col(FeedBatch.line).not_in(waiting))
    query = query.order_by(col(FeedBatch.business_date), col(FeedBatch.sealed_at)).limit(1)
    return (await session.exec(query)).first()


async def note_failure(session: AsyncSession, *, batch_id: UUID, retry_at: datetime) -> None:
    """Count a failure of a sealed batch, and let it be tried again at a moment."""
    statement = update(FeedBatch).where(col(FeedBatch.id) == batch_id, col(FeedBatch.state) == BatchState.SEALED)
    await session.execute(statement.values(failures=col(FeedBatch.failures) + 1, retry_at=retry_at))


async def opened_before(session: AsyncSession, moment: datetime, *, limit: int) -> Sequence[FeedBatch]:
    """Return open batches that began before a moment."""
    query = select(FeedBatch).where(FeedBatch.state == BatchState.OPEN, col(FeedBatch.created_at) < moment)
    return (await session.exec(query.order_by(col(FeedBatch.created_at)).limit(limit))).all()


async def seal(session: AsyncSession, *, batch_id: UUID, at: datetime) -> None:
    """Let a batch be taken."""
    statement = update(FeedBatch).where(col(FeedBatch.id) == batch_id, col(FeedBatch.state) == BatchState.OPEN)
    await session.execute(statement.values(state=BatchState.SEALED, sealed_at=at))


async def note_file(session: AsyncSession, *, batch_id: UUID, name: str, file_id: UUID) -> None:
    """Note what a file of a batch became."""
    statement = update(FeedBatchFile).where(col(FeedBatchFile.batch_id) == batch_id, col(FeedBatchFile.name) == name)
    await session.execute(statement.values(file_id=file_id))


async def end_batch(
    session: AsyncSession, *, batch_id: UUID, state: BatchState, at: datetime, refusal: str | None = None
) -> None:
    """End a batch and forget its parts: their contents, and the key under which they could be read."""
    emptied = update(FeedBatchPart).where(col(FeedBatchPart.batch_id) == batch_id).values(content_enc=None)
    await session.execute(emptied)
    ended = update(FeedBatch).where(col(FeedBatch.id) == batch_id)
    await session.execute(ended.values(state=state, ended_at=at, refusal=refusal, data_key=None))
