"""Files of events: taken at once, and let earn by the worker in parts, as if each event had come by itself."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import IO, Any
from uuid import UUID

import anyio.to_thread
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.core import clock
from guibin.core.ids import new_id
from guibin.core.money import format_cny
from guibin.customers.identifiers import normalise_number
from guibin.customers.references import customer_no_ref, record_ref
from guibin.points.files import repository
from guibin.points.files.errors import EventFileTotalsDiffer, PointsFileReferenceTaken
from guibin.points.files.event_rules import EVENT_COLUMNS, AskedEvent, from_stored, read_event, to_stored
from guibin.points.files.models import FileKind, FileState, LineState, PointsFile, PointsFileLine
from guibin.points.files.reading import Form, form_of, read_cells
from guibin.points.files.rules import LineCode
from guibin.points.service.events import EventStatus, IncomingEvent, TakenEvent, take_events
from guibin.security.actors import Actor
from guibin.security.ciphers import KeyRing

BATCH = 10_000

EventResult = tuple[int, str, str | None, UUID | None, int | None]
"""Line, state, code, first entry, points in all."""


@dataclass(frozen=True, slots=True)
class NewEventFile:
    """A file of events that came in, with the totals that came with it; None where it came without."""

    reference: str
    file: IO[bytes]
    sha256: bytes
    lines: int | None = None
    amount_fen: int | None = None


@dataclass(slots=True)
class EventTotals:
    """What a file of events says in all: lines, those that cannot be read, and the amounts of the others."""

    lines: int = 0
    refused: int = 0
    amount_fen: int = 0


@dataclass(frozen=True, slots=True)
class TakenEventFile:
    """A file of events with its totals; no file of a dry run. `repeated`: it had been taken before."""

    totals: EventTotals
    file: PointsFile | None = None
    repeated: bool = False


async def take_event_file(
    session: AsyncSession, keys: KeyRing, *, actor: Actor, new: NewEventFile, dry_run: bool
) -> TakenEventFile:
    """Take a file of events in; the worker lets them earn. The same file again is the one that was taken.

    Raises:
        PointsFileUnreadable, PointsFileColumns, PointsFileTooLong, WorkbookUnreadable, WorkbookTooLarge: it cannot be
            read.
        EventFileTotalsDiffer: it is not the file that was announced.
        PointsFileReferenceTaken: the reference stands for another file, or another sender's.
    """
    known = await repository.file_of_reference(session, reference=new.reference)
    if known is not None and (known.kind, known.sha256, known.maker_id) != (FileKind.EVENTS, new.sha256, actor.id):
        raise PointsFileReferenceTaken(file_id=None)
    form = await anyio.to_thread.run_sync(form_of, new.file)
    totals = await anyio.to_thread.run_sync(_add_up, new, form)
    if new.lines not in {None, totals.lines} or new.amount_fen not in {None, totals.amount_fen}:
        raise EventFileTotalsDiffer(lines=totals.lines, amount=format_cny(totals.amount_fen))
    if known is not None or dry_run:
        return TakenEventFile(totals, known, repeated=known is not None)
    file = _file(actor, new, totals)
    session.add(file)
    await session.flush()
    rows = _rows(file, keys, _asked(new, form))
    while some := await anyio.to_thread.run_sync(lambda: list(islice(rows, BATCH))):
        await repository.add_lines(session, some, columns=repository.EVENT_COLUMNS)
    return TakenEventFile(totals, file)


async def carry_out_events(session: AsyncSession, file: PointsFile, lines: Sequence[PointsFileLine]) -> int:
    """Record the events of some lines and let them earn, and write what became of each; returns how many."""
    taken = await take_events(session, actor_id=file.maker_id, events=[_incoming(line) for line in lines])
    results = [_result(line, one) for line, one in zip(lines, taken, strict=True)]
    await repository.settle_events(session, file_id=file.id, results=results)
    return len(results)


def _file(actor: Actor, new: NewEventFile, totals: EventTotals) -> PointsFile:
    return PointsFile(
        id=new_id(),
        kind=FileKind.EVENTS,
        reference=new.reference,
        sha256=new.sha256,
        state=FileState.APPROVED,
        lines=totals.lines,
        lines_refused=totals.refused,
        credits=0,
        debits=0,
        cost_fen=0,
        maker_id=actor.id,
        created_at=clock.now(),
    )


def _asked(new: NewEventFile, form: Form) -> Iterator[tuple[int, AskedEvent | LineCode]]:
    for number, cells in read_cells(new.file, form, EVENT_COLUMNS):
        yield number, LineCode.LINE_INVALID if cells is None else read_event(cells)


def _add_up(new: NewEventFile, form: Form) -> EventTotals:
    totals = EventTotals()
    for _, asked in _asked(new, form):
        totals.lines += 1
        if isinstance(asked, LineCode):
            totals.refused += 1
        else:
            totals.amount_fen += asked.content.amount_fen or 0
    return totals


def _rows(
    file: PointsFile, keys: KeyRing, lines: Iterator[tuple[int, AskedEvent | LineCode]]
) -> Iterator[tuple[Any, ...]]:
    for number, asked in lines:
        code = asked if isinstance(asked, LineCode) else None
        ref = None if isinstance(asked, LineCode) else _ref(keys, asked)
        if isinstance(asked, AskedEvent) and asked.customer_id is None and ref is None:
            code = LineCode.CUSTOMER_UNKNOWN
        if code is not None or isinstance(asked, LineCode):
            yield (file.id, number, None, None, LineState.REFUSED, code)
        else:
            yield (file.id, number, ref, json.dumps(to_stored(asked)), LineState.WAITING, None)


def _ref(keys: KeyRing, asked: AskedEvent) -> bytes | None:
    if asked.record_id is not None:
        return record_ref(keys, asked.line, asked.record_id)
    number = None if asked.customer_no is None else normalise_number(asked.customer_no)
    return None if number is None else customer_no_ref(keys, number)


def _incoming(line: PointsFileLine) -> IncomingEvent:
    asked = from_stored(line.event or {})
    return IncomingEvent(asked.line, asked.reference, asked.content, asked.customer_id, line.customer_ref)


_STATES = {
    EventStatus.EARNED: LineState.EARNED,
    EventStatus.NOTHING: LineState.NOTHING,
    EventStatus.REPLAYED: LineState.REPLAYED,
}


def _result(line: PointsFileLine, taken: TakenEvent) -> EventResult:
    if taken.refusal is not None:
        return line.line, LineState.REFUSED, taken.refusal.code, None, None
    first = taken.entry_ids[0] if taken.entry_ids else None
    return line.line, _STATES[taken.status], None, first, taken.points
