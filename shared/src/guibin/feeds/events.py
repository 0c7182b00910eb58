"""Events files: what happened. A reference of a line counts once, in whichever file and way it comes."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from guibin.core import clock
from guibin.customers.references import record_ref
from guibin.customers.repository import customers_of_refs
from guibin.feeds.rules import WINDOW_DAYS, Cells, RowCode, RowRefused
from guibin.feeds.taking import Rows, Taking
from guibin.holdings.models import OWN_EVENTS, EventType, InflowClass
from guibin.holdings.rows import EventContent, EventRow
from guibin.holdings.service import take_events

_BATCH: Final = 10_000


@dataclass(frozen=True, slots=True)
class _Unresolved:
    row: int
    reference: str
    record_id: str
    content: EventContent


async def take_event_rows(taking: Taking, rows: Rows) -> None:
    """Take the rows of an events file."""
    seen: set[str] = set()
    batch: list[_Unresolved] = []
    for row in rows:
        try:
            batch.append(_read(taking, row[0], taking.cells(row), seen))
        except RowRefused as refused:
            taking.refuse(row[0], refused)
        if len(batch) == _BATCH:
            await _take_batch(taking, batch)
            batch = []
    await _take_batch(taking, batch)


def _read(taking: Taking, number: int, cells: Cells, seen: set[str]) -> _Unresolved:
    reference = cells.required_number("reference")
    if reference in seen:
        raise RowRefused(RowCode.DUPLICATE_IN_FILE, "reference")
    seen.add(reference)
    record_id = cells.required_number("record_id")
    event_type = cells.required_known("event_type", EventType)
    if event_type in OWN_EVENTS:
        raise RowRefused(RowCode.VALUE_UNKNOWN, "event_type")
    occurred_at = cells.instant("occurred_at")
    day = clock.business_day(occurred_at)
    if not taking.business_date - timedelta(days=WINDOW_DAYS) <= day <= taking.business_date:
        raise RowRefused(RowCode.DATE_OUT_OF_RANGE, "occurred_at")
    content = EventContent(
        event_type=event_type,
        occurred_at=occurred_at,
        amount_fen=cells.amount("amount"),
        merchant_category=cells.code("merchant_category"),
        channel=cells.code("channel"),
        inflow_class=cells.known("inflow_class", InflowClass),
    )
    return _Unresolved(number, reference, record_id, content)


async def _take_batch(taking: Taking, batch: Sequence[_Unresolved]) -> None:
    named = {row.record_id for row in batch}
    refs = {record_id: record_ref(taking.keys, taking.line, record_id) for record_id in named}
    owners = await customers_of_refs(taking.session, list(refs.values()))
    accepted = []
    for row in batch:
        owner = owners.get(refs[row.record_id])
        if owner is None:
            taking.refuse(row.row, RowRefused(RowCode.RECORD_UNKNOWN, "record_id"))
        else:
            accepted.append(EventRow(row.row, row.reference, owner, row.content, refs[row.record_id]))
    if not accepted:
        return
    new, conflicts = await take_events(taking.session, taking.facts, accepted)
    taking.rows_changed += new
    for number in conflicts:
        taking.refuse(number, RowRefused(RowCode.REFERENCE_CONFLICT, "reference"))
