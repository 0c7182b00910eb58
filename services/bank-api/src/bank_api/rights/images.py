"""Pictures of rights: put up, looked at and taken away by the bank's people."""

import asyncio
from typing import Annotated, Any, Final

from fastapi import Path
from starlette.responses import Response

from guibin.core.errors import NotFound
from guibin.core.ids import RightId
from guibin.core.pictures import PictureDimensions, PictureInvalid, PictureKind
from guibin.rights import service
from guibin.rights.models import MOST_IMAGE_BYTES, MOST_IMAGES
from guibin.security.actors import Domain, Verb
from guibin.web import (
    BodyLimit,
    DataClass,
    PortRouter,
    RateClass,
    StaffCall,
    Upload,
    declare,
    staff,
    upload_body,
)
from guibin.web.caching import ASKED_AGAIN, CallersCopies, kept_response, not_modified
from guibin.web.errors import BodyTooLarge
from guibin.web.formats import PICTURES
from guibin.web.uploads import PICTURES as ACCEPTED

from .image_schemas import ImageOut

router = PortRouter(prefix="/v1/rights/{right_id}/images", tags=["rights"])

OPERATE = staff(Verb.SUBMIT, Domain.RIGHTS)
Number = Annotated[int, Path(ge=1, le=MOST_IMAGES, description="Its place; the first stands in lists")]
IMAGE: Final[dict[int | str, dict[str, Any]]] = {
    200: {"description": "The picture", "content": {kind.value: {} for kind in PictureKind}},
    304: {"description": "The copy that If-None-Match names is the present one"},
}


@router.get("/{number}", operation_id="getRightImage", response_class=Response, responses=IMAGE)
@declare(
    caller=staff(Verb.READ, Domain.RIGHTS),
    rate=RateClass.PICTURE,
    data=DataClass.C1,
    refusals=(NotFound,),
    formats=PICTURES,
)
async def get_image(call: StaffCall, right_id: RightId, number: Number, had: CallersCopies) -> Response:
    """Look at a picture of a right in any state; its version is the ETag."""
    info = await service.find_image(call.session, right_id=right_id, number=number, published=False)
    if had.holds(info.version):
        return not_modified(info.version, ASKED_AGAIN)
    content = await service.read_image(call.session, info)
    return kept_response(content, media_type=info.media_type, version=info.version, keep=ASKED_AGAIN)


@router.put("/{number}", operation_id="putRightImage")
@declare(
    caller=OPERATE,
    rate=RateClass.UPLOAD,
    data=DataClass.C1,
    body_limit=BodyLimit.PICTURE,
    refusals=(NotFound, PictureInvalid, PictureDimensions),
)
async def put_image(
    call: StaffCall, right_id: RightId, number: Number, upload: Annotated[Upload, upload_body(ACCEPTED)]
) -> ImageOut:
    """Put up a picture of a right, at once: PNG, JPEG or WebP of at most 512 KiB and 4,096 pixels a side.

    What it is, its content decides; what stood in the place is replaced, and customers have its new address.
    """
    if upload.size > MOST_IMAGE_BYTES:
        raise BodyTooLarge(limit=MOST_IMAGE_BYTES)
    content = await asyncio.to_thread(upload.file.read)
    info = await service.put_image(call.session, actor=call.actor, right_id=right_id, number=number, content=content)
    return ImageOut.model_validate(info)


@router.delete("/{number}", status_code=204, operation_id="removeRightImage")
@declare(caller=OPERATE, rate=RateClass.WRITE, data=DataClass.C1, refusals=(NotFound,))
async def remove_image(call: StaffCall, right_id: RightId, number: Number) -> None:
    """Take a picture of a right away, at once."""
    await service.remove_image(call.session, actor=call.actor, right_id=right_id, number=number)
