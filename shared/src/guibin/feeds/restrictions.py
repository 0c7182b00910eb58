"""Restrictions files: what stands against a line's customers (a court's freeze, a complaint), from a day to a day."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from guibin.customers.names import survivors
from guibin.customers.references import record_ref
from guibin.customers.repository import customers_of_refs
from guibin.feeds.models import FeedMode
from guibin.feeds.rules import Cells, RowCode, RowRefused
from guibin.feeds.taking import Rows, Taking
from guibin.privacy.followers import follow_all
from guibin.privacy.repository.line_restrictions import (
    LineRestriction,
    end_missing_restrictions,
    take_restrictions,
)
from guibin.privacy.repository.restrictions import list_kinds

_BATCH: Final = 5_000
LONGEST_REFERENCE: Final = 80

_Key = tuple[bytes, str, str]


@dataclass(frozen=True, slots=True)
class _Unresolved:
    row: int
    record: bytes
    kind: str
    reference: str
    valid_from: date | None
    valid_to: date | None


async def take_restriction_rows(taking: Taking, rows: Rows) -> None:
    """Take the rows of a restrictions file; a full one ends those of the line that it leaves out, and no others."""
    kinds = {kind.code for kind in await list_kinds(taking.session)}
    seen: set[_Key] = set()
    batch: list[_Unresolved] = []
    for row in rows:
        try:
            batch.append(_read(taking, row[0], taking.cells(row), kinds, seen))
        except RowRefused as refused:
            taking.refuse(row[0], refused)
        if len(batch) == _BATCH:
            await _take_batch(taking, batch)
            batch = []
    await _take_batch(taking, batch)
    if taking.mode is FeedMode.FULL:
        owners = await customers_of_refs(taking.session, list({record for record, _, _ in seen}))
        kept = {(owners[record], kind, reference) for record, kind, reference in seen if record in owners}
        taking.counts["ended"] += await end_missing_restrictions(
            taking.session, line=taking.line, kept=kept, day=taking.business_date, ended_by=taking.actor.id
        )


def _read(taking: Taking, number: int, cells: Cells, kinds: set[str], seen: set[_Key]) -> _Unresolved:
    record = record_ref(taking.keys, taking.line, cells.required_number("record_id"))
    kind = cells.required("restriction")
    if kind not in kinds:
        raise RowRefused(RowCode.VALUE_UNKNOWN, "restriction")
    reference = cells.required("reference", LONGEST_REFERENCE)
    if (record, kind, reference) in seen:
        raise RowRefused(RowCode.DUPLICATE_IN_FILE, "reference")
    seen.add((record, kind, reference))  # a row that is refused below still says that the restriction is there
    valid_from, valid_to = cells.day("valid_from"), cells.day("valid_to")
    if valid_from is not None and valid_to is not None and valid_to < valid_from:
        raise RowRefused(RowCode.DATE_OUT_OF_RANGE, "valid_to")
    return _Unresolved(number, record, kind, reference, valid_from, valid_to)


async def _take_batch(taking: Taking, batch: Sequence[_Unresolved]) -> None:
    owners = await customers_of_refs(taking.session, list({row.record for row in batch}))
    joined = await survivors(taking.session, set(owners.values()))
    accepted = []
    for row in batch:
        if row.record not in owners:
            taking.refuse(row.row, RowRefused(RowCode.RECORD_UNKNOWN, "record_id"))
        else:
            owner = owners[row.record]
            said = (owner, row.kind, row.reference, row.valid_from, row.valid_to)
            accepted.append(LineRestriction(*said, named_by=row.record if owner in joined else None))
    if accepted:
        taking.rows_changed += await take_restrictions(
            taking.session,
            line=taking.line,
            day=taking.business_date,
            rows=accepted,
            set_by=taking.actor.id,
        )
        await follow_all(taking.session, {one.customer_id for one in accepted})
