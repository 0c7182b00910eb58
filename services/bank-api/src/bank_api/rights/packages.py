"""Packages on the bank port: of m rights a tier chooses n for each period."""

from typing import Annotated

from fastapi import Query
from starlette.responses import Response

from bank_api.approvals.schemas import SubmittedOut
from guibin.core.errors import NotFound, PreconditionRequired, VersionConflict
from guibin.core.ids import PackageId
from guibin.rights import service
from guibin.rights.models import PackageState
from guibin.rights.package_errors import PackageInvalid, PackageNotDraft, PackageOpen
from guibin.rights.repository import packages
from guibin.security.actors import Domain, Verb
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

from .package_schemas import PackageContentIn, PackageIn, PackageOut

router = PortRouter(prefix="/v1", tags=["packages"])

READ = staff(Verb.READ, Domain.RIGHTS)
OPERATE = staff(Verb.SUBMIT, Domain.RIGHTS)


@router.get("/packages", operation_id="listPackages")
@declare(caller=READ, rate=RateClass.READ, data=DataClass.C1)
async def list_packages(
    call: StaffCall,
    page: Annotated[PageRequest, page_query()],
    state: Annotated[PackageState | None, Query(description="Only those in this state")] = None,
) -> Page[PackageOut]:
    """List the versions of all packages, the newest first."""
    rows = await packages.list_packages(call.session, state=state, limit=page.fetch, before=page.after_moment)
    return page.answer(rows, position=lambda row: (row.created_at, row.id), shape=PackageOut.of)


@router.post("/packages", status_code=201, operation_id="createPackage")
@declare(
    caller=OPERATE,
    idempotency=Idempotency.OPTIONAL,
    rate=RateClass.WRITE,
    data=DataClass.C1,
    refusals=(PackageOpen, PackageInvalid),
)
async def create_package(
    call: StaffCall, body: Annotated[PackageIn, json_body(PackageIn)], response: Response
) -> PackageOut:
    """Draft a package, or the next version of one. Nobody can choose from it before another person has approved it.

    `package_invalid` names its fault: `tier_unknown`, `right_unknown`, `right_not_published` (when it is submitted) or
    `too_few_rights` (a tier would choose more rights than there are).
    """
    package = await service.create_package(call.session, actor=call.actor, code=body.code, content=body.content())
    set_etag(response, package.revision)
    return PackageOut.of(package)


@router.get("/packages/{package_id}", operation_id="getPackage")
@declare(caller=READ, rate=RateClass.READ, data=DataClass.C1, refusals=(NotFound,))
async def get_package(call: StaffCall, package_id: PackageId, response: Response) -> PackageOut:
    """Show one version; its revision is the ETag."""
    package = await packages.get_package(call.session, package_id)
    set_etag(response, package.revision)
    return PackageOut.of(package)


@router.put("/packages/{package_id}", operation_id="editPackage")
@declare(
    caller=OPERATE,
    rate=RateClass.WRITE,
    data=DataClass.C1,
    refusals=(NotFound, PreconditionRequired, VersionConflict, PackageNotDraft, PackageInvalid),
)
async def edit_package(
    call: StaffCall,
    package_id: PackageId,
    body: Annotated[PackageContentIn, json_body(PackageContentIn)],
    response: Response,
) -> PackageOut:
    """Replace the terms of a draft that was read with the ETag sent as If-Match."""
    package = await packages.lock_package(call.session, package_id)
    call.require_if_match(package.revision)
    edited = await service.edit_package(call.session, package, actor=call.actor, content=body.content())
    set_etag(response, edited.revision)
    return PackageOut.of(edited)


@router.post("/packages/{package_id}/submit", status_code=202, operation_id="submitPackage")
@declare(
    caller=OPERATE,
    idempotency=Idempotency.OPTIONAL,
    rate=RateClass.WRITE,
    data=DataClass.C1,
    refusals=(NotFound, PackageNotDraft, PackageInvalid),
)
async def submit_package(call: StaffCall, package_id: PackageId) -> SubmittedOut:
    """Ask another person to publish a draft: the first version from the running period on, a later one from the next.

    What customers have chosen stays good until its period is over.
    """
    package = await packages.lock_package(call.session, package_id)
    return SubmittedOut.of(await service.submit_package(call.session, package, actor=call.actor))
