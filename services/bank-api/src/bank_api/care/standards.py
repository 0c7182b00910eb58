"""Service standards on the bank port: what each tier is promised, and how much of it was kept."""

from datetime import timedelta
from typing import Annotated

from fastapi import Path
from starlette.responses import Response

from bank_api.approvals.schemas import SubmittedOut
from guibin.care.standards import repository, service
from guibin.care.standards.errors import StandardInvalid, StandardNotDraft
from guibin.care.standards.service import STANDARDS
from guibin.core import clock
from guibin.core.errors import PreconditionRequired, VersionConflict
from guibin.core.ids import StandardId
from guibin.security.actors import Domain, Verb
from guibin.suppliers.settlements.rules import month_after
from guibin.web import (
    DataClass,
    Idempotency,
    Page,
    PageRequest,
    PortRouter,
    RateClass,
    StaffCall,
    declare,
    json_body,
    page_query,
    set_etag,
    staff,
)
from guibin.web.months import Month, first_of

from .standard_schemas import ServiceStandardIn, ServiceStandardOut, StandardsKeptOut, StandardSubmissionIn

router = PortRouter(prefix="/v1", tags=["care"])

READ = staff(Verb.READ, Domain.TIERS)
DEFINE = staff(Verb.SUBMIT, Domain.TIERS)


@router.get("/service-standards", operation_id="listServiceStandards")
@declare(caller=READ, rate=RateClass.READ, data=DataClass.C1)
async def list_standards(call: StaffCall, page: Annotated[PageRequest, page_query()]) -> Page[ServiceStandardOut]:
    """List all versions, newest first. Of those published, the last one whose first day has come is in force."""
    rows = await STANDARDS.page(call.session, limit=page.fetch, before=page.after_moment)
    return page.answer(rows, position=lambda row: (row.created_at, row.id), shape=ServiceStandardOut.of)


@router.post("/service-standards", status_code=201, operation_id="createServiceStandard")
@declare(
    caller=DEFINE,
    idempotency=Idempotency.OPTIONAL,
    rate=RateClass.WRITE,
    data=DataClass.C1,
    refusals=(StandardInvalid,),
)
async def create_standard(
    call: StaffCall, body: Annotated[ServiceStandardIn, json_body(ServiceStandardIn)], response: Response
) -> ServiceStandardOut:
    """Draft what each tier is promised; nobody is promised anything before another person has agreed."""
    standard = await service.create_standard(call.session, actor=call.actor, name=body.name, sheets=body.wanted())
    set_etag(response, standard.revision)
    return ServiceStandardOut.of(standard)


@router.get("/service-standards/{standard_id}", operation_id="getServiceStandard")
@declare(caller=READ, rate=RateClass.READ, data=DataClass.C1)
async def get_standard(call: StaffCall, standard_id: StandardId, response: Response) -> ServiceStandardOut:
    """Show one version; its revision is the ETag."""
    standard = await STANDARDS.get(call.session, standard_id)
    set_etag(response, standard.revision)
    return ServiceStandardOut.of(standard)


@router.put("/service-standards/{standard_id}", operation_id="editServiceStandard")
@declare(
    caller=DEFINE,
    rate=RateClass.WRITE,
    data=DataClass.C1,
    refusals=(PreconditionRequired, VersionConflict, StandardNotDraft, StandardInvalid),
)
async def edit_standard(
    call: StaffCall,
    standard_id: StandardId,
    body: Annotated[ServiceStandardIn, json_body(ServiceStandardIn)],
    response: Response,
) -> ServiceStandardOut:
    """Replace the content of a draft that was read with the ETag sent as If-Match."""
    standard = await STANDARDS.lock(call.session, standard_id)
    call.require_if_match(standard.revision)
    edited = await service.edit_standard(call.session, standard, actor=call.actor, name=body.name, sheets=body.wanted())
    set_etag(response, edited.revision)
    return ServiceStandardOut.of(edited)


@router.post("/service-standards/{standard_id}/submit", status_code=202, operation_id="submitServiceStandard")
@declare(
    caller=DEFINE,
    idempotency=Idempotency.OPTIONAL,
    rate=RateClass.WRITE,
    data=DataClass.C1,
    refusals=(StandardNotDraft,),
)
async def submit_standard(
    call: StaffCall, standard_id: StandardId, body: Annotated[StandardSubmissionIn, json_body(StandardSubmissionIn)]
) -> SubmittedOut:
    """Ask another person to publish a draft; customers read it on its first day."""
    standard = await STANDARDS.lock(call.session, standard_id)
    approval = await service.submit_standard(
        call.session, standard, actor=call.actor, effective_from=body.effective_from
    )
    return SubmittedOut.of(approval)


@router.get("/reports/service-standard/{month}", operation_id="getServiceStandardKept")
@declare(caller=READ, rate=RateClass.READ, data=DataClass.C1)
async def get_kept(
    call: StaffCall, month: Annotated[Month, Path(description="YYYY-MM", examples=["2026-10"])]
) -> StandardsKeptOut:
    """Count the promises to my customers that fell due in a month, and those kept, by tier, branch and manager.

    What is not due yet counts only once it is kept; planned contacts that were skipped are not kept.
    """
    first = first_of(month)
    last = month_after(first) - timedelta(days=1)
    standard = await repository.standard_on(call.session, last)
    rows = []
    if standard is not None:
        rows = await repository.kept_between(
            call.session, call.scope, service.sheets_of(standard), first=first, last=last, today=clock.today()
        )
    return StandardsKeptOut.of(month, standard, rows)
