"""Files of the organisation: branches, staff and holidays as the bank's own systems deliver them."""

from typing import Annotated

from fastapi import Query
from starlette import status
from starlette.responses import Response

from guibin.core.workbook import WorkbookTooLarge, WorkbookUnreadable
from guibin.feeds.errors import ColumnsInvalid, EncodingInvalid, FileEmpty, FileMalformed, FileTypeInvalid
from guibin.feeds.models import FeedMode, OrganisationFile
from guibin.feeds.organisation.errors import TooManyLeavers
from guibin.feeds.organisation.service import OrganisationTaking, take_organisation_file
from guibin.security.actors import Domain, Verb
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

from .schemas import OrganisationTakenOut

router = PortRouter(prefix="/v1/organisation", tags=["organisation"])


@router.post(
    "/files",
    status_code=201,
    operation_id="takeOrganisationFile",
    responses={200: {"model": OrganisationTakenOut, "description": "A dry run: nothing is stored"}},
)
@declare(
    caller=staff(Verb.WRITE, Domain.ORGANISATION),
    idempotency=Idempotency.OPTIONAL,
    rate=RateClass.UPLOAD,
    data=DataClass.C1,
    body_limit=BodyLimit.UPLOAD,
    refusals=(
        FileTypeInvalid,
        FileEmpty,
        EncodingInvalid,
        ColumnsInvalid,
        FileMalformed,
        WorkbookUnreadable,
        WorkbookTooLarge,
        TooManyLeavers,
    ),
)
async def take_file(
    call: StaffCall,
    upload: Annotated[Upload, upload_body()],
    response: Response,
    kind: Annotated[OrganisationFile, Query(description="What the file tells")],
    mode: Annotated[FeedMode, Query(description="full: of staff, who is not in it has left")] = FeedMode.DELTA,
    dry_run: Annotated[bool, Query(description="Answer what would happen and store nothing")] = False,
) -> OrganisationTakenOut:
    """Take branches, staff or holidays (CSV in UTF-8 or GB18030, JSON lines, XLSX); a bad row refuses itself.

    Branches (`code,kind,parent_code,name_zh,name_en,city_code`) are added, parents first, and renamed; one that would
    move is refused. Staff (`no,name,branch_code,status,phone,subject`) are added without any role and follow their
    branch; accounts of those who `left` end at once, with all their rights, and a file that would end more than a
    tenth of all accounts is refused as a whole. Holidays (`day,works,name_zh,name_en`) replace the years that they
    name. The same file again changes nothing.
    """
    taking = OrganisationTaking(call.session, call.keys, call.actor, call.port.settings.bank_issuer, kind, mode)
    await take_organisation_file(taking, upload.chunks(), dry_run=dry_run)
    if dry_run:
        response.status_code = status.HTTP_200_OK
    return OrganisationTakenOut.of(taking, dry_run=dry_run)
