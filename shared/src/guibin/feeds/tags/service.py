"""Taking a file of a tag's values: read as every file is, matched as the rows of a call are, a batch at a time."""

from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import Final

from guibin.core import clock
from guibin.core.bulk import copy_rows
from guibin.feeds.errors import FileEmpty
from guibin.feeds.models import TagFile
from guibin.feeds.reading import Chunks, FeedText, spool
from guibin.feeds.rows import FeedRows
from guibin.feeds.rules import Cells, RowCode, RowRefused
from guibin.feeds.taking import Reject
from guibin.tags.imports import repository
from guibin.tags.imports.models import TagImport
from guibin.tags.imports.rules import ImportRow, RowStatus
from guibin.tags.imports.service import Importing

BATCH: Final = 10_000
MOST_SHOWN: Final = 100
_LONGEST_VALUE: Final = 40
_WHY: Final = {
    RowStatus.UNKNOWN: (RowCode.CUSTOMER_UNKNOWN, "key"),
    RowStatus.AMBIGUOUS: (RowCode.CUSTOMER_AMBIGUOUS, "key"),
    RowStatus.DUPLICATE: (RowCode.DUPLICATE_IN_FILE, "key"),
    RowStatus.INVALID: (RowCode.VALUE_UNKNOWN, "value"),
}


@dataclass(frozen=True, slots=True)
class ImportedFile:
    """An import by file with its first rejects; a dry run has stored nothing."""

    made: TagImport
    rejects: Sequence[Reject]
    repeated: bool = False
    dry_run: bool = False


async def take_tag_file(importing: Importing, stream: Chunks, *, dry_run: bool = False) -> ImportedFile:
    """Take a file of any size; rows that give nothing are kept by line and reason, their keys never.

    The same file again on a day answers with the first result. A dry run does everything and undoes it.

    Raises:
        FileEmpty, FileTypeInvalid, EncodingInvalid, ColumnsInvalid, FileMalformed, WorkbookUnreadable,
        WorkbookTooLarge: it cannot be read.
    """
    session, feed = importing.session, await spool(stream)
    try:
        terms = importing.terms
        first = await repository.find_same(
            session,
            code=importing.tag.code,
            key=terms.key,
            mode=terms.mode,
            sha256=feed.sha256,
            since=clock.start_of_day(clock.today()),
        )
        if first is not None:
            kept = await repository.list_rejects(session, import_id=first.id, limit=MOST_SHOWN)
            shown = [Reject(one.row, RowCode(one.code), one.column) for one in kept]
            return ImportedFile(first, shown, repeated=True, dry_run=dry_run)
        savepoint = await session.begin_nested()
        made, rejects = await _take(importing, feed)
        if dry_run:
            session.expunge(made)
        await (savepoint.rollback() if dry_run else savepoint.commit())
    finally:
        feed.close()
    return ImportedFile(made, rejects[:MOST_SHOWN], dry_run=dry_run)


async def _take(importing: Importing, feed: FeedText) -> tuple[TagImport, list[Reject]]:
    rejects: list[Reject] = []
    unreadable, batch = 0, list[tuple[int, ImportRow]]()
    with closing(FeedRows(feed, TagFile.VALUES)) as rows:
        for number, cells in rows:
            try:
                batch.append((number, _read(cells)))
            except RowRefused as refused:
                unreadable += 1
                rejects.append(Reject(number, refused.code, refused.column))
            if len(batch) == BATCH:
                rejects += await _take_batch(importing, batch)
                batch = []
    rejects += await _take_batch(importing, batch)
    if not importing.counts and not unreadable:
        raise FileEmpty
    made = await importing.finish(invalid=unreadable, sha256=feed.sha256)
    rejects.sort(key=lambda reject: reject.row)
    kept = ((made.id, reject.row, reject.code.value, reject.column) for reject in rejects)
    await copy_rows(importing.session, "tag_import_reject", ("import_id", "row", "code", "column"), kept)
    return made, rejects


def _read(cells: Sequence[str] | RowRefused) -> ImportRow:
    if isinstance(cells, RowRefused):
        raise cells
    row = Cells(TagFile.VALUES, cells)
    return ImportRow(row.required_number("key"), row.text("value", _LONGEST_VALUE), row.text("probability"))


async def _take_batch(importing: Importing, batch: Sequence[tuple[int, ImportRow]]) -> list[Reject]:
    statuses = await importing.take([row for _, row in batch]) if batch else []
    return [
        Reject(number, *_WHY[status]) for (number, _), status in zip(batch, statuses, strict=True) if status in _WHY
    ]
