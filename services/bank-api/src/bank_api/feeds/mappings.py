"""How each line writes its files, on the bank port: the columns of each kind, and mappings as data under four eyes."""

from typing import Annotated

from fastapi import Path, Query

from bank_api.approvals.schemas import SubmittedOut
from guibin.core.errors import NotFound
from guibin.core.lines import Line
from guibin.feeds.mappings import repository, service
from guibin.feeds.mappings.errors import MappingInvalid, MappingNotDraft
from guibin.feeds.models import FeedKind
from guibin.feeds.service import line_forms
from guibin.security.actors import Domain, Verb
from guibin.web import DataClass, Idempotency, PortRouter, RateClass, StaffCall, declare, json_body, staff

from .mapping_schemas import MappingIn, MappingOut, MappingsOut, SchemaOut
from .router import READ

router = PortRouter(prefix="/v1/feeds/{line}", tags=["feeds"])

DEFINE = staff(Verb.WRITE, Domain.FEEDS)


@router.get("/schema", operation_id="getFeedSchema")
@declare(caller=READ, rate=RateClass.READ, data=DataClass.C1)
async def get_schema(call: StaffCall, line: Line) -> SchemaOut:
    """Show which columns each kind of file of a line has, the mapping in force, and how its last file had drifted."""
    return SchemaOut.of(line, await line_forms(call.session, line=line))


@router.get("/mappings", operation_id="listFeedMappings")
@declare(caller=READ, rate=RateClass.READ, data=DataClass.C1)
async def list_mappings(
    call: StaffCall,
    line: Line,
    kind: Annotated[FeedKind | None, Query(description="Only of this kind of file")] = None,
) -> MappingsOut:
    """List all versions of a line's mappings, by kind and the newest first."""
    return MappingsOut.of(await repository.list_mappings(call.session, line=line, kind=kind))


@router.post("/mappings", status_code=201, operation_id="createFeedMapping")
@declare(
    caller=DEFINE,
    idempotency=Idempotency.OPTIONAL,
    rate=RateClass.WRITE,
    data=DataClass.C1,
    refusals=(MappingInvalid,),
)
async def create_mapping(call: StaffCall, line: Line, body: Annotated[MappingIn, json_body(MappingIn)]) -> MappingOut:
    """Draft the next version of a mapping. `POST .../files?dry_run=true&mapping=N` shows what a file becomes by it.

    `mapping_invalid` names its fault: `column_unknown`, `column_twice`, `column_ignored` (named and ignored at once),
    `column_without_days` (a date format for another column), or `column_not_filled` (one that always overwrites).
    """
    row = await service.draft_mapping(call.session, actor=call.actor, line=line, kind=body.kind, wanted=body.mapping())
    return MappingOut.of(row)


@router.post("/mappings/{kind}/{version}/submit", status_code=202, operation_id="submitFeedMapping")
@declare(
    caller=DEFINE,
    idempotency=Idempotency.OPTIONAL,
    rate=RateClass.WRITE,
    data=DataClass.C1,
    refusals=(NotFound, MappingNotDraft),
)
async def submit_mapping(
    call: StaffCall, line: Line, kind: FeedKind, version: Annotated[int, Path(ge=1, le=2**31 - 1, examples=[1])]
) -> SubmittedOut:
    """Ask another person to put a draft in force; files that are taken from then on are read by it."""
    approval = await service.submit_mapping(call.session, actor=call.actor, line=line, kind=kind, version=version)
    return SubmittedOut.of(approval)
