"""Files of events: taken at once, and let earn by the worker in parts, as if each event had come by itself."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice, takewhile
from typing import IO, Any, Final
from uuid import UUID

import anyio.to_thread
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.core import clock
from guibin.core.errors import Refusal, RetryLater
from guibin.core.ids import new_id
from guibin.core.money import format_cny
from guibin.customers.identifiers import normalise_number
from guibin.customers.references import customer_no_ref, record_ref
from guibin.points.earning.event_repository import find_event
from guibin.points.files import repository
from guibin.points.files.errors import EventFileTotalsDiffer, PointsFileReferenceTaken
from guibin.points.files.event_rules import (
    EVENT_COLUMNS,
    AskedEvent,
    AskedReturn,
    Told,
    from_stored,
    read_event,
    to_stored,
)
from guibin.points.files.models import FileKind, FileState, LineState, PointsFile, PointsFileLine
from guibin.points.files.reading import Form, form_of, read_cells
from guibin.points.files.rules import LineCode
from guibin.points.service.events import EventStatus, IncomingEvent, TakenEvent, take_events
from guibin.points.service.returning import EventReturn, return_event
from guibin.security.actors import Actor
from guibin.security.ciphers import KeyRing

BATCH = 10_000
RETURNS_AT_ONCE: Final = 100
"""Returns of one transaction: each takes a handful of statements, and whoever redeems meanwhile waits for it."""

NOBODY: Final = UUID(int=0)
"""Sorts the returns of events that there are not in front; they are refused."""

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
    """Record the events of the first of some lines and let them earn, or take back what the first returns undo.

    Lines are carried out in the order of the file, so that an event earns before a later line undoes it. Writes what
    became of each and returns how many.
    """
    told = [(line, from_stored(line.event or {})) for line in lines]
    events = [(line, one) for line, one in takewhile(lambda pair: isinstance(pair[1], AskedEvent), told)]
    if events:
        asked = [_incoming(line, one) for line, one in events if isinstance(one, AskedEvent)]
        taken = await take_events(session, actor_id=file.maker_id, events=asked)
        results = [_result(line, one) for (line, _), one in zip(events, taken, strict=True)]
    else:
        results = await _take_back(session, file, told)
    await repository.settle_events(session, file_id=file.id, results=results)
    return len(results)


async def _take_back(
    session: AsyncSession, file: PointsFile, told: Sequence[tuple[PointsFileLine, Told]]
) -> list[EventResult]:
    """Take back what the first returns undo, customer by customer, so that accounts are locked in one order."""
    returns = []
    for line, one in islice(told, RETURNS_AT_ONCE):
        if not isinstance(one, AskedReturn):
            break
        event = await find_event(session, line=one.line, reference=one.returns)
        returns.append((event.customer_id if event else NOBODY, line, one))
    returns.sort(key=lambda one: (one[0], one[1].line))
    return [await _undo(session, file, line, one) for _, line, one in returns]


async def _undo(session: AsyncSession, file: PointsFile, line: PointsFileLine, told: AskedReturn) -> EventResult:
    wanted = EventReturn(told.line, told.reference, told.returns, told.amount_fen)
    try:
        async with session.begin_nested():
            done = await return_event(session, actor_id=file.maker_id, told=wanted)
    except RetryLater:
        raise  # of all lines of this turn: nothing happened
    except Refusal as refusal:
        return line.line, LineState.REFUSED, refusal.code, None, None
    state = LineState.REPLAYED if done.replayed else LineState.RETURNED
    return line.line, state, None, None, -done.points


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


def _asked(new: NewEventFile, form: Form) -> Iterator[tuple[int, Told | LineCode]]:
    for number, cells in read_cells(new.file, form, EVENT_COLUMNS):
        yield number, LineCode.LINE_INVALID if cells is None else read_event(cells)


def _add_up(new: NewEventFile, form: Form) -> EventTotals:
    totals = EventTotals()
    for _, asked in _asked(new, form):
        totals.lines += 1
        if isinstance(asked, LineCode):
            totals.refused += 1
        else:
            fen = asked.amount_fen if isinstance(asked, AskedReturn) else asked.content.amount_fen
            totals.amount_fen += fen or 0
    return totals


def _rows(file: PointsFile, keys: KeyRing, lines: Iterator[tuple[int, Told | LineCode]]) -> Iterator[tuple[Any, ...]]:
    for number, asked in lines:
        code = asked if isinstance(asked, LineCode) else None
        ref = _ref(keys, asked) if isinstance(asked, AskedEvent) else None
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


def _incoming(line: PointsFileLine, asked: AskedEvent) -> IncomingEvent:
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
