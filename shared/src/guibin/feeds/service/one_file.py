"""Taking one file of any size, and telling what became of it."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.audit.service import record
from guibin.core import clock
from guibin.core.errors import NotFound
from guibin.core.ids import new_id, to_public
from guibin.core.lines import Line
from guibin.feeds import repository
from guibin.feeds.arranging import ColumnMapping
from guibin.feeds.balances import take_balance_rows
from guibin.feeds.drift import changed_columns, drift
from guibin.feeds.errors import BusinessDateInvalid, ColumnsInvalid, FileEmpty, RowCountDiffers
from guibin.feeds.events import take_event_rows
from guibin.feeds.holdings import take_holding_rows
from guibin.feeds.identity import take_identity_rows
from guibin.feeds.links import take_link_rows
from guibin.feeds.mappings.repository import find_mapping, mapping_in_force, rules_of
from guibin.feeds.models import FeedFile, FeedKind, FeedMode
from guibin.feeds.parties import take_parties
from guibin.feeds.policies.service import note_day
from guibin.feeds.reading import Chunks, FeedText, spool
from guibin.feeds.restrictions import take_restriction_rows
from guibin.feeds.rows import FeedRows, Row
from guibin.feeds.rules import COLUMNS, PERSONAL, RowCode, RowRefused
from guibin.feeds.senders import check_sender
from guibin.feeds.taking import Reject, Rows, Taking
from guibin.feeds.touches import take_touch_rows
from guibin.security.actors import Actor
from guibin.security.ciphers import KeyRing
from guibin.security.row_scope import all_rows

MOST_SHOWN_REJECTS: Final = 100
HIDDEN: Final = "***"
"""Stands in a preview for what is personal."""

_LOADERS: Final[Mapping[FeedKind, Callable[[Taking, Rows], Awaitable[None]]]] = {
    FeedKind.PARTIES: take_parties,
    FeedKind.HOLDINGS: take_holding_rows,
    FeedKind.BALANCES: take_balance_rows,
    FeedKind.EVENTS: take_event_rows,
    FeedKind.RESTRICTIONS: take_restriction_rows,
    FeedKind.LINKS: take_link_rows,
    FeedKind.IDENTITY: take_identity_rows,
    FeedKind.TOUCHES: take_touch_rows,
}


@dataclass(frozen=True, slots=True)
class PreviewRow:
    """One of the first rows as it was read: our columns that are not empty, personal ones without what they say."""

    row: int
    cells: dict[str, str]
    code: RowCode | None
    column: str | None


@dataclass(frozen=True, slots=True)
class FeedResult:
    """What became of a file. `rejects` shows the first refused rows; a dry run has stored nothing."""

    id: UUID
    line: Line
    kind: FeedKind
    mode: FeedMode
    business_date: date
    rows_read: int
    rows_accepted: int
    rows_changed: int
    rows_rejected: int
    counts: dict[str, int]
    drift: dict[str, list[str]] | None
    taken_at: datetime
    rejects: tuple[Reject, ...] = ()
    repeated: bool = False
    dry_run: bool = False
    preview: tuple[PreviewRow, ...] = ()


async def take_file(
    session: AsyncSession,
    keys: KeyRing,
    *,
    line: Line,
    kind: FeedKind,
    business_date: date,
    mode: FeedMode,
    stream: Chunks,
    actor: Actor,
    expected_rows: int | None = None,
    dry_run: bool = False,
    mapping_version: int | None = None,
) -> FeedResult:
    """Take one file of one line for one business date; good rows are taken, bad ones are kept as rejects.

    The same content again answers with the first result and `repeated`. A dry run does everything and undoes it, shows
    the first rows, and may try a version of the mapping that is not in force.

    Raises:
        BusinessDateInvalid, FileEmpty, FileTypeInvalid, EncodingInvalid, ColumnsInvalid, FileMalformed,
        WorkbookUnreadable, WorkbookTooLarge, RowCountDiffers: the whole file is refused; the caller's unit of work
            undoes what was written.
        NotFound: there is no such version of the mapping.
        Forbidden: a service that may bring files, and no identity events, brings a file of them.
    """
    check_sender(actor, kind)
    if business_date > clock.today():
        raise BusinessDateInvalid
    feed = await spool(stream)
    try:
        await repository.lock_feeds(session, line=line, kind=kind)
        first = await repository.find_taken(
            session, line=line, kind=kind, business_date=business_date, sha256=feed.sha256
        )
        if first is not None:
            kept = await repository.list_rejects(session, file_id=first.id, limit=MOST_SHOWN_REJECTS, after=None)
            rejects = [Reject(reject.row, RowCode(reject.code), reject.column) for reject in kept]
            return _result(first, rejects, repeated=True, dry_run=dry_run)
        mapping = await _mapping(session, line, kind, mapping_version if dry_run else None)
        taking = Taking(session, keys, line, kind, mode, business_date, new_id(), actor, mapping)
        # A file tells of everybody, whatever its sender may see.
        async with all_rows(session):
            if dry_run:
                return await _try(taking, feed, expected_rows)
            file = await _take(taking, feed, expected_rows)
    finally:
        feed.close()
    return _result(file, taking.rejects)


async def _try(taking: Taking, feed: FeedText, expected_rows: int | None) -> FeedResult:
    savepoint = await taking.session.begin_nested()
    try:
        first: list[Row] = []
        file = await _take(taking, feed, expected_rows, first)
        result = _result(file, taking.rejects, dry_run=True, preview=_preview(taking, first))
    finally:
        await savepoint.rollback()
    return result


async def _take(taking: Taking, feed: FeedText, expected_rows: int | None, first: list[Row] | None = None) -> FeedFile:
    before = await repository.last_file(taking.session, line=taking.line, kind=taking.kind)
    had = None if before is None else before.columns
    with closing(FeedRows(feed, taking.kind, taking.mapping)) as rows:
        try:
            await _LOADERS[taking.kind](taking, rows)
        except ColumnsInvalid as refusal:
            if had is not None:
                refusal.compare(had)
            raise
    if first is not None:
        first += rows.first
    if expected_rows is not None and expected_rows != taking.rows_read:
        raise RowCountDiffers(announced=expected_rows, found=taking.rows_read)
    if taking.mode is FeedMode.FULL and taking.rows_read == 0:
        raise FileEmpty
    changed = changed_columns(((reject.code, reject.column) for reject in taking.rejects), taking.rows_read)
    differs = drift(had, rows.columns or (), changed)
    file = FeedFile(
        id=taking.file_id,
        line=taking.line,
        kind=taking.kind,
        mode=taking.mode,
        business_date=taking.business_date,
        sha256=feed.sha256,
        rows_read=taking.rows_read,
        rows_accepted=taking.rows_accepted,
        rows_changed=taking.rows_changed,
        rows_rejected=len(taking.rejects),
        columns=None if rows.columns is None else list(rows.columns),
        drift=differs.facts() if differs else None,
        mapping_version=taking.mapping.version,
        counts={name: count for name, count in sorted(taking.counts.items()) if count},
        taken_at=clock.now(),
        actor_id=taking.actor.id,
    )
    taking.session.add(file)
    await taking.session.flush()
    await repository.add_rejects(taking.session, file.id, taking.rejects)
    await note_day(taking.session, taking.line, taking.business_date)
    await _audit(taking, file)
    return file


async def _mapping(session: AsyncSession, line: Line, kind: FeedKind, version: int | None) -> ColumnMapping:
    if version is None:
        return await mapping_in_force(session, line=line, kind=kind)
    row = await find_mapping(session, line=line, kind=kind, version=version)
    if row is None:
        raise NotFound
    return rules_of(row)


def _preview(taking: Taking, first: Sequence[Row]) -> tuple[PreviewRow, ...]:
    refused = {reject.row: reject for reject in taking.rejects}
    shown = []
    for number, values in first:
        cells = () if isinstance(values, RowRefused) else zip(COLUMNS[taking.kind], values, strict=True)
        told = {name: HIDDEN if name in PERSONAL else cell for name, cell in cells if cell}
        reject = refused.get(number)
        why = (None, None) if reject is None else (reject.code, reject.column)
        shown.append(PreviewRow(number, told, *why))
    return tuple(shown)


async def _audit(taking: Taking, file: FeedFile) -> None:
    await record(
        taking.session,
        actor=taking.actor,
        action="feed.take",
        object_type="feed_file",
        object_id=to_public("fil", file.id),
        facts={"line": file.line, "kind": file.kind, "business_date": file.business_date.isoformat()},
    )


def _result(
    file: FeedFile,
    rejects: Sequence[Reject],
    *,
    repeated: bool = False,
    dry_run: bool = False,
    preview: tuple[PreviewRow, ...] = (),
) -> FeedResult:
    return FeedResult(
        id=file.id,
        line=Line(file.line),
        kind=FeedKind(file.kind),
        mode=FeedMode(file.mode),
        business_date=file.business_date,
        rows_read=file.rows_read,
        rows_accepted=file.rows_accepted,
        rows_changed=file.rows_changed,
        rows_rejected=file.rows_rejected,
        counts=file.counts,
        drift=file.drift,
        taken_at=file.taken_at,
        rejects=tuple(sorted(rejects, key=lambda reject: reject.row)[:MOST_SHOWN_REJECTS]),
        repeated=repeated,
        dry_run=dry_run,
        preview=preview,
    )


async def get_file(session: AsyncSession, *, file_id: UUID) -> FeedFile:
    """Return a file that was taken.

    Raises:
        NotFound: there is none with this id.
    """
    found = await repository.find_file(session, file_id=file_id)
    if found is None:
        raise NotFound
    return found
