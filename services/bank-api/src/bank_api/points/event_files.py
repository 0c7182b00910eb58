"""Files of events: the lines' events in bulk, recorded and let earn in parts, each once."""

from typing import Annotated

from fastapi import Query
from starlette import status
from starlette.responses import Response

from guibin.core.errors import NotFound
from guibin.core.ids import PointsFileId
from guibin.core.money import Cny
from guibin.core.text import Code
from guibin.core.workbook import WorkbookTooLarge, WorkbookUnreadable
from guibin.points.files import repository
from guibin.points.files.errors import (
    EventFileTotalsDiffer,
    PointsFileColumns,
    PointsFileReferenceTaken,
    PointsFileTooLong,
    PointsFileUnreadable,
)
from guibin.points.files.models import FileKind, LineState, PointsFile
from guibin.points.files.service import NewEventFile, take_event_file
from guibin.security.actors import ActorKind, Domain, Verb
from guibin.web import (
    AnyCall,
    BodyLimit,
    DataClass,
    Idempotency,
    Page,
    PageRequest,
    PortRouter,
    RateClass,
    Upload,
    anyone_of,
    declare,
    page_query,
    staff,
    upload_body,
)
from guibin.web import service as service_with

from .file_schemas import EventFileLineOut, EventFileOut, EventFileTakenOut

router = PortRouter(prefix="/v1/points/event-files", tags=["points"])

DELIVER = anyone_of(staff(Verb.WRITE, Domain.FEEDS), service_with("earn:post"))
READ = anyone_of(staff(Verb.READ, Domain.POINTS), service_with("earn:post"))


@router.post(
    "",
    status_code=202,
    operation_id="takeEventFile",
    responses={200: {"model": EventFileTakenOut, "description": "Taken before, or a dry run: nothing is stored now"}},
)
@declare(
    caller=DELIVER,
    idempotency=Idempotency.OPTIONAL,
    rate=RateClass.UPLOAD,
    data=DataClass.C1,
    body_limit=BodyLimit.UPLOAD,
    refusals=(
        PointsFileUnreadable,
        PointsFileColumns,
        PointsFileTooLong,
        EventFileTotalsDiffer,
        PointsFileReferenceTaken,
        WorkbookUnreadable,
        WorkbookTooLarge,
    ),
)
async def take_file(
    call: AnyCall,
    upload: Annotated[Upload, upload_body()],
    response: Response,
    reference: Annotated[Code, Query(description="The sender's own name of the file; one reference is one file")],
    lines: Annotated[int | None, Query(ge=0, description="How many lines the file announces")] = None,
    amount: Annotated[Cny | None, Query(description="Sum of the amounts of its good lines, as announced")] = None,
    dry_run: Annotated[bool, Query(description="Answer what the file says in all and store nothing")] = False,
) -> EventFileTakenOut:
    """Take up to 1,000,000 events in a file (CSV in UTF-8 or GB18030, JSON lines; XLSX of its size).

    Columns: `line`, `reference`, `event_type`, `occurred_at`; `customer_id`, `customer_no` or `record_id` (of that
    line); where wanted `amount`, `merchant_category`, `channel`, `inflow_class`, `returns`. A line with `returns`, the
    reference of an event, undoes it as POST /v1/points/event-returns does, with `line`, `reference` and `amount` alone
    beside it. A bad line refuses itself. The worker carries lines out in their order: it records the events and lets
    them earn as POST /v1/points/events does; a reference of a line counts once, however it comes. The same file again
    answers 200 and changes nothing.
    """
    new = NewEventFile(reference, upload.file, upload.sha256, lines, amount)
    taken = await take_event_file(call.session, call.keys, actor=call.actor, new=new, dry_run=dry_run)
    if taken.file is None or taken.repeated:
        response.status_code = status.HTTP_200_OK
    return EventFileTakenOut.of(taken)


@router.get("/{file_id}", operation_id="getEventFile")
@declare(caller=READ, rate=RateClass.READ, data=DataClass.C1)
async def get_event_file(call: AnyCall, file_id: PointsFileId) -> EventFileOut:
    """Show how far a file is: a service sees its own, staff need the whole bank or to have sent it."""
    file = await _file(call, file_id)
    counts = await repository.count_lines(call.session, file_id=file.id)
    return EventFileOut.of(file, counts, await repository.points_earned(call.session, file_id=file.id))


@router.get("/{file_id}/results", operation_id="listEventFileResults")
@declare(caller=READ, rate=RateClass.READ, data=DataClass.C1)
async def list_results(
    call: AnyCall,
    file_id: PointsFileId,
    page: Annotated[PageRequest, page_query()],
    state: Annotated[LineState | None, Query(description="Only lines in this state")] = None,
) -> Page[EventFileLineOut]:
    """List what became of each line, in the order of the file."""
    file = await _file(call, file_id)
    found = await repository.list_lines(
        call.session, file_id=file.id, state=state, after=page.after_seq, limit=page.fetch
    )
    return page.answer(found, position=lambda line: line.line, shape=EventFileLineOut.of)


async def _file(call: AnyCall, file_id: PointsFileId) -> PointsFile:
    file = await repository.find_file(call.session, file_id=file_id)
    if file is None or file.kind != FileKind.EVENTS:
        raise NotFound
    sees_all = call.actor.kind is not ActorKind.SERVICE and call.scope.whole_bank
    if file.maker_id != call.actor.id and not sees_all:
        raise NotFound
    return file
