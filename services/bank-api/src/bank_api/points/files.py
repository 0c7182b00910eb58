"""Files of opening balances and of grants: taken, approved as a whole, posted line by line."""

from typing import Annotated, Literal

from fastapi import Query
from starlette import status
from starlette.responses import Response

from guibin.core.errors import NotFound
from guibin.core.ids import PointsFileId
from guibin.core.text import Code
from guibin.core.workbook import WorkbookTooLarge, WorkbookUnreadable
from guibin.points.errors import LimitExceeded
from guibin.points.files import repository
from guibin.points.files.errors import (
    PointsFileColumns,
    PointsFileReferenceTaken,
    PointsFileTooLong,
    PointsFileTotalsDiffer,
    PointsFileUnreadable,
)
from guibin.points.files.models import BY_HAND, FileKind, LineState, PointsFile
from guibin.points.files.service import Announced, NewFile, may_see, submit_file
from guibin.security.actors import Domain, Verb
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
    declare,
    page_query,
    staff,
    upload_body,
)

from .file_schemas import PointsFileLineOut, PointsFileOut, PointsFileSubmittedOut

router = PortRouter(prefix="/v1/points/files", tags=["points"])

READ = staff(Verb.READ, Domain.POINTS)
HandKind = Literal["opening", "grant"]


@router.post(
    "",
    status_code=202,
    operation_id="submitPointsFile",
    responses={200: {"model": PointsFileSubmittedOut, "description": "A dry run: nothing is stored"}},
)
@declare(
    caller=staff(Verb.SUBMIT, Domain.POINTS),
    idempotency=Idempotency.OPTIONAL,
    rate=RateClass.UPLOAD,
    data=DataClass.C1,
    body_limit=BodyLimit.UPLOAD,
    refusals=(
        PointsFileUnreadable,
        PointsFileColumns,
        PointsFileTooLong,
        PointsFileTotalsDiffer,
        PointsFileReferenceTaken,
        WorkbookUnreadable,
        WorkbookTooLarge,
        LimitExceeded,
    ),
)
async def submit_points_file(
    call: StaffCall,
    upload: Annotated[Upload, upload_body()],
    response: Response,
    kind: Annotated[HandKind, Query(description="opening balances, or grants (negative points take away)")],
    reference: Annotated[Code, Query(description="The bank's own name of the file; one reference is one file")],
    lines: Annotated[int | None, Query(ge=0, description="How many lines the file announces")] = None,
    points: Annotated[int | None, Query(description="Credits less debits of the good lines, as announced")] = None,
    dry_run: Annotated[bool, Query(description="Answer what the file says in all and store nothing")] = False,
) -> PointsFileSubmittedOut:
    """Take a file of up to 1,000,000 lines (CSV in UTF-8 or GB18030, JSON lines; XLSX of its size) and submit it.

    Columns: `customer_no`, or `line` and `record_id`; `wallet`, `points`, `reason`, and where wanted `expires_on`. A
    bad line refuses itself. Once another person approves, the worker posts the lines, credits before debits; a line
    posts once, whatever happens meanwhile.
    """
    new = NewFile(FileKind(kind), reference, upload.file, upload.sha256, Announced(lines, points))
    submitted = await submit_file(
        call.session, call.keys, actor=call.actor, grants=call.grants, new=new, dry_run=dry_run
    )
    if dry_run:
        response.status_code = status.HTTP_200_OK
    return PointsFileSubmittedOut.of(submitted)


@router.get("/{file_id}", operation_id="getPointsFile")
@declare(caller=READ, rate=RateClass.READ, data=DataClass.C1)
async def get_points_file(call: StaffCall, file_id: PointsFileId) -> PointsFileOut:
    """Show how far a file is; its maker sees it, and who may decide on what it costs."""
    file = await _file(call, file_id)
    return PointsFileOut.of(file, await repository.count_lines(call.session, file_id=file.id))


@router.get("/{file_id}/results", operation_id="listPointsFileResults")
@declare(caller=READ, rate=RateClass.READ, data=DataClass.C1)
async def list_results(
    call: StaffCall,
    file_id: PointsFileId,
    page: Annotated[PageRequest, page_query()],
    state: Annotated[LineState | None, Query(description="Only lines in this state")] = None,
) -> Page[PointsFileLineOut]:
    """List what became of each line, in the order of the file."""
    file = await _file(call, file_id)
    found = await repository.list_lines(
        call.session, file_id=file.id, state=state, after=page.after_seq, limit=page.fetch
    )
    return page.answer(found, position=lambda line: line.line, shape=PointsFileLineOut.of)


async def _file(call: StaffCall, file_id: PointsFileId) -> PointsFile:
    file = await repository.find_file(call.session, file_id=file_id)
    if file is None or file.kind not in BY_HAND or not may_see(call.actor, call.grants, file):
        raise NotFound
    return file
