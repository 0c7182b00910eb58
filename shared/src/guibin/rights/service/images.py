"""Pictures of rights: what the operators put up takes effect at once, as texts do."""

import hashlib
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.audit import service as audit
from guibin.core import clock
from guibin.core.errors import NotFound
from guibin.core.ids import to_public
from guibin.core.pictures import read_picture, without_metadata
from guibin.rights.repository import catalogue, images
from guibin.rights.repository.images import ImageInfo
from guibin.security.actors import Actor


async def put_image(session: AsyncSession, *, actor: Actor, right_id: UUID, number: int, content: bytes) -> ImageInfo:
    """Put a picture of a right in a place, 1 to 5; what stood there is replaced.

    What the file tells of where, when and by whom it was made is taken out.

    Raises:
        NotFound: there is no such right.
        PictureInvalid, PictureDimensions: no picture that is taken.
    """
    await catalogue.get_right(session, right_id=right_id)
    picture = read_picture(content)
    content = without_metadata(content, picture.kind)
    info = ImageInfo(right_id, number, picture.kind, picture.width, picture.height, hashlib.sha256(content).digest())
    await images.keep_image(
        session,
        {
            "right_id": right_id,
            "number": number,
            "media_type": info.media_type,
            "width": info.width,
            "height": info.height,
            "sha256": info.sha256,
            "content": content,
            "changed_at": clock.now(),
        },
    )
    facts = {"number": number, "sha256": info.sha256.hex(), "bytes": len(content)}
    await _record(session, actor, "right.image", right_id, facts)
    return info


async def remove_image(session: AsyncSession, *, actor: Actor, right_id: UUID, number: int) -> None:
    """Take a picture of a right away.

    Raises:
        NotFound: there is none.
    """
    if not await images.remove_image(session, right_id=right_id, number=number, at=clock.now()):
        raise NotFound
    await _record(session, actor, "right.image_remove", right_id, {"number": number})


async def find_image(session: AsyncSession, *, right_id: UUID, number: int, published: bool) -> ImageInfo:
    """Return what a picture is; with `published` only of a right that customers see or have seen.

    Raises:
        NotFound: there is none.
    """
    info = await images.find_info(session, right_id=right_id, number=number, published=published)
    if info is None:
        raise NotFound
    return info


async def read_image(session: AsyncSession, info: ImageInfo) -> bytes:
    """Return the bytes of a picture that was just found.

    Raises:
        NotFound: it was changed since.
    """
    content = await images.read_content(session, info)
    if content is None:
        raise NotFound
    return content


async def _record(session: AsyncSession, actor: Actor, action: str, right_id: UUID, facts: dict[str, object]) -> None:
    await audit.record(
        session,
        actor=actor,
        action=action,
        object_type="right",
        object_id=to_public("rgt", right_id),
        facts=facts,
    )
