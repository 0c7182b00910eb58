"""Touches files: contacts with customers that another system has kept, however long ago. Each reference counts once."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final
from uuid import UUID

from guibin.care.history import Employee, PastTouch, employees, take_touches
from guibin.care.models import Direction, TouchChannel, TouchKind, TouchPurpose, TouchResult
from guibin.core import clock
from guibin.customers.names import survivors
from guibin.customers.references import record_ref
from guibin.customers.repository import customers_of_refs
from guibin.feeds.rules import Cells, RowCode, RowRefused
from guibin.feeds.taking import Rows, Taking
from guibin.products.repository import products_by_code

_BATCH: Final = 5_000
_MOST_MINUTES: Final = 1_440
_NOT_YET: Final = UUID(int=0)
"""Stands for the customer of a row until the records of its batch are looked up."""


@dataclass(frozen=True, slots=True)
class _Known:
    products: Collection[str]
    staff: Mapping[str, Employee]


_Unresolved = tuple[bytes, PastTouch]


async def take_touch_rows(taking: Taking, rows: Rows) -> None:
    """Take the rows of a touches file; what is not in it stays, whatever its mode."""
    known = _Known(await products_by_code(taking.session), await employees(taking.session))
    seen: set[str] = set()
    batch: list[_Unresolved] = []
    for row in rows:
        try:
            batch.append(_read(taking, row[0], taking.cells(row), known, seen))
        except RowRefused as refused:
            taking.refuse(row[0], refused)
        if len(batch) == _BATCH:
            await _take_batch(taking, batch)
            batch = []
    await _take_batch(taking, batch)


def _read(taking: Taking, number: int, cells: Cells, known: _Known, seen: set[str]) -> _Unresolved:
    reference = cells.required_number("reference")
    if reference in seen:
        raise RowRefused(RowCode.DUPLICATE_IN_FILE, "reference")
    seen.add(reference)
    record = record_ref(taking.keys, taking.line, cells.required_number("record_id"))
    at = cells.instant("occurred_at")
    if clock.business_day(at) > taking.business_date:
        raise RowRefused(RowCode.DATE_OUT_OF_RANGE, "occurred_at")
    product_code, employee = cells.code("product_code"), _employee(cells, known)
    if product_code is not None and product_code not in known.products:
        raise RowRefused(RowCode.PRODUCT_UNKNOWN, "product_code")
    touch = PastTouch(
        row=number,
        customer_id=_NOT_YET,
        reference=f"{taking.line}:{reference}",
        kind=cells.required_known("touch", TouchKind),
        channel=cells.required_known("by", TouchChannel),
        direction=cells.known("direction", Direction) or Direction.OUT,
        purpose=cells.required_known("purpose", TouchPurpose),
        result=cells.required_known("result", TouchResult),
        at=at,
        minutes=_minutes(cells),
        product_code=product_code,
        staff_id=None if employee is None else employee.staff_id,
        manager_id=None if employee is None else employee.manager_id,
    )
    return record, touch


def _minutes(cells: Cells) -> int:
    text = cells.number_text("minutes")
    if text is None:
        return 0
    if not (text.isascii() and text.isdigit()) or len(text) > len(str(_MOST_MINUTES)) or int(text) > _MOST_MINUTES:
        raise RowRefused(RowCode.NUMBER_INVALID, "minutes")
    return int(text)


def _employee(cells: Cells, known: _Known) -> Employee | None:
    no = cells.code("staff_no")
    if no is not None and no not in known.staff:
        raise RowRefused(RowCode.VALUE_UNKNOWN, "staff_no")
    return None if no is None else known.staff[no]


async def _take_batch(taking: Taking, batch: Sequence[_Unresolved]) -> None:
    owners = await customers_of_refs(taking.session, list({record for record, _ in batch}))
    joined = await survivors(taking.session, set(owners.values()))
    accepted = []
    for record, touch in batch:
        if record not in owners:
            taking.refuse(touch.row, RowRefused(RowCode.RECORD_UNKNOWN, "record_id"))
        else:
            owner = owners[record]
            accepted.append(replace(touch, customer_id=owner, named_by=record if owner in joined else None))
    if not accepted:
        return
    new, conflicts = await take_touches(taking.session, accepted)
    taking.rows_changed += new
    for number in conflicts:
        taking.refuse(number, RowRefused(RowCode.REFERENCE_CONFLICT, "reference"))
