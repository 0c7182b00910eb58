"""Links files: who owns, represents, works for or guarantees whom among a line's customers, from a day to a day."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final
from uuid import UUID

from guibin.customers.models import PartyType
from guibin.customers.names import survivors
from guibin.customers.references import record_ref
from guibin.customers.repository import customers_of_refs, party_types
from guibin.feeds.models import FeedMode
from guibin.feeds.rules import Cells, RowCode, RowRefused
from guibin.feeds.taking import Rows, Taking
from guibin.relations import line_links
from guibin.relations.line_links import LineFacts, LineLink
from guibin.relations.models import LinkKind
from guibin.relations.rules import can_be_linked

_BATCH: Final = 5_000

_Key = tuple[bytes, LinkKind, bytes]


@dataclass(frozen=True, slots=True)
class _Unresolved:
    row: int
    key: _Key
    valid_from: date | None
    valid_to: date | None
    is_over: bool


async def take_link_rows(taking: Taking, rows: Rows) -> None:
    """Take the rows of a links file; a full one ends those of its line that it leaves out, and no others."""
    seen: set[_Key] = set()
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
    if taking.mode is FeedMode.FULL:
        owners = await customers_of_refs(taking.session, list({ref for one, _, other in seen for ref in (one, other)}))
        named = ((owners.get(one), kind, owners.get(other)) for one, kind, other in seen)
        kept = [(one, kind, other) for one, kind, other in named if one is not None and other is not None]
        facts = LineFacts(taking.line, taking.business_date, taking.actor.id)
        taking.counts["ended"] += await line_links.end_missing(taking.session, facts, kept)


def _read(taking: Taking, number: int, cells: Cells, seen: set[_Key]) -> _Unresolved:
    holder = record_ref(taking.keys, taking.line, cells.required_number("record_id"))
    kind = cells.required_known("link", LinkKind)
    other = record_ref(taking.keys, taking.line, cells.required_number("other_record_id"))
    key = (holder, kind, other)
    if key in seen:
        raise RowRefused(RowCode.DUPLICATE_IN_FILE, "link")
    seen.add(key)  # a row that is refused below still says that the link is there
    valid_from, valid_to = cells.day("valid_from"), cells.day("valid_to")
    if valid_from is not None and valid_to is not None and valid_to < valid_from:
        raise RowRefused(RowCode.DATE_OUT_OF_RANGE, "valid_to")
    return _Unresolved(number, key, valid_from, valid_to, cells.is_deletion)


async def _take_batch(taking: Taking, batch: Sequence[_Unresolved]) -> None:
    refs = {ref for row in batch for ref in (row.key[0], row.key[2])}
    owners = await customers_of_refs(taking.session, list(refs))
    types = await party_types(taking.session, set(owners.values()))
    joined = await survivors(taking.session, set(owners.values()))
    standing, over = list[LineLink](), list[LineLink]()
    for row in batch:
        try:
            (over if row.is_over else standing).append(_resolve(row, owners, types, joined))
        except RowRefused as refused:
            taking.refuse(row.row, refused)
    facts = LineFacts(taking.line, taking.business_date, taking.actor.id)
    if standing:
        taken = await line_links.take_links(taking.session, facts, standing)
        for number in taken.overlapping:
            taking.refuse(number, RowRefused(RowCode.LINK_OVERLAPS, "valid_from"))
        taking.rows_changed += taken.changed
    if over:
        ended, unknown = await line_links.end_links(taking.session, facts, over)
        for number in unknown:
            taking.refuse(number, RowRefused(RowCode.LINK_UNKNOWN, "link"))
        taking.counts["deleted"] += ended
        taking.rows_changed += ended


def _resolve(
    row: _Unresolved, owners: Mapping[bytes, UUID], types: Mapping[UUID, PartyType], joined: Collection[UUID]
) -> LineLink:
    holder_ref, kind, other_ref = row.key
    holder, other = owners.get(holder_ref), owners.get(other_ref)
    if holder is None:
        raise RowRefused(RowCode.RECORD_UNKNOWN, "record_id")
    if other is None:
        raise RowRefused(RowCode.RECORD_UNKNOWN, "other_record_id")
    if holder == other or not can_be_linked(kind, types[holder], types[other]):
        raise RowRefused(RowCode.LINK_NOT_POSSIBLE, "link")
    names = holder_ref if holder in joined else None, other_ref if other in joined else None
    return LineLink(row.row, holder, kind, other, row.valid_from, row.valid_to, *names)
