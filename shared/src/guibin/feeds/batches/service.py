"""Commands on batches: announce one, bring its parts, seal or abandon it."""

import hashlib
from collections.abc import AsyncIterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import Final
from uuid import UUID

import anyio.to_thread
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.audit.service import record
from guibin.core import clock
from guibin.core.errors import NotFound, Refusal
from guibin.core.ids import new_id, to_public
from guibin.core.lines import Line
from guibin.feeds.arranging import ColumnMapping
from guibin.feeds.batches import repository
from guibin.feeds.batches.errors import BatchDiffers, BatchFileUnknown, BatchManifestInvalid, BatchNotOpen
from guibin.feeds.batches.manifest import Manifest
from guibin.feeds.batches.models import BatchState, FeedBatch, FeedBatchFile, FeedBatchPart
from guibin.feeds.batches.rules import (
    MOST_SHOWN_DIFFERENCES,
    AnnouncedFile,
    ControlSum,
    Difference,
    Measured,
    What,
    differences,
    in_turn,
    manifest_fault,
)
from guibin.feeds.errors import BusinessDateInvalid, HeadOfficeMissing
from guibin.feeds.mappings.repository import mapping_in_force
from guibin.feeds.models import FeedKind
from guibin.feeds.reading import FeedText, spool
from guibin.feeds.rows import FeedRows
from guibin.feeds.senders import check_sender
from guibin.organisation.repository import list_branches
from guibin.security.actors import Actor
from guibin.security.ciphers import DataKey, KeyRing, WrappedKey

_PLACE: Final = ("feed_batch_part", "content_enc")


@dataclass(frozen=True, slots=True)
class BatchView:
    """A batch with its files in their turn, and the parts that are in with their sizes, by the name of the file."""

    batch: FeedBatch
    files: Sequence[FeedBatchFile]
    parts: dict[str, dict[int, int]]


async def begin_batch(
    session: AsyncSession,
    keys: KeyRing,
    *,
    actor: Actor,
    manifest: Manifest,
) -> BatchView:
    """Announce a batch; its parts may come from now on.

    Raises:
        BusinessDateInvalid: the day has not begun.
        BatchManifestInvalid: the manifest announces what cannot be.
        Forbidden: it announces identity events, and the sender may not tell of them.
    """
    for file in manifest.files:
        check_sender(actor, file.kind)
    if manifest.business_date > clock.today():
        raise BusinessDateInvalid
    files = [file.announced() for file in manifest.files]
    fault = manifest_fault(manifest.mode, files)
    if fault is not None:
        raise BatchManifestInvalid(fault=fault)
    batch_id = new_id()
    session.add(
        FeedBatch(
            id=batch_id,
            line=manifest.line,
            mode=manifest.mode,
            business_date=manifest.business_date,
            state=BatchState.OPEN,
            data_key=keys.new_data_key(batch_id),
            created_by=actor.id,
            created_at=clock.now(),
        )
    )
    await session.flush()
    session.add_all(_file_row(batch_id, place, file) for place, file in enumerate(in_turn(files)))
    await session.flush()
    await _audit(session, actor, "feed_batch.begin", batch_id)
    return await get_batch(session, batch_id=batch_id)


def _file_row(batch_id: UUID, place: int, file: AnnouncedFile) -> FeedBatchFile:
    return FeedBatchFile(
        batch_id=batch_id,
        name=file.name,
        place=place,
        kind=file.kind,
        sha256=file.sha256,
        size=file.size,
        rows=file.rows,
        control_fen=file.control_fen,
    )


async def get_batch(session: AsyncSession, *, batch_id: UUID) -> BatchView:
    """Return a batch.

    Raises:
        NotFound: there is none with this id.
    """
    batch = await repository.find_batch(session, batch_id=batch_id)
    if batch is None:
        raise NotFound
    return (await views_of(session, [batch]))[0]


async def views_of(session: AsyncSession, batches: Sequence[FeedBatch]) -> list[BatchView]:
    """Return batches with their files and parts."""
    ids = [batch.id for batch in batches]
    files, parts = await repository.files_of(session, ids), await repository.part_sizes(session, ids)
    return [
        BatchView(
            batch,
            [file for file in files if file.batch_id == batch.id],
            {name: sizes for (batch_id, name), sizes in parts.items() if batch_id == batch.id},
        )
        for batch in batches
    ]


async def put_part(
    session: AsyncSession, keys: KeyRing, *, batch_id: UUID, name: str, number: int, content: bytes
) -> FeedBatchPart:
    """Take a part of a file, in any order; again takes the place of what came before.

    Raises:
        NotFound, BatchFileUnknown: no such batch, or no such file in it.
        BatchNotOpen: it is sealed or over.
    """
    batch = await _open_batch(session, batch_id, shared=True)
    if all(file.name != name for file in await repository.files_of(session, [batch_id])):
        raise BatchFileUnknown
    key, part_id = _key_of(keys, batch), new_id()
    part = FeedBatchPart(
        batch_id=batch_id,
        name=name,
        number=number,
        id=part_id,
        size=len(content),
        sha256=hashlib.sha256(content).digest(),
        content_enc=await anyio.to_thread.run_sync(key.encrypt_bytes, content, *_PLACE, part_id),
        received_at=clock.now(),
    )
    await repository.put_part(session, part)
    return part


async def seal_batch(session: AsyncSession, keys: KeyRing, *, actor: Actor, batch_id: UUID) -> BatchView:
    """Hold all files to the manifest and let the worker take them; one that is sealed or done stays as it is.

    Raises:
        NotFound: no such batch.
        BatchNotOpen: it was refused or abandoned.
        BatchDiffers: something does not agree; nothing is taken, and the batch stays open.
        HeadOfficeMissing: it brings customers, and there is no organisation yet.
    """
    batch = await repository.lock_batch(session, batch_id=batch_id)
    if batch is not None and batch.state in {BatchState.SEALED, BatchState.DONE}:
        return await get_batch(session, batch_id=batch_id)
    batch = await _open_batch(session, batch_id)
    files = await repository.files_of(session, [batch_id])
    found = await _differences(session, keys, batch, files)
    if found:
        raise BatchDiffers(differences=[one.facts() for one in found[:MOST_SHOWN_DIFFERENCES]])
    if any(file.kind == FeedKind.PARTIES for file in files) and not await list_branches(session):
        raise HeadOfficeMissing
    await repository.seal(session, batch_id=batch_id, at=clock.now())
    await _audit(session, actor, "feed_batch.seal", batch_id)
    return await get_batch(session, batch_id=batch_id)


async def abandon_batch(session: AsyncSession, *, actor: Actor, batch_id: UUID) -> BatchView:
    """Give an open batch up; its parts are forgotten.

    Raises:
        NotFound: no such batch.
        BatchNotOpen: it is sealed or over.
    """
    await _open_batch(session, batch_id)
    await repository.end_batch(session, batch_id=batch_id, state=BatchState.ABANDONED, at=clock.now())
    await _audit(session, actor, "feed_batch.abandon", batch_id)
    return await get_batch(session, batch_id=batch_id)


async def content_of(
    session: AsyncSession, keys: KeyRing, batch: FeedBatch, *, name: str, parts: int
) -> AsyncIterator[bytes]:
    """Yield the bytes of a file, part by part."""
    key = _key_of(keys, batch)
    for number in range(1, parts + 1):
        part = await repository.find_part(session, batch_id=batch.id, name=name, number=number)
        if part is None or part.content_enc is None:
            raise LookupError("a part of a sealed batch is gone")
        yield await anyio.to_thread.run_sync(key.decrypt_bytes, part.content_enc, *_PLACE, part.id)


async def _open_batch(session: AsyncSession, batch_id: UUID, *, shared: bool = False) -> FeedBatch:
    batch = await repository.lock_batch(session, batch_id=batch_id, shared=shared)
    if batch is None:
        raise NotFound
    if batch.state != BatchState.OPEN:
        raise BatchNotOpen(state=batch.state)
    return batch


async def _differences(
    session: AsyncSession, keys: KeyRing, batch: FeedBatch, files: Sequence[FeedBatchFile]
) -> list[Difference]:
    parts = await repository.part_sizes(session, [batch.id])
    found: list[Difference] = []
    for file in files:
        sizes = parts.get((batch.id, file.name), {})
        missing = [number for number in range(1, max(sizes, default=1) + 1) if number not in sizes]
        if missing:
            found.append(Difference(file.name, What.PARTS, found=f"without {missing[0]}"))
        elif sum(sizes.values()) != file.size:
            found.append(Difference(file.name, What.SIZE, str(file.size), str(sum(sizes.values()))))
        else:
            found += await _differences_within(session, keys, batch, file, len(sizes))
    return found


async def _differences_within(
    session: AsyncSession, keys: KeyRing, batch: FeedBatch, file: FeedBatchFile, parts: int
) -> list[Difference]:
    announced = AnnouncedFile(file.name, FeedKind(file.kind), file.sha256, file.size, file.rows, file.control_fen)
    mapping = await mapping_in_force(session, line=Line(batch.line), kind=announced.kind)
    try:
        feed = await spool(content_of(session, keys, batch, name=file.name, parts=parts))
        with closing(feed):
            return list(differences(announced, await anyio.to_thread.run_sync(_measure, feed, announced, mapping)))
    except Refusal as refusal:
        line = refusal.facts.get("line")
        return [Difference(file.name, What.CONTENT, found=refusal.code, line=line if isinstance(line, int) else None)]


def _measure(feed: FeedText, announced: AnnouncedFile, mapping: ColumnMapping) -> Measured:
    """Read a file through.

    Raises:
        Refusal: it cannot be read.
    """
    rows, control = 0, ControlSum(announced.kind)
    with closing(FeedRows(feed, announced.kind, mapping)) as read:
        for _, cells in read:
            rows += 1
            control.add(cells)
    return Measured(feed.sha256, announced.size, rows, control.fen)


def _key_of(keys: KeyRing, batch: FeedBatch) -> DataKey:
    if batch.data_key is None:
        raise LookupError("the batch is over and its parts are forgotten")
    return keys.open_data_key(WrappedKey(batch.data_key), batch.id)


async def _audit(session: AsyncSession, actor: Actor, action: str, batch_id: UUID) -> None:
    await record(session, actor=actor, action=action, object_type="feed_batch", object_id=to_public("fbt", batch_id))
