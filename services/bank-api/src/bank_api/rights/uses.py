"""The use of codes at the point of service, and the records of uses."""

from typing import Annotated

from fastapi import Query

from guibin.approvals.errors import StateConflict
from guibin.core.errors import NotFound, Refusal
from guibin.core.ids import RightId, SupplierId
from guibin.core.text import OneLine
from guibin.rights import service
from guibin.rights.errors import (
    AlreadyUsed,
    CodeMistyped,
    CodeNotValid,
    NoValueVoucher,
    QrInvalid,
    ReferenceReused,
    ValueExhausted,
)
from guibin.rights.repository import uses
from guibin.rights.repository.uses import UseFilter
from guibin.security.actors import Domain, Verb
from guibin.suppliers.repository import suppliers
from guibin.suppliers.service import terminals
from guibin.web import (
    AnyCall,
    BodyLimit,
    DataClass,
    Day,
    Idempotency,
    Page,
    PageRequest,
    PortRouter,
    RateClass,
    StaffCall,
    anyone_of,
    check_range,
    declare,
    json_body,
    page_query,
    staff,
)
from guibin.web import service as service_client

from .schemas import VoucherUseIn, VoucherUseOut
from .use_schemas import UseResultOut, UseResultsOut, UseRowOut, VoucherUsesIn

router = PortRouter(prefix="/v1/voucher-uses", tags=["rights"])

Place = Annotated[str, OneLine(80)]

USE_REFUSALS = (
    *(CodeNotValid, CodeMistyped, AlreadyUsed, QrInvalid, StateConflict),
    *(ValueExhausted, NoValueVoucher, ReferenceReused),
)

SERVE = anyone_of(staff(Verb.WRITE, Domain.RIGHTS), service_client("voucher:use"))


@router.get("", operation_id="listVoucherUses")
@declare(caller=staff(Verb.READ, Domain.RIGHTS), rate=RateClass.READ, data=DataClass.C2, refusals=(NotFound,))
async def list_uses(
    call: StaffCall,
    page: Annotated[PageRequest, page_query()],
    right_id: Annotated[RightId | None, Query(description="Only of this right")] = None,
    supplier_id: Annotated[
        SupplierId | None, Query(description="Only of the rights that this supplier delivers now")
    ] = None,
    place: Annotated[Place | None, Query(description="Only at this place, as it was told")] = None,
    first_day: Annotated[Day | None, Query(alias="from", description="Only from this day on")] = None,
    last_day: Annotated[Day | None, Query(alias="to", description="Only up to this day")] = None,
) -> Page[UseRowOut]:
    """List the uses of codes of the customers in my scope, last told first; days are those of the use itself."""
    check_range(first_day, last_day)
    rights = None
    if supplier_id is not None:
        await suppliers.get_supplier(call.session, supplier_id)
        rows = await suppliers.list_rights_of(call.session, supplier_id=supplier_id)
        rights = frozenset(row.right_id for row in rows)
    found = await uses.list_uses(
        call.session,
        call.scope,
        wanted=UseFilter(right_id, rights, place, first_day, last_day),
        before=page.after_moment,
        limit=page.fetch,
    )
    return page.answer(
        found, position=lambda row: (row[0].recorded_at, row[0].id), shape=lambda row: UseRowOut.of(*row)
    )


@router.post("", operation_id="useVoucher")
@declare(
    caller=SERVE,
    idempotency=Idempotency.REQUIRED,
    rate=RateClass.VOUCHER_CODE,
    data=DataClass.C2,
    refusals=USE_REFUSALS,
)
async def use_voucher(call: AnyCall, body: Annotated[VoucherUseIn, json_body(VoucherUseIn)]) -> VoucherUseOut:
    """Use a code at the point of service, written in whatever way or scanned.

    A code is used once; one with a value also in parts, until nothing is left of it. Every use is a record.
    A supplier's terminal uses codes of its own supplier's rights alone: any other code answers like an unknown one.
    """
    only = await terminals.rights_of_user(call.session, call.actor)
    use = await service.use_code(call.session, actor=call.actor, keys=call.keys, request=body.request(), only=only)
    return VoucherUseOut.of(use, call.language)


@router.post("/batch", operation_id="useVouchers")
@declare(
    caller=SERVE,
    idempotency=Idempotency.REQUIRED,
    rate=RateClass.VOUCHER_CODE,
    data=DataClass.C2,
    body_limit=BodyLimit.BATCH,
)
async def use_vouchers(call: AnyCall, body: Annotated[VoucherUsesIn, json_body(VoucherUsesIn)]) -> UseResultsOut:
    """Use the codes that a terminal took while it was offline: a result for each line, each line safe to send again.

    Of two terminals that took one code, whoever was told first stands, and the other hears who that was. After five
    wrong codes the rest of the batch is not looked at.
    """
    only = await terminals.rights_of_user(call.session, call.actor)
    results = await service.use_batch(
        call.session, actor=call.actor, keys=call.keys, requests=[one.request() for one in body.uses], only=only
    )
    wrong = sum(isinstance(one, Refusal) and one.answers_a_guess for one in results)
    call.count_wrong_guesses(RateClass.VOUCHER_CODE, wrong)
    return UseResultsOut(results=[UseResultOut.of(index, one, call.language) for index, one in enumerate(results)])
