"""Exports on the bank port: ask for a list, see how it stands, fetch the file once. The worker makes the files."""

from typing import Annotated, Any

from fastapi import Path
from starlette.responses import Response

from bank_api.approvals.schemas import SubmittedOut
from bank_api.tags.using import used
from guibin.approvals.models import Approval
from guibin.core import clock
from guibin.core.errors import NotFound
from guibin.core.ids import ExportId, to_public
from guibin.exports import repository, service
from guibin.exports.errors import ExportTooLarge
from guibin.privacy.errors import ExportNotReady
from guibin.security.actors import Domain, Verb
from guibin.tags.lineage.models import UseWay
from guibin.web import (
    DataClass,
    Idempotency,
    Page,
    PageRequest,
    PortRouter,
    RateClass,
    StaffCall,
    anyone_of,
    declare,
    json_body,
    page_query,
    staff,
)

from .lists import LISTS
from .schemas import ExportIn, ExportOut, FileLinkOut

router = PortRouter(prefix="/v1/exports", tags=["exports"])

EXPORT = anyone_of(staff(Verb.EXPORT, Domain.EXPORTS), staff(Verb.SUBMIT, Domain.EXPORTS))
CSV: dict[int | str, dict[str, Any]] = {200: {"description": "The list as CSV", "content": {"text/csv": {}}}}
LinkToken = Annotated[str, Path(pattern=r"^[A-Za-z0-9_-]{43}$", description="From the answer that opened the link")]


@router.post(
    "",
    status_code=201,
    operation_id="createExport",
    response_model=ExportOut | SubmittedOut,
    responses={201: {"model": ExportOut}, 202: {"model": SubmittedOut}},
)
@declare(
    caller=EXPORT,
    idempotency=Idempotency.OPTIONAL,
    rate=RateClass.EXPORT,
    data=DataClass.C1,
    refusals=(ExportTooLarge,),
    fresh_login=True,
)
async def create_export(
    call: StaffCall, body: Annotated[ExportIn, json_body(ExportIn)], response: Response
) -> ExportOut | SubmittedOut:
    """Ask for a list of the customers in my scope, masked as I see them; the worker makes it within seconds.

    Without a filter that leaves somebody out, or from somebody who may only submit, it waits for another person (202).
    """
    wanted = service.Wanted(body.kind, body.filters.named())
    done = await service.request_export(
        call.session, LISTS[body.kind], actor=call.actor, grants=call.grants, wanted=wanted
    )
    await used(call, UseWay.EXPORTED, [body.filters.tag])
    if isinstance(done, Approval):
        response.status_code = 202
        return SubmittedOut.of(done)
    return ExportOut.model_validate(done)


@router.get("", operation_id="listExports")
@declare(caller=EXPORT, rate=RateClass.READ, data=DataClass.C1)
async def list_exports(call: StaffCall, page: Annotated[PageRequest, page_query()]) -> Page[ExportOut]:
    """List my own exports, newest first."""
    rows = await repository.list_exports(
        call.session, requested_by=call.actor.id, limit=page.fetch, before=page.after_moment
    )
    return page.answer(rows, position=lambda row: (row.created_at, row.id), shape=ExportOut.model_validate)


@router.get("/{export_id}", operation_id="getExport")
@declare(caller=EXPORT, rate=RateClass.READ, data=DataClass.C1)
async def get_export(call: StaffCall, export_id: ExportId) -> ExportOut:
    """Show one of my own exports."""
    found = await repository.get_export(call.session, requested_by=call.actor.id, export_id=export_id)
    return ExportOut.model_validate(found)


@router.post("/{export_id}/link", operation_id="openExportLink")
@declare(
    caller=EXPORT,
    rate=RateClass.WRITE,
    data=DataClass.C3,
    refusals=(ExportNotReady,),
    fresh_login=True,
)
async def open_link(call: StaffCall, export_id: ExportId) -> FileLinkOut:
    """Open a link to my file: for 15 minutes, for one fetch, for me. A new link closes the one before."""
    link = await service.open_link(call.session, actor=call.actor, grants=call.grants, export_id=export_id)
    path = f"/v1/exports/{to_public('exp', export_id)}/file/{link.token}"
    return FileLinkOut(path=path, expires_at=link.expires_at)


@router.get("/{export_id}/file/{link}", operation_id="fetchExportFile", response_class=Response, responses=CSV)
@declare(caller=EXPORT, rate=RateClass.HISTORY, data=DataClass.C2)
async def fetch_file(call: StaffCall, export_id: ExportId, link: LinkToken) -> Response:
    """Fetch the list: CSV in UTF-8 with BOM, formulas quoted. It is fetched once, and then gone."""
    content = await service.fetch(call.session, call.keys, actor=call.actor, export_id=export_id, token=link)
    if content is None:
        raise NotFound
    export = await repository.get_export(call.session, requested_by=call.actor.id, export_id=export_id)
    name = f'attachment; filename="{export.kind}-{clock.today()}.csv"'
    return Response(content, media_type="text/csv", headers={"Content-Disposition": name})
