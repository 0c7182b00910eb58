"""A whole catalogue in one workbook: the template, what there is in its form, and the import of drafts."""

import asyncio
from typing import Annotated, Any

from fastapi import Query
from sqlmodel.ext.asyncio.session import AsyncSession
from starlette.responses import Response

from bank_api.tags.naming import not_nameable
from guibin.core import clock
from guibin.core.errors import VersionConflict
from guibin.core.workbook import MEDIA_TYPE, WorkbookTooLarge, WorkbookUnreadable, read_workbook, write_workbook
from guibin.rights import service
from guibin.rights.errors import RightCodeTaken
from guibin.rights.service import Imported, ImportOutcome
from guibin.security.actors import Actor, Domain, Verb
from guibin.web import (
    BodyLimit,
    DataClass,
    Idempotency,
    PortRouter,
    RateClass,
    StaffCall,
    Upload,
    declare,
    staff,
    upload_body,
)

from .import_schemas import CatalogueImportOut
from .sheet_form import template, written
from .sheets import (
    Catalogue,
    Entry,
    Place,
    TooManyRights,
    WorkbookColumns,
    WorkbookSheets,
    blame_sensitive,
    blame_unknown,
    read_catalogue,
)

router = PortRouter(prefix="/v1/rights/import", tags=["rights"])

READ = staff(Verb.READ, Domain.RIGHTS)
OPERATE = staff(Verb.SUBMIT, Domain.RIGHTS)
XLSX: dict[int | str, dict[str, Any]] = {200: {"description": "An XLSX workbook", "content": {MEDIA_TYPE: {}}}}


@router.get("/template", operation_id="getCatalogueTemplate", response_class=Response, responses=XLSX)
@declare(caller=READ, rate=RateClass.READ, data=DataClass.C1)
async def get_template(call: StaffCall) -> Response:
    """Fetch the empty workbook: the sheets rights, prices, quotas and texts; `readme` tells what each column holds."""
    del call  # the same for everybody
    return _workbook("catalogue-template.xlsx", await asyncio.to_thread(lambda: write_workbook(template())))


@router.get("/catalogue", operation_id="exportCatalogue", response_class=Response, responses=XLSX)
@declare(caller=READ, rate=RateClass.SEARCH, data=DataClass.C1)
async def export_catalogue(call: StaffCall) -> Response:
    """Fetch the present catalogue in the form of the import, each right with its drafted terms, else those in force."""
    sheets = written(await service.export_rights(call.session))
    content = await asyncio.to_thread(lambda: write_workbook(sheets))
    return _workbook(f"catalogue-{clock.today()}.xlsx", content)


@router.post("", operation_id="importCatalogue")
@declare(
    caller=OPERATE,
    idempotency=Idempotency.OPTIONAL,
    rate=RateClass.UPLOAD,
    data=DataClass.C1,
    body_limit=BodyLimit.UPLOAD,
    refusals=(
        WorkbookUnreadable,
        WorkbookTooLarge,
        WorkbookSheets,
        WorkbookColumns,
        TooManyRights,
        RightCodeTaken,
        VersionConflict,
    ),
)
async def import_catalogue(
    call: StaffCall,
    upload: Annotated[Upload, upload_body()],
    dry_run: Annotated[bool, Query(description="Answer what would happen and store nothing")] = False,
) -> CatalogueImportOut:
    """Draft the rights of a workbook (XLSX of at most 4 MiB and 1,000 rights): new ones, and changes to known ones.

    A right is known by its code: the same workbook again changes nothing. A right with a fault in any sheet is refused
    and the others are taken; each fault tells its sheet, row and column. Nothing is published: terms are submitted and
    approved for each right as ever, and texts of a published right take effect at once, as when it is edited. Empty
    cells are not set; rights that are not in the workbook stay as they are. Formulas are refused.
    """
    sheets = await asyncio.to_thread(read_workbook, upload.file)
    catalogue = await asyncio.to_thread(read_catalogue, sheets)
    tags = {tag for entry in catalogue.entries for _, values in entry.named.get("tag", ()) for tag in values}
    blame_sensitive(catalogue.entries, await not_nameable(call, tags))
    done = await _import(call.session, call.actor, catalogue, dry_run=dry_run)
    return CatalogueImportOut.of(catalogue, done, dry_run=dry_run)


async def _import(
    session: AsyncSession, actor: Actor, catalogue: Catalogue, *, dry_run: bool
) -> list[tuple[Entry, Imported]]:
    read = {entry.code: entry.right for entry in catalogue.entries if entry.right is not None}
    contents = {code: right.content() for code, right in read.items()}
    unknown = await service.unknown_names(
        session, (content.terms for content in contents.values()), {right.wallet for right in read.values()}
    )
    blame_unknown((entry for entry in catalogue.entries if entry.code in read), unknown)
    good = [entry.code for entry in catalogue.entries if not entry.faults and entry.code in read]
    rights = [(read[code].new(), contents[code]) for code in good]
    done = dict(
        zip(good, await service.import_rights(session, actor=actor, rights=rights, dry_run=dry_run), strict=True)
    )
    return [(entry, _outcome(entry, done.get(entry.code), dry_run=dry_run)) for entry in catalogue.entries]


def _outcome(entry: Entry, imported: Imported | None, *, dry_run: bool) -> Imported:
    if imported is None:
        return Imported(ImportOutcome.REFUSED, None)
    for name in imported.differs:
        entry.blame(Place("rights", entry.row, name), "fixed")
    if imported.waits:
        entry.blame(Place("rights", entry.row), "waits")
    # The id that a dry run gave to a new right is nobody's.
    return Imported(imported.outcome, None) if dry_run and imported.outcome is ImportOutcome.CREATED else imported


def _workbook(name: str, content: bytes) -> Response:
    disposition = f'attachment; filename="{name}"'
    return Response(content, media_type=MEDIA_TYPE, headers={"Content-Disposition": disposition})
