"""Feeds on the bank port: the lines' files come in, and how fresh each line is."""

from datetime import timedelta
from typing import Annotated

from fastapi import Query
from starlette import status
from starlette.responses import Response

from guibin.core import clock
from guibin.core.errors import NotFound
from guibin.core.ids import FeedFileId, to_public
from guibin.core.lines import Line
from guibin.core.workbook import WorkbookTooLarge, WorkbookUnreadable
from guibin.feeds import repository, service
from guibin.feeds.errors import (
    BusinessDateInvalid,
    ColumnsInvalid,
    EncodingInvalid,
    FileEmpty,
    FileMalformed,
    FileTypeInvalid,
    HeadOfficeMissing,
    RowCountDiffers,
)
from guibin.feeds.models import FeedKind, FeedMode
from guibin.feeds.reject_file import reject_file
from guibin.security.actors import Domain, Verb
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
    Upload,
    anyone_of,
    check_range,
    declare,
    page_query,
    staff,
    upload_body,
)
from guibin.web import (
    service as service_client,
)
from guibin.web.formats import CSV, Wanted

from .schemas import CalendarOut, FeedFileOut, RejectOut, TakenOut

router = PortRouter(prefix="/v1/feeds", tags=["feeds"])

READ = staff(Verb.READ, Domain.FEEDS)
DELIVER = anyone_of(staff(Verb.WRITE, Domain.FEEDS), service_client("feeds:post"))
CALENDAR_DAYS = 14


@router.post(
    "/{line}/files",
    status_code=201,
    operation_id="takeFeedFile",
    responses={200: {"model": TakenOut, "description": "The same content was taken before, or a dry run"}},
)
@declare(
    caller=DELIVER,
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
        RowCountDiffers,
        BusinessDateInvalid,
        HeadOfficeMissing,
        WorkbookUnreadable,
        WorkbookTooLarge,
        NotFound,
    ),
)
async def take_file(
    call: AnyCall,
    line: Line,
    upload: Annotated[Upload, upload_body()],
    response: Response,
    kind: Annotated[FeedKind, Query(description="What the file tells")],
    business_date: Annotated[Day, Query(alias="date", description="The business date of the file")],
    mode: Annotated[FeedMode, Query(description="full: what is not in it has ended")] = FeedMode.DELTA,
    rows: Annotated[int | None, Query(ge=0, description="How many data rows the file announces")] = None,
    dry_run: Annotated[bool, Query(description="Answer what would happen and store nothing")] = False,
    mapping: Annotated[int | None, Query(ge=1, description="For a dry run: a version of the mapping to try")] = None,
) -> TakenOut:
    """Take one file of one line: CSV with a header (UTF-8 or GB18030), JSON lines, or the first sheet of an XLSX.

    Columns and values are read by the mapping of the line that is in force. A workbook has at most 4 MiB and 20,000
    rows; its cells are text or days, and a formula refuses its row. A dry run shows the first rows as they are read.

    Good rows are taken and bad ones kept as rejects. A file that cannot be read is refused as a whole with the line
    number and changes nothing. The same content again answers 200 with the first result and changes nothing.
    """
    result = await service.take_file(
        call.session,
        call.keys,
        line=line,
        kind=kind,
        business_date=business_date,
        mode=mode,
        stream=upload.chunks(),
        actor=call.actor,
        expected_rows=rows,
        dry_run=dry_run,
        mapping_version=mapping,
    )
    if result.repeated or result.dry_run:
        response.status_code = status.HTTP_200_OK
    return TakenOut.of(result)


@router.get("/files", operation_id="listFeedFiles")
@declare(caller=READ, rate=RateClass.READ, data=DataClass.C1)
async def list_files(
    call: StaffCall,
    page: Annotated[PageRequest, page_query()],
    line: Annotated[Line | None, Query(description="Only files of this line")] = None,
    kind: Annotated[FeedKind | None, Query(description="Only files of this kind")] = None,
) -> Page[FeedFileOut]:
    """List the files that were taken, newest first."""
    rows = await repository.list_files(call.session, limit=page.fetch, before=page.after_moment, line=line, kind=kind)
    return page.answer(rows, position=lambda row: (row.taken_at, row.id), shape=FeedFileOut.of)


@router.get("/files/{file_id}", operation_id="getFeedFile")
@declare(caller=READ, rate=RateClass.READ, data=DataClass.C1)
async def get_file(call: StaffCall, file_id: FeedFileId) -> FeedFileOut:
    """Show one file with its counts."""
    return FeedFileOut.of(await service.get_file(call.session, file_id=file_id))


@router.get(
    "/files/{file_id}/rejects",
    operation_id="listFeedRejects",
    response_model=Page[RejectOut],
    responses={200: {"description": "As JSON, or all of them as CSV for who accepts `text/csv`", "content": {CSV: {}}}},
)
@declare(caller=READ, rate=RateClass.READ, data=DataClass.C1, formats=(CSV,))
async def list_rejects(
    call: StaffCall, file_id: FeedFileId, page: Annotated[PageRequest, page_query()], wanted: Wanted
) -> Page[RejectOut] | Response:
    """List the refused rows of a file by their lines: code and column, never the content.

    As CSV it is the reject file for the sender: every refused row, with its reason in both languages.
    """
    file = await service.get_file(call.session, file_id=file_id)
    if wanted == CSV:
        every = await repository.list_rejects(call.session, file_id=file.id, limit=None, after=None)
        name = f'attachment; filename="rejects-{to_public("fil", file.id)}.csv"'
        return Response(reject_file(every), media_type=CSV, headers={"Content-Disposition": name})
    rows = await repository.list_rejects(call.session, file_id=file.id, limit=page.fetch, after=page.after_seq)
    return page.answer(rows, position=lambda row: row.row, shape=RejectOut.model_validate)


@router.get("/calendar", operation_id="getFeedCalendar")
@declare(caller=READ, rate=RateClass.READ, data=DataClass.C1)
async def get_calendar(
    call: StaffCall,
    first: Annotated[Day | None, Query(alias="from", description="Default: two weeks before the last day")] = None,
    last: Annotated[Day | None, Query(alias="to", description="Default: the last closed day")] = None,
) -> CalendarOut:
    """Show for each line and day whether all is in, until when it is due, and whether its columns had drifted."""
    end = last or clock.last_closed_day()
    begin = first or end - timedelta(days=CALENDAR_DAYS - 1)
    check_range(begin, end)
    return CalendarOut.of(await service.calendar(call.session, first=begin, last=end))
