"""Batches on the bank port: announced with their control figures, brought in parts, sealed, taken by the worker."""

import asyncio
from typing import Annotated

from fastapi import Path, Query

from guibin.core.errors import NotFound
from guibin.core.ids import FeedBatchId
from guibin.core.lines import Line
from guibin.feeds.batches import repository, service
from guibin.feeds.batches.errors import BatchDiffers, BatchFileUnknown, BatchManifestInvalid, BatchNotOpen
from guibin.feeds.batches.manifest import FileName, Manifest
from guibin.feeds.batches.models import BatchState
from guibin.feeds.batches.rules import MOST_PARTS
from guibin.feeds.errors import BusinessDateInvalid, HeadOfficeMissing
from guibin.web import (
    AnyCall,
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
    json_body,
    page_query,
    upload_body,
)
from guibin.web.uploads import ANY

from .batch_schemas import BatchOut, PartOut
from .router import DELIVER, READ

router = PortRouter(prefix="/v1/feeds/batches", tags=["feeds"])


@router.post("", status_code=201, operation_id="beginFeedBatch")
@declare(
    caller=DELIVER,
    idempotency=Idempotency.OPTIONAL,
    rate=RateClass.WRITE,
    data=DataClass.C1,
    refusals=(BusinessDateInvalid, BatchManifestInvalid),
)
async def begin_batch(call: AnyCall, body: Annotated[Manifest, json_body(Manifest)]) -> BatchOut:
    """Announce the files of one line and one business date with their control figures; then bring their parts."""
    view = await service.begin_batch(
        call.session,
        call.keys,
        actor=call.actor,
        manifest=body,
    )
    return BatchOut.of(view)


@router.get("", operation_id="listFeedBatches")
@declare(caller=READ, rate=RateClass.READ, data=DataClass.C1)
async def list_batches(
    call: StaffCall,
    page: Annotated[PageRequest, page_query()],
    line: Annotated[Line | None, Query(description="Only batches of this line")] = None,
    state: Annotated[BatchState | None, Query(description="Only batches in this state")] = None,
) -> Page[BatchOut]:
    """List the batches, newest first."""
    rows = await repository.list_batches(
        call.session, limit=page.fetch, before=page.after_moment, line=line, state=state
    )
    views = await service.views_of(call.session, rows)
    return page.answer(views, position=lambda view: (view.batch.created_at, view.batch.id), shape=BatchOut.of)


@router.get("/{batch_id}", operation_id="getFeedBatch")
@declare(caller=DELIVER, rate=RateClass.READ, data=DataClass.C1)
async def get_batch(call: AnyCall, batch_id: FeedBatchId) -> BatchOut:
    """Show how far a batch is: which parts are in, and which of its files are taken."""
    return BatchOut.of(await service.get_batch(call.session, batch_id=batch_id))


@router.put("/{batch_id}/files/{name}/parts/{part}", operation_id="putFeedBatchPart")
@declare(
    caller=DELIVER,
    rate=RateClass.UPLOAD,
    data=DataClass.C1,
    body_limit=BodyLimit.UPLOAD,
    refusals=(NotFound, BatchFileUnknown, BatchNotOpen),
)
async def put_part(
    call: AnyCall,
    batch_id: FeedBatchId,
    name: Annotated[FileName, Path(description="The name of the file in the manifest", examples=["balances.csv"])],
    part: Annotated[int, Path(ge=1, le=MOST_PARTS, description="Its place in the file", examples=[1])],
    upload: Annotated[Upload, upload_body((ANY,))],
) -> PartOut:
    """Bring a part of a file as its bytes, in any order; the same part again takes the place of the first.

    A transfer that broke off is resumed with the parts that the batch does not show. Contents are kept encrypted and
    forgotten when the batch ends.
    """
    content = await asyncio.to_thread(upload.file.read)
    stored = await service.put_part(call.session, call.keys, batch_id=batch_id, name=name, number=part, content=content)
    return PartOut.of(stored)


@router.post("/{batch_id}/seal", operation_id="sealFeedBatch")
@declare(
    caller=DELIVER,
    idempotency=Idempotency.OPTIONAL,
    rate=RateClass.UPLOAD,
    data=DataClass.C1,
    refusals=(NotFound, BatchNotOpen, BatchDiffers, HeadOfficeMissing),
)
async def seal_batch(call: AnyCall, batch_id: FeedBatchId) -> BatchOut:
    """Hold every file to the manifest: parts, bytes, SHA-256, rows and control sum; then the worker takes them.

    Where anything differs, nothing of the batch is taken, the first differences are named, and the batch stays open. A
    batch that is sealed or done already stays as it is.
    """
    return BatchOut.of(await service.seal_batch(call.session, call.keys, actor=call.actor, batch_id=batch_id))


@router.post("/{batch_id}/abandon", operation_id="abandonFeedBatch")
@declare(
    caller=DELIVER,
    idempotency=Idempotency.OPTIONAL,
    rate=RateClass.WRITE,
    data=DataClass.C1,
    refusals=(NotFound, BatchNotOpen),
)
async def abandon_batch(call: AnyCall, batch_id: FeedBatchId) -> BatchOut:
    """Give an open batch up; what came in is forgotten. One that stays open for seven days is abandoned by itself."""
    return BatchOut.of(await service.abandon_batch(call.session, actor=call.actor, batch_id=batch_id))
