"""The worker's part in batches: sealed ones are taken file by file, forgotten ones are abandoned."""

from collections.abc import Callable
from datetime import timedelta
from typing import Final
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.core import clock
from guibin.core.database import SessionFactory
from guibin.core.errors import Refusal
from guibin.core.ids import to_public
from guibin.core.lines import Line
from guibin.core.logging import error_facts, logger
from guibin.core.unit_of_work import unit_of_work
from guibin.feeds.batches import repository
from guibin.feeds.batches.models import BatchState, FeedBatch, FeedBatchFile
from guibin.feeds.batches.rules import OPEN_DAYS
from guibin.feeds.batches.service import abandon_batch, content_of
from guibin.feeds.models import FeedKind, FeedMode
from guibin.feeds.service import take_file
from guibin.security.actors import Actor, ActorKind
from guibin.security.ciphers import KeyRing

BATCHES_JOB: Final = Actor(ActorKind.JOB, UUID("00000000-0000-7000-8000-000000000f17"), "job:feed-batches")
"""Who takes the files of batches; the same in every deployment, so that a trail tells it."""

_BATCH: Final = 20

MOST_FAILURES: Final = 10
"""A batch that fails so often, over some hours, is refused: a person has to look at it, and its line goes on."""

NOT_TAKEN: Final = "batch_not_taken"
"""The refusal of a batch that failed too often."""

_LONGEST_PAUSE: Final = timedelta(hours=1)


async def tend_batches(sessions: SessionFactory, open_keys: Callable[[], KeyRing]) -> int:
    """Take every file of every sealed batch, and abandon those that stay open; returns how many files were taken.

    Each file is a transaction with the note that it is in: a killed worker takes up at the file that is next.
    """
    await _abandon_old(sessions)
    taken = 0
    while await take_next(sessions, open_keys):
        taken += 1
    return taken


async def take_next(sessions: SessionFactory, open_keys: Callable[[], KeyRing]) -> bool:
    """Take the next file of the batch whose turn it is; False when no batch waits."""
    async with sessions() as session:
        batch = await repository.next_sealed(session, now=clock.now())
    if batch is None:
        return False
    try:
        async with sessions.begin() as session:
            await _take_file(session, open_keys(), batch.id)
    except Refusal as refusal:
        await _refuse(sessions, batch.id, refusal.code)
    except Exception as error:  # noqa: BLE001 - whatever a batch fails of, the other lines do not wait for it
        logger().error("feed_batch_failed", batch=to_public("fbt", batch.id), **error_facts(error))
        await _put_off(sessions, batch)
    return True


async def _take_file(session: AsyncSession, keys: KeyRing, batch_id: UUID) -> None:
    batch = await repository.lock_batch(session, batch_id=batch_id)
    if batch is None or batch.state != BatchState.SEALED:
        return  # another worker was quicker
    files = await repository.files_of(session, [batch_id])
    file = next((one for one in files if one.file_id is None), None)
    if file is not None:
        await _take(session, keys, batch, file)
    if file is None or file.name == files[-1].name:
        await repository.end_batch(session, batch_id=batch_id, state=BatchState.DONE, at=clock.now())


async def _take(session: AsyncSession, keys: KeyRing, batch: FeedBatch, file: FeedBatchFile) -> None:
    parts = await repository.part_sizes(session, [batch.id])
    result = await take_file(
        session,
        keys,
        line=Line(batch.line),
        kind=FeedKind(file.kind),
        business_date=batch.business_date,
        mode=FeedMode(batch.mode),
        stream=content_of(session, keys, batch, name=file.name, parts=len(parts[batch.id, file.name])),
        actor=BATCHES_JOB,
        expected_rows=file.rows,
    )
    await repository.note_file(session, batch_id=batch.id, name=file.name, file_id=result.id)


async def _put_off(sessions: SessionFactory, batch: FeedBatch) -> None:
    """Let a batch that failed be tried again, each time later than the last; at last it is refused."""
    if batch.failures + 1 >= MOST_FAILURES:
        await _refuse(sessions, batch.id, NOT_TAKEN)
        return
    pause = min(timedelta(minutes=2**batch.failures), _LONGEST_PAUSE)
    async with sessions.begin() as session:
        await repository.note_failure(session, batch_id=batch.id, retry_at=clock.now() + pause)


async def _refuse(sessions: SessionFactory, batch_id: UUID, code: str) -> None:
    """End a batch that agreed when it was sealed and cannot be taken now, the head office being gone for example."""
    async with sessions.begin() as session:
        await repository.lock_batch(session, batch_id=batch_id)
        await repository.end_batch(session, batch_id=batch_id, state=BatchState.REFUSED, at=clock.now(), refusal=code)


async def _abandon_old(sessions: SessionFactory) -> None:
    async with sessions() as session:
        old = await repository.opened_before(session, clock.now() - timedelta(days=OPEN_DAYS), limit=_BATCH)
    for batch in old:
        async with unit_of_work(sessions) as work:
            await abandon_batch(work.session, actor=BATCHES_JOB, batch_id=batch.id)
