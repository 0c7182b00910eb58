"""Pictures of rights, for whoever shows the catalogue. A picture tag sends no token, so none is asked for."""

from typing import Annotated, Any, Final

from fastapi import Path, Query
from pydantic import Field, StringConstraints
from starlette.responses import Response

from guibin.core.errors import NotFound
from guibin.core.ids import RightId
from guibin.core.pictures import PictureKind
from guibin.rights import service
from guibin.rights.models import MOST_IMAGES
from guibin.web import DataClass, OutModel, PortRouter, RateClass, VisitorCall, declare, public
from guibin.web.caching import FOR_A_MINUTE, FOR_A_YEAR, CallersCopies, kept_response, not_modified
from guibin.web.formats import PICTURES

router = PortRouter(prefix="/v1/rights/{right_id}/images", tags=["rights"])

Version = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{12}$")]
IMAGE: Final[dict[int | str, dict[str, Any]]] = {
    200: {"description": "The picture", "content": {kind.value: {} for kind in PictureKind}},
    304: {"description": "The copy that If-None-Match names is the present one"},
}


class ImageOut(OutModel):
    """A picture of a right."""

    address: str = Field(
        description="Where it is, on this port; another picture has another address",
        examples=["/v1/rights/rgt_01934f6e-7a10-7c3e-9d55-2f60a1b2c3d4/images/1?v=9f86d081884c"],
    )
    media_type: PictureKind
    width: int
    height: int


@router.get("/{number}", operation_id="getRightImage", response_class=Response, responses=IMAGE)
@declare(caller=public(), rate=RateClass.PICTURE, data=DataClass.PUBLIC, refusals=(NotFound,), formats=PICTURES)
async def get_image(
    call: VisitorCall,
    right_id: RightId,
    number: Annotated[int, Path(ge=1, le=MOST_IMAGES, description="Its place; the first stands in lists")],
    had: CallersCopies,
    v: Annotated[Version | None, Query(description="The version, as the catalogue's addresses name it")] = None,
) -> Response:
    """Fetch a picture of a right that is or was on sale. Under the catalogue's address it may be kept for good.

    Its version is the ETag: with it in If-None-Match the answer is 304 as long as the picture is the same.
    """
    info = await service.find_image(call.session, right_id=right_id, number=number, published=True)
    keep = FOR_A_YEAR if v == info.version else FOR_A_MINUTE
    if had.holds(info.version):
        return not_modified(info.version, keep)
    content = await service.read_image(call.session, info)
    return kept_response(content, media_type=info.media_type, version=info.version, keep=keep)
