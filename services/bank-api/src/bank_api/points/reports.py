"""The books of points on the bank port: liability, roll-forward, forecast, accounting files, reconciliations.

They are figures of the whole bank, for those who keep or watch the books; no customer is named but by a fault's row.
"""

from datetime import date
from typing import Annotated, Any

from fastapi import Path, Query
from starlette.responses import Response

from bank_api.approvals.schemas import SubmittedOut
from guibin.core import clock
from guibin.core.errors import PreconditionRequired, ValidationFailed, VersionConflict
from guibin.points import report_repository, repository, service
from guibin.points.errors import DayNotClosed
from guibin.points.report_rules import GroupBy, Period
from guibin.security.actors import Domain, Verb
from guibin.web import (
    DataClass,
    Day,
    Page,
    PageRequest,
    PortRouter,
    RateClass,
    StaffCall,
    check_range,
    declare,
    json_body,
    page_query,
    set_etag,
    staff,
)
from guibin.web.formats import CSV, Wanted

from .report_schemas import (
    AccountCodesIn,
    AccountCodesOut,
    AccountingOut,
    ForecastOut,
    LiabilityOut,
    ReconciliationOut,
    ReconciliationRunOut,
    RollForwardOut,
)

router = PortRouter(prefix="/v1/points", tags=["points reports"])

READ = staff(Verb.READ, Domain.ACCOUNTING)
FILE: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "As JSON, or as CSV (UTF-8 with BOM) for who accepts `text/csv`",
        "content": {CSV: {}},
    }
}


@router.get("/liability", operation_id="getPointsLiability")
@declare(caller=READ, rate=RateClass.READ, data=DataClass.C1)
async def get_liability(
    call: StaffCall,
    as_of: Annotated[Day | None, Query(description="The end of this day; today, so far, without it")] = None,
    group_by: Annotated[GroupBy, Query(description="Within each wallet; ages are whole months")] = GroupBy.WALLET,
) -> LiabilityOut:
    """Show the points that are outstanding and their cost at issue: the sum of all lots as a day left them."""
    day = as_of or clock.today()
    if day > clock.today():
        raise ValidationFailed.of(["query", "as_of"], "date_range", "不能晚于今天", "must not lie ahead")
    return LiabilityOut.of(day, group_by, await service.liability(call.session, day=day, group_by=group_by))


@router.get("/roll-forward", operation_id="getPointsRollForward")
@declare(caller=READ, rate=RateClass.READ, data=DataClass.C1)
async def get_roll_forward(
    call: StaffCall,
    start: Annotated[Day | None, Query(alias="from", description="First day; without it that of the month")] = None,
    end: Annotated[Day | None, Query(alias="to", description="Last day; today without it")] = None,
    by: Annotated[Period, Query(description="Length of a line")] = Period.DAY,
) -> RollForwardOut:
    """Show for each wallet and period: opening + issued - used - expired - reversed + transferred = closing.

    In points, pending ones included, and at their cost at issue. The closing is the liability of that day.
    """
    last = end or clock.today()
    first = start or last.replace(day=1)
    check_range(first, last)
    if last > clock.today():
        raise ValidationFailed.of(["query", "to"], "date_range", "不能晚于今天", "must not lie ahead")
    found = await service.rolled_forward(call.session, first=first, last=last, period=by)
    return RollForwardOut.of(first, last, by, found)


@router.get("/forecast", operation_id="getPointsForecast")
@declare(caller=READ, rate=RateClass.READ, data=DataClass.C1)
async def get_forecast(call: StaffCall) -> ForecastOut:
    """Show what ends in which month as things stand, and how much of it will probably never be used.

    Expected breakage = what is due x expired / (used + expired) over the closed lots of the wallet, rounded down; null
    without closed lots.
    """
    return ForecastOut.of(clock.today(), await service.forecast(call.session))


@router.get("/accounting/{day}", operation_id="getPointsAccountingFile", response_model=AccountingOut, responses=FILE)
@declare(caller=READ, rate=RateClass.READ, data=DataClass.C1, refusals=(DayNotClosed,), formats=(CSV,))
async def get_accounting_file(
    call: StaffCall, day: Annotated[Day, Path(examples=["2026-11-25"])], wanted: Wanted
) -> AccountingOut | Response:
    """Fetch the accounting file of a closed day: what moved by wallet, funding line and branch, with account codes.

    The same bytes each time: the night that closed the day wrote its rows. Its control totals are the ledger's own.
    """
    file = AccountingOut.of(await service.accounting_file(call.session, day=day))
    if wanted == CSV:
        name = f'attachment; filename="points-{day}.csv"'
        return Response(file.csv(), media_type=CSV, headers={"Content-Disposition": name})
    return file


@router.get("/account-codes", operation_id="getPointsAccountCodes")
@declare(caller=READ, rate=RateClass.READ, data=DataClass.C1)
async def get_account_codes(call: StaffCall, response: Response) -> AccountCodesOut:
    """Show where each movement of each wallet is booked; the revision is the ETag, 0 before anybody has said."""
    revision, codes = await service.account_codes(call.session)
    set_etag(response, revision)
    return AccountCodesOut.of(revision, codes)


@router.put("/account-codes", status_code=202, operation_id="replacePointsAccountCodes")
@declare(
    caller=staff(Verb.WRITE, Domain.ACCOUNTING),
    rate=RateClass.WRITE,
    data=DataClass.C1,
    refusals=(PreconditionRequired, VersionConflict),
)
async def replace_account_codes(
    call: StaffCall, body: Annotated[AccountCodesIn, json_body(AccountCodesIn)]
) -> SubmittedOut:
    """Submit all account codes anew; another person agrees, on top of the revision that was read.

    Days that are closed keep the codes that they were closed with.
    """
    known = {wallet.code for wallet in await repository.list_wallets(call.session)}
    codes = body.read(known)
    before, _ = await service.account_codes(call.session)
    call.require_if_match(before)
    return SubmittedOut.of(
        await service.submit_account_codes(call.session, actor=call.actor, revision=before, codes=codes)
    )


@router.get("/reconciliation", operation_id="listPointsReconciliations")
@declare(caller=READ, rate=RateClass.READ, data=DataClass.C1)
async def list_reconciliations(
    call: StaffCall, page: Annotated[PageRequest, page_query()]
) -> Page[ReconciliationRunOut]:
    """List what the nightly reconciliations found, newest day first; of each day the latest attempt."""
    before = None if page.after_seq is None else date.fromordinal(page.after_seq)
    rows = await report_repository.list_reconciliations(call.session, limit=page.fetch, before=before)
    return page.answer(rows, position=lambda row: row.day.toordinal(), shape=ReconciliationRunOut.model_validate)


@router.get("/reconciliation/{day}", operation_id="getPointsReconciliation")
@declare(caller=READ, rate=RateClass.READ, data=DataClass.C2)
async def get_reconciliation(call: StaffCall, day: Annotated[Day, Path(examples=["2026-11-25"])]) -> ReconciliationOut:
    """Show the latest reconciliation of a day: entries against accounts, lots, redemptions and events; every fault."""
    return ReconciliationOut.of(await service.reconciliation(call.session, day=day))
