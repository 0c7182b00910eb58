"""The matrix of grades and tiers on the bank port: drafted, put in force by a second person, read as of any day."""

from typing import Annotated

from fastapi import Query
from starlette.responses import Response

from bank_api.approvals.schemas import SubmittedOut
from guibin.core import clock
from guibin.core.errors import NotFound, PreconditionRequired, VersionConflict
from guibin.core.ids import MatrixId
from guibin.managers.matrix import repository, service
from guibin.managers.matrix.errors import MatrixInvalid, MatrixNotDraft
from guibin.managers.matrix.service import MATRICES
from guibin.security.actors import Domain, Verb
from guibin.tiers.errors import PeriodInvalid
from guibin.web import (
    DataClass,
    Day,
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

from .matrix_schemas import ManagerMatrixIn, ManagerMatrixOut

router = PortRouter(prefix="/v1", tags=["managers"])

READ = staff(Verb.READ, Domain.MANAGERS)
DEFINE = staff(Verb.SUBMIT, Domain.MANAGERS)


@router.get("/manager-matrix", operation_id="listManagerMatrices")
@declare(caller=READ, rate=RateClass.READ, data=DataClass.C1)
async def list_matrices(call: StaffCall, page: Annotated[PageRequest, page_query()]) -> Page[ManagerMatrixOut]:
    """List the versions of the matrix in all states, newest first."""
    rows = await MATRICES.page(call.session, limit=page.fetch, before=page.after_moment)
    return page.answer(rows, position=lambda row: (row.created_at, row.id), shape=ManagerMatrixOut.of)


@router.post("/manager-matrix", status_code=201, operation_id="createManagerMatrix")
@declare(
    caller=DEFINE,
    idempotency=Idempotency.OPTIONAL,
    rate=RateClass.WRITE,
    data=DataClass.C1,
    refusals=(MatrixInvalid, PeriodInvalid),
)
async def create_matrix(
    call: StaffCall, body: Annotated[ManagerMatrixIn, json_body(ManagerMatrixIn)], response: Response
) -> ManagerMatrixOut:
    """Draft a version. It permits and forbids nothing before another person has approved it."""
    matrix = await service.create_matrix(call.session, actor=call.actor, draft=body.draft())
    set_etag(response, matrix.revision)
    return ManagerMatrixOut.of(matrix)


@router.get("/manager-matrix/in-force", operation_id="getManagerMatrixInForce")
@declare(caller=READ, rate=RateClass.READ, data=DataClass.C1, refusals=(NotFound,))
async def get_matrix_in_force(
    call: StaffCall,
    as_of: Annotated[Day | None, Query(description="The day, past or to come; today where it is left out")] = None,
) -> ManagerMatrixOut:
    """Show the version in force on a day: there is at most one."""
    return ManagerMatrixOut.of(await repository.matrix_on(call.session, as_of or clock.today()))


@router.get("/manager-matrix/{matrix_id}", operation_id="getManagerMatrix")
@declare(caller=READ, rate=RateClass.READ, data=DataClass.C1)
async def get_matrix(call: StaffCall, matrix_id: MatrixId, response: Response) -> ManagerMatrixOut:
    """Show one version; its revision is the ETag."""
    matrix = await MATRICES.get(call.session, matrix_id)
    set_etag(response, matrix.revision)
    return ManagerMatrixOut.of(matrix)


@router.put("/manager-matrix/{matrix_id}", operation_id="editManagerMatrix")
@declare(
    caller=DEFINE,
    rate=RateClass.WRITE,
    data=DataClass.C1,
    refusals=(PreconditionRequired, VersionConflict, MatrixNotDraft, MatrixInvalid, PeriodInvalid),
)
async def edit_matrix(
    call: StaffCall,
    matrix_id: MatrixId,
    body: Annotated[ManagerMatrixIn, json_body(ManagerMatrixIn)],
    response: Response,
) -> ManagerMatrixOut:
    """Replace a draft that was read with the ETag sent as If-Match."""
    matrix = await MATRICES.lock(call.session, matrix_id)
    call.require_if_match(matrix.revision)
    edited = await service.edit_matrix(call.session, matrix, actor=call.actor, draft=body.draft())
    set_etag(response, edited.revision)
    return ManagerMatrixOut.of(edited)


@router.post("/manager-matrix/{matrix_id}/submit", status_code=202, operation_id="submitManagerMatrix")
@declare(
    caller=DEFINE,
    idempotency=Idempotency.OPTIONAL,
    rate=RateClass.WRITE,
    data=DataClass.C1,
    refusals=(MatrixNotDraft,),
)
async def submit_matrix(call: StaffCall, matrix_id: MatrixId) -> SubmittedOut:
    """Ask another person to put a draft in force; the approver sees how many customers it takes their manager from."""
    matrix = await MATRICES.lock(call.session, matrix_id)
    return SubmittedOut.of(await MATRICES.submit(call.session, matrix, actor=call.actor))
