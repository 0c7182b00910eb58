"""Holdings files: what a line's customers hold."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final
from uuid import UUID

from guibin.customers.names import survivors
from guibin.customers.references import record_ref
from guibin.customers.repository import customers_of_refs
from guibin.feeds.models import FeedMode
from guibin.feeds.rules import Cells, RowCode, RowRefused
from guibin.feeds.taking import Rows, Taking
from guibin.holdings.models import HoldingStatus
from guibin.holdings.references import holding_ref
from guibin.holdings.rows import HoldingRow, last4
from guibin.holdings.service import close_missing_holdings, close_named_holdings, take_holdings
from guibin.products.models import Product, Side
from guibin.products.repository import products_by_code

_BATCH: Final = 5_000
_CURRENCY: Final = "CNY"
_BETWEEN_RECORDS: Final = "|"


@dataclass(frozen=True, slots=True)
class _Unresolved:
    """A row that is right in itself; whether its records are known is asked batch by batch."""

    row: int
    cells: Cells
    holding_id: str
    ref: bytes
    record: bytes
    joint: tuple[bytes, ...]


async def take_holding_rows(taking: Taking, rows: Rows) -> None:
    """Take the rows of a holdings file; a full one closes the holdings that it leaves out."""
    products = await products_by_code(taking.session)
    seen: set[bytes] = set()
    batch, over = list[_Unresolved](), dict[bytes, int]()
    for row in rows:
        try:
            cells = taking.cells(row)
            holding_id, ref = _named(taking, cells, seen)
            if cells.is_deletion:
                over[ref] = row[0]
            else:
                batch.append(_read(taking, row[0], cells, holding_id, ref))
        except RowRefused as refused:
            taking.refuse(row[0], refused)
        if len(batch) == _BATCH:
            await _take_batch(taking, batch, products)
            batch = []
    await _take_batch(taking, batch, products)
    await _close(taking, over)
    if taking.mode is FeedMode.FULL:
        taking.counts["ended"] += await close_missing_holdings(taking.session, taking.facts, seen)


async def _close(taking: Taking, over: Mapping[bytes, int]) -> None:
    """Close the holdings of which rows say that they are over."""
    closed, unknown = await close_named_holdings(taking.session, taking.facts, list(over))
    for ref in unknown:
        taking.refuse(over[ref], RowRefused(RowCode.HOLDING_UNKNOWN, "holding_id"))
    taking.counts["deleted"] += closed
    taking.rows_changed += closed


def _named(taking: Taking, cells: Cells, seen: set[bytes]) -> tuple[str, bytes]:
    holding_id = cells.required_number("holding_id")
    ref = holding_ref(taking.keys, taking.line, holding_id)
    if ref in seen:
        raise RowRefused(RowCode.DUPLICATE_IN_FILE, "holding_id")
    seen.add(ref)
    return holding_id, ref


def _read(taking: Taking, number: int, cells: Cells, holding_id: str, ref: bytes) -> _Unresolved:
    record = record_ref(taking.keys, taking.line, cells.required_number("record_id"))
    joint = (part.strip() for part in (cells.text("joint_record_ids") or "").split(_BETWEEN_RECORDS))
    refs = tuple(record_ref(taking.keys, taking.line, part) for part in joint if part)
    return _Unresolved(number, cells, holding_id, ref, record, refs)


async def _take_batch(taking: Taking, batch: Sequence[_Unresolved], products: Mapping[str, Product]) -> None:
    wanted = {ref for row in batch for ref in (row.record, *row.joint)}
    owners = await customers_of_refs(taking.session, list(wanted))
    joined = await survivors(taking.session, {owners[ref] for row in batch for ref in row.joint if ref in owners})
    accepted: list[HoldingRow] = []
    for row in batch:
        try:
            accepted.append(_resolve(taking, row, owners, joined, products))
        except RowRefused as refused:
            taking.refuse(row.row, refused)
    if accepted:
        taking.rows_changed += await take_holdings(taking.session, taking.facts, accepted, fills=taking.mapping.fills)


def _resolve(
    taking: Taking,
    row: _Unresolved,
    owners: Mapping[bytes, UUID],
    joined: Collection[UUID],
    products: Mapping[str, Product],
) -> HoldingRow:
    cells = row.cells
    if row.record not in owners:
        raise RowRefused(RowCode.RECORD_UNKNOWN, "record_id")
    if any(ref not in owners for ref in row.joint):
        raise RowRefused(RowCode.RECORD_UNKNOWN, "joint_record_ids")
    product, side = _product(taking, cells, products)
    closed_on, status = cells.day("closed_on"), cells.known("status", HoldingStatus)
    if status is None:
        is_over = closed_on is not None and closed_on <= taking.business_date
        status = HoldingStatus.CLOSED if is_over else HoldingStatus.ACTIVE
    rate = cells.rate("rate")
    return HoldingRow(
        ref=row.ref,
        last4=last4(row.holding_id),
        record_ref=row.record,
        customer_id=owners[row.record],
        product_code=product.code,
        side=side,
        status=status,
        opened_on=cells.day("opened_on"),
        closed_on=closed_on or (taking.business_date if status is HoldingStatus.CLOSED else None),
        matures_on=cells.day("matures_on"),
        credit_limit_fen=cells.amount("credit_limit"),
        rate=None if rate is None else Decimal(rate),
        joint={owners[ref]: ref if owners[ref] in joined else None for ref in row.joint},
    )


def _product(taking: Taking, cells: Cells, products: Mapping[str, Product]) -> tuple[Product, Side]:
    product = products.get(cells.required_number("product_code"))
    side = cells.required_known("side", Side)
    if (cells.text("currency") or _CURRENCY) != _CURRENCY:
        raise RowRefused(RowCode.CURRENCY_UNSUPPORTED, "currency")
    if product is None:
        raise RowRefused(RowCode.PRODUCT_UNKNOWN, "product_code")
    if product.line != taking.line:
        raise RowRefused(RowCode.PRODUCT_LINE_MISMATCH, "product_code")
    if product.side != side:
        raise RowRefused(RowCode.SIDE_MISMATCH, "side")
    return product, side
