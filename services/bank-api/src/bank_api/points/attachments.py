"""Documents of requests to change points by hand: added by their makers, looked at by who may decide."""

import asyncio
from datetime import datetime
from typing import Annotated, Any, Final, Self

from fastapi import Path
from pydantic import Field
from starlette.responses import Response

from bank_api.approvals.router import approval_scope
from guibin.approvals import repository
from guibin.approvals.errors import StateConflict
from guibin.approvals.repository import ApprovalScope
from guibin.core.errors import NotFound
from guibin.core.ids import ApprovalId
from guibin.points.attachment_models import PointsAttachment
from guibin.points.attachment_rules import MOST_ATTACHMENTS, MOST_BYTES, AttachmentKind
from guibin.points.errors import AttachmentInvalid, AttachmentThere
from guibin.points.service import attaching
from guibin.security.actors import Domain, Verb
from guibin.web import (
    BodyLimit,
    DataClass,
    OutModel,
    PortRouter,
    RateClass,
    StaffCall,
    Upload,
    declare,
    staff,
    upload_body,
)
from guibin.web.errors import BodyTooLarge
from guibin.web.uploads import DOCUMENTS

router = PortRouter(prefix="/v1/approvals/{approval_id}/attachments", tags=["points"])

Number = Annotated[int, Path(ge=1, le=MOST_ATTACHMENTS, description="Its place")]
DOCUMENT: Final[dict[int | str, dict[str, Any]]] = {
    200: {"description": "The document", "content": {kind.value: {} for kind in AttachmentKind}}
}


class AttachmentOut(OutModel):
    """A document of a request, without its content."""

    number: int
    media_type: AttachmentKind
    size: int = Field(description="In bytes")
    sha256: str = Field(description="Of the document as it came in, in hexadecimal")
    added_at: datetime

    @classmethod
    def of(cls, row: PointsAttachment) -> Self:
        """Describe a document."""
        return cls.model_validate({**row.model_dump(), "sha256": row.sha256.hex()})


class AttachmentsOut(OutModel):
    """The documents of a request, in their order."""

    items: list[AttachmentOut]


@router.put("/{number}", operation_id="addPointsAttachment")
@declare(
    caller=staff(Verb.SUBMIT, Domain.POINTS),
    rate=RateClass.UPLOAD,
    data=DataClass.C2,
    body_limit=BodyLimit.DOCUMENT,
    refusals=(NotFound, StateConflict, AttachmentInvalid, AttachmentThere),
)
async def add_attachment(
    call: StaffCall, approval_id: ApprovalId, number: Number, upload: Annotated[Upload, upload_body(DOCUMENTS)]
) -> AttachmentOut:
    """Add a document to my open request to change a customer's points: PDF, PNG or JPEG of at most 2 MiB.

    What it is, its content decides. It is kept encrypted under the customer's key, and is never replaced; the same
    document again changes nothing.
    """
    if upload.size > MOST_BYTES:
        raise BodyTooLarge(limit=MOST_BYTES)
    approval = await repository.get_approval(call.session, ApprovalScope(call.actor.id, {}), approval_id=approval_id)
    content = await asyncio.to_thread(upload.file.read)
    row = await attaching.attach(
        call.session, actor=call.actor, keys=call.keys, approval=approval, number=number, content=content
    )
    return AttachmentOut.of(row)


@router.get("", operation_id="listPointsAttachments")
@declare(caller=staff(Verb.READ, Domain.APPROVALS), rate=RateClass.READ, data=DataClass.C2)
async def list_attachments(call: StaffCall, approval_id: ApprovalId) -> AttachmentsOut:
    """List the documents of a request that I made or may decide on."""
    approval = await repository.get_approval(call.session, await approval_scope(call), approval_id=approval_id)
    rows = await attaching.list_attachments(call.session, approval=approval)
    return AttachmentsOut(items=[AttachmentOut.of(row) for row in rows])


@router.get("/{number}", operation_id="getPointsAttachment", response_class=Response, responses=DOCUMENT)
@declare(caller=staff(Verb.APPROVE, Domain.APPROVALS), rate=RateClass.READ, data=DataClass.C3)
async def get_attachment(call: StaffCall, approval_id: ApprovalId, number: Number) -> Response:
    """Look at a document of a request that I may decide on, as a file to save. Each look is in the trail."""
    approval = await repository.get_approval(call.session, await approval_scope(call), approval_id=approval_id)
    row, content = await attaching.show_attachment(
        call.session, actor=call.actor, keys=call.keys, approval=approval, number=number
    )
    suffix = row.media_type.rpartition("/")[2]
    name = f'attachment; filename="attachment-{number}.{suffix}"'
    return Response(content, media_type=row.media_type, headers={"Content-Disposition": name})
