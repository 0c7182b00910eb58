"""Contract prices of suppliers, and the months that are settled with them."""

from datetime import date
from typing import Annotated, Any

from fastapi import Path, Query
from starlette.responses import Response

from bank_api.approvals.schemas import SubmittedOut
from guibin.core import clock
from guibin.core.errors import NotFound, ReasonRequired, VersionConflict
from guibin.core.ids import SupplierId
from guibin.core.workbook import WorkbookTooLarge, WorkbookUnreadable
from guibin.security.actors import Domain, Verb
from guibin.suppliers.repository.service_level import service_by_month
from guibin.suppliers.repository.suppliers import get_supplier
from guibin.suppliers.settlements import errors, repository, service
from guibin.suppliers.settlements.models import Settlement
from guibin.suppliers.settlements.rules import DisputeState, Finding, month_after
from guibin.web import (
    BodyLimit,
    DataClass,
    Idempotency,
    Page,
    PageRequest,
    PortRouter,
    RateClass,
    StaffCall,
    Upload,
    anyone_of,
    declare,
    json_body,
    page_query,
    set_etag,
    staff,
    upload_body,
)
from guibin.web.formats import CSV, Wanted
from guibin.web.months import Month, first_of

from .settlement_schemas import (
    ContractPriceIn,
    ContractPriceOut,
    ContractPricesOut,
    DisputeDecisionIn,
    PrepaymentEntryOut,
    PrepaymentIn,
    PrepaymentsOut,
    SettlementDetailOut,
    SettlementDifferenceOut,
    SettlementIn,
    SettlementInvoiceIn,
    SettlementLineOut,
    SettlementOut,
    SettlementSubmissionIn,
    lines_csv,
)

router = PortRouter(prefix="/v1/suppliers/{supplier_id}", tags=["suppliers"])

OPERATE = staff(Verb.SUBMIT, Domain.RIGHTS)
BOOK = staff(Verb.WRITE, Domain.ACCOUNTING)
READ = anyone_of(OPERATE, staff(Verb.APPROVE, Domain.RIGHTS), staff(Verb.READ, Domain.ACCOUNTING))
MOST_ENTRIES = 100
InMonth = Annotated[Month, Path(description="YYYY-MM", examples=["2026-10"])]
FILE: dict[int | str, dict[str, Any]] = {
    200: {"description": "As JSON, or all of it as CSV for who accepts `text/csv`", "content": {CSV: {}}}
}


@router.get("/prices", operation_id="listSupplierPrices")
@declare(caller=READ, rate=RateClass.READ, data=DataClass.C1)
async def list_prices(call: StaffCall, supplier_id: SupplierId) -> ContractPricesOut:
    """List what a supplier is paid for a unit of each right, by right and day."""
    await get_supplier(call.session, supplier_id)
    rows = await repository.list_prices(call.session, supplier_id=supplier_id)
    return ContractPricesOut(items=[ContractPriceOut.of(row) for row in rows])


@router.post("/prices", status_code=202, operation_id="submitSupplierPrice")
@declare(
    caller=OPERATE,
    idempotency=Idempotency.OPTIONAL,
    rate=RateClass.WRITE,
    data=DataClass.C1,
    refusals=(NotFound, errors.PriceOverlaps, errors.PriceLeavesGap, errors.PriceSettled),
)
async def submit_price(
    call: StaffCall, supplier_id: SupplierId, body: Annotated[ContractPriceIn, json_body(ContractPriceIn)]
) -> SubmittedOut:
    """Submit a contract price; another person approves it.

    Prices of a right follow each other day by day: an open one ends where the new one begins, gaps and overlaps are
    refused, and so is a first day in a month that is settled.
    """
    return SubmittedOut.of(await service.submit_price(call.session, actor=call.actor, new=body.new(supplier_id)))


@router.get("/settlements", operation_id="listSettlements")
@declare(caller=READ, rate=RateClass.READ, data=DataClass.C1)
async def list_settlements(
    call: StaffCall, supplier_id: SupplierId, page: Annotated[PageRequest, page_query()]
) -> Page[SettlementOut]:
    """List the months of a supplier that have a statement, newest first."""
    await get_supplier(call.session, supplier_id)
    before = None if page.after_seq is None else date.fromordinal(page.after_seq)
    rows = await repository.list_settlements(call.session, supplier_id=supplier_id, before=before, limit=page.fetch)
    return page.answer(rows, position=lambda row: row.month.toordinal(), shape=SettlementOut.of)


@router.post("/settlements/{month}", status_code=201, operation_id="buildSettlement")
@declare(
    caller=OPERATE,
    idempotency=Idempotency.OPTIONAL,
    rate=RateClass.WRITE,
    data=DataClass.C1,
    refusals=(
        NotFound,
        errors.MonthNotOver,
        errors.EarlierMonthOpen,
        errors.LaterMonthSettled,
        errors.SettlementFrozen,
        errors.ContractPriceMissing,
        VersionConflict,
    ),
)
async def build_settlement(
    call: StaffCall,
    supplier_id: SupplierId,
    month: InMonth,
    body: Annotated[SettlementIn, json_body(SettlementIn)],
    response: Response,
) -> SettlementDetailOut:
    """Build our statement of a month that is over, or build a draft anew.

    A line for each redemption (basis `issued`) or use (basis `used`) at the contract price of its day, without what was
    cancelled or refunded. What was given back after its month was confirmed comes as a correction at the old price.
    """
    built = await service.build_settlement(
        call.session,
        actor=call.actor,
        supplier_id=supplier_id,
        month=first_of(month),
        unused_returned=body.unused_returned,
    )
    return await _detail(call, built, response)


@router.get("/settlements/{month}", operation_id="getSettlement")
@declare(caller=READ, rate=RateClass.READ, data=DataClass.C1)
async def get_settlement(
    call: StaffCall, supplier_id: SupplierId, month: InMonth, response: Response
) -> SettlementDetailOut:
    """Show a month with a supplier: amounts, tax by rate, differences by kind; its revision is the ETag."""
    return await _detail(call, await _settlement(call, supplier_id, month), response)


@router.get(
    "/settlements/{month}/lines",
    operation_id="listSettlementLines",
    response_model=Page[SettlementLineOut],
    responses=FILE,
)
@declare(caller=READ, rate=RateClass.READ, data=DataClass.C1, formats=(CSV,))
async def list_lines(
    call: StaffCall,
    supplier_id: SupplierId,
    month: InMonth,
    page: Annotated[PageRequest, page_query()],
    wanted: Wanted,
) -> Page[SettlementLineOut] | Response:
    """List the lines of our statement, each with what the supplier's says; as CSV it is the file for the supplier."""
    found = await _settlement(call, supplier_id, month)
    if wanted == CSV:
        content = lines_csv(await repository.list_lines(call.session, found))
        name = f'attachment; filename="settlement-{month}.csv"'
        return Response(content, media_type=CSV, headers={"Content-Disposition": name})
    rows = await repository.list_lines(call.session, found, after=page.after_seq, limit=page.fetch)
    compared = found.statement_no > 0
    return page.answer(
        rows, position=lambda row: row[0].number, shape=lambda row: SettlementLineOut.of(row, compared=compared)
    )


@router.post("/settlements/{month}/statements", status_code=201, operation_id="takeSupplierStatement")
@declare(
    caller=OPERATE,
    idempotency=Idempotency.OPTIONAL,
    rate=RateClass.UPLOAD,
    data=DataClass.C1,
    body_limit=BodyLimit.UPLOAD,
    refusals=(
        NotFound,
        errors.SettlementFrozen,
        errors.StatementUnreadable,
        errors.StatementColumns,
        errors.StatementTooLong,
        WorkbookUnreadable,
        WorkbookTooLarge,
        VersionConflict,
    ),
)
async def take_statement(
    call: StaffCall,
    supplier_id: SupplierId,
    month: InMonth,
    upload: Annotated[Upload, upload_body()],
    response: Response,
) -> SettlementDetailOut:
    """Lay the supplier's statement beside ours, line by line. CSV (UTF-8 or GB18030) or XLSX, at most 200,000 lines.

    Columns: `reference` (the redemption), `right` (our code or the supplier's), `quantity`, `price` of a unit with
    tax. Lines are equal, or differ: only ours, only theirs, price, quantity, both, doubled, unreadable. Another file
    takes its place, with all decisions open; the same file again changes nothing.
    """
    found = await _settlement(call, supplier_id, month)
    taken = await service.take_statement(
        call.session, actor=call.actor, settlement=found, file=upload.file, sha256=upload.sha256
    )
    return await _detail(call, taken, response)


@router.get("/settlements/{month}/differences", operation_id="listSettlementDifferences")
@declare(caller=READ, rate=RateClass.READ, data=DataClass.C1)
async def list_differences(
    call: StaffCall,
    supplier_id: SupplierId,
    month: InMonth,
    page: Annotated[PageRequest, page_query()],
    finding: Annotated[Finding | None, Query(description="Only of this kind")] = None,
    state: Annotated[DisputeState | None, Query(description="Only those in this state")] = None,
) -> Page[SettlementDifferenceOut]:
    """List where the two statements differ, and whose figures count."""
    found = await _settlement(call, supplier_id, month)
    rows = await repository.list_differences(
        call.session, found, finding=finding, state=state, after=page.after_seq, limit=page.fetch
    )
    return page.answer(rows, position=lambda row: row[0].number, shape=SettlementDifferenceOut.of)


@router.post("/settlements/{month}/differences", operation_id="decideSettlementDifferences")
@declare(
    caller=OPERATE,
    idempotency=Idempotency.OPTIONAL,
    rate=RateClass.WRITE,
    data=DataClass.C1,
    refusals=(NotFound, errors.SettlementFrozen, errors.NothingToTake, ReasonRequired, VersionConflict),
)
async def decide_differences(
    call: StaffCall,
    supplier_id: SupplierId,
    month: InMonth,
    body: Annotated[DisputeDecisionIn, json_body(DisputeDecisionIn)],
    response: Response,
) -> SettlementDetailOut:
    """Say whose figures count for some differences, and why; `open` takes a decision back. Counts once confirmed."""
    found = await _settlement(call, supplier_id, month)
    await service.decide_differences(
        call.session,
        actor=call.actor,
        settlement=found,
        numbers=body.differences,
        state=body.state,
        words=body.words,
    )
    return await _detail(call, await _settlement(call, supplier_id, month), response)


@router.post("/settlements/{month}/submit", status_code=202, operation_id="submitSettlement")
@declare(
    caller=OPERATE,
    idempotency=Idempotency.OPTIONAL,
    rate=RateClass.WRITE,
    data=DataClass.C1,
    refusals=(
        NotFound,
        errors.SettlementFrozen,
        errors.StatementMissing,
        errors.DifferencesOpen,
        VersionConflict,
    ),
)
async def submit_settlement(
    call: StaffCall,
    supplier_id: SupplierId,
    month: InMonth,
    body: Annotated[SettlementSubmissionIn, json_body(SettlementSubmissionIn)],
) -> SubmittedOut:
    """Submit a statement on which the supplier has agreed; another person's approval freezes it.

    Then the disputes that went the supplier's way come into it as lines, and the prepayment pays what it can.
    """
    approval = await service.submit_settlement(
        call.session,
        actor=call.actor,
        settlement=await _settlement(call, supplier_id, month),
        supplier_reference=body.supplier_reference,
        supplier_agreed_on=body.supplier_agreed_on,
    )
    return SubmittedOut.of(approval)


@router.post("/settlements/{month}/invoice", status_code=201, operation_id="noteSettlementInvoice")
@declare(
    caller=BOOK,
    idempotency=Idempotency.OPTIONAL,
    rate=RateClass.WRITE,
    data=DataClass.C1,
    refusals=(
        NotFound,
        errors.NotConfirmed,
        errors.InvoiceDiffers,
        errors.InvoiceTaken,
        VersionConflict,
    ),
)
async def note_invoice(
    call: StaffCall,
    supplier_id: SupplierId,
    month: InMonth,
    body: Annotated[SettlementInvoiceIn, json_body(SettlementInvoiceIn)],
    response: Response,
) -> SettlementDetailOut:
    """Note the invoice of a confirmed statement: exactly its amount and its tax, a number once per supplier."""
    noted = await service.note_invoice(
        call.session,
        actor=call.actor,
        settlement=await _settlement(call, supplier_id, month),
        number=body.number,
        day=body.day,
        gross_fen=body.gross,
        tax_fen=body.tax,
    )
    return await _detail(call, noted, response)


@router.get("/prepayments", operation_id="listSupplierPrepayments")
@declare(caller=READ, rate=RateClass.READ, data=DataClass.C1)
async def list_prepayments(call: StaffCall, supplier_id: SupplierId) -> PrepaymentsOut:
    """Show what is left of a supplier's prepayments, and the latest 100 movements."""
    await get_supplier(call.session, supplier_id)
    return await _prepayments(call, supplier_id)


@router.post("/prepayments", status_code=201, operation_id="noteSupplierPrepayment")
@declare(
    caller=BOOK,
    idempotency=Idempotency.REQUIRED,
    rate=RateClass.WRITE,
    data=DataClass.C1,
    refusals=(NotFound, errors.PrepaymentTaken),
)
async def note_prepayment(
    call: StaffCall, supplier_id: SupplierId, body: Annotated[PrepaymentIn, json_body(PrepaymentIn)]
) -> PrepaymentsOut:
    """Note a payment in advance; settlements of a supplier that is paid in advance draw it down when confirmed."""
    await service.note_prepayment(
        call.session, actor=call.actor, supplier_id=supplier_id, reference=body.reference, amount_fen=body.amount
    )
    return await _prepayments(call, supplier_id)


async def _prepayments(call: StaffCall, supplier_id: SupplierId) -> PrepaymentsOut:
    entries = await repository.list_prepayments(call.session, supplier_id=supplier_id, limit=MOST_ENTRIES)
    return PrepaymentsOut(
        balance=await repository.prepaid_balance(call.session, supplier_id=supplier_id),
        items=[PrepaymentEntryOut.of(entry) for entry in entries],
    )


async def _settlement(call: StaffCall, supplier_id: SupplierId, month: Month) -> Settlement:
    return await repository.get_settlement(call.session, supplier_id=supplier_id, month=first_of(month))


async def _detail(call: StaffCall, settlement: Settlement, response: Response) -> SettlementDetailOut:
    set_etag(response, settlement.revision)
    tax = await service.tax_of(call.session, settlement)
    served = await service_by_month(
        call.session,
        supplier_id=settlement.supplier_id,
        first=settlement.month,
        until=month_after(settlement.month),
        now=clock.now(),
    )
    counts = await repository.count_differences(call.session, settlement)
    return SettlementDetailOut.of_all(settlement, tax, counts, served[0] if served else None)
