"""The SQL of pictures of rights."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import update
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.core.ids import to_public
from guibin.rights.models import RightsImage, RightsItem, RightState


@dataclass(frozen=True, slots=True)
class ImageInfo:
    """A picture without its bytes."""

    right_id: UUID
    number: int
    media_type: str
    width: int
    height: int
    sha256: bytes

    @property
    def version(self) -> str:
        """What changes with its bytes."""
        return self.sha256.hex()[:_VERSION_DIGITS]

    @property
    def address(self) -> str:
        """Where the customer port has it, whose answer may be kept for good: another picture has another address."""
        return f"/v1/rights/{to_public('rgt', self.right_id)}/images/{self.number}?v={self.version}"


_VERSION_DIGITS: Final = 12
_INFO = (
    *(col(RightsImage.right_id), col(RightsImage.number), col(RightsImage.media_type)),
    *(col(RightsImage.width), col(RightsImage.height), col(RightsImage.sha256)),
)


async def keep_image(session: AsyncSession, values: Mapping[str, Any]) -> None:
    """Put a picture in its place; what was there is gone."""
    new = insert(RightsImage).values(**values)
    written = {name: new.excluded[name] for name in values if name not in {"right_id", "number"}}
    await session.execute(new.on_conflict_do_update(index_elements=["right_id", "number"], set_=written))


async def remove_image(session: AsyncSession, *, right_id: UUID, number: int, at: datetime) -> bool:
    """Take a picture away; False when there is none."""
    statement = (
        update(RightsImage)
        .where(
            col(RightsImage.right_id) == right_id,
            col(RightsImage.number) == number,
            col(RightsImage.content).is_not(None),
        )
        .values(content=None, changed_at=at)
        .returning(col(RightsImage.number))
        .execution_options(synchronize_session=False)
    )
    return (await session.execute(statement)).first() is not None


async def infos_of(session: AsyncSession, *, right_ids: Collection[UUID]) -> Mapping[UUID, Sequence[ImageInfo]]:
    """Return what pictures some rights have, by right and in order, without their bytes."""
    query = (
        select(*_INFO)  # type: ignore[call-overload]
        .where(col(RightsImage.right_id).in_(right_ids), col(RightsImage.content).is_not(None))
        .order_by(col(RightsImage.right_id), col(RightsImage.number))
    )
    found = defaultdict[UUID, list[ImageInfo]](list)
    for row in (await session.execute(query)).all():
        found[row.right_id].append(ImageInfo(*row))
    return found


async def find_info(session: AsyncSession, *, right_id: UUID, number: int, published: bool) -> ImageInfo | None:
    """Return a picture of a right without its bytes; with `published` only of one that customers see."""
    query = select(*_INFO).where(  # type: ignore[call-overload]
        col(RightsImage.right_id) == right_id,
        col(RightsImage.number) == number,
        col(RightsImage.content).is_not(None),
    )
    if published:
        query = query.join(RightsItem, col(RightsItem.id) == col(RightsImage.right_id)).where(
            col(RightsItem.state).in_((RightState.PUBLISHED, RightState.SUSPENDED))
        )
    row = (await session.execute(query)).first()
    return None if row is None else ImageInfo(*row)


async def read_content(session: AsyncSession, info: ImageInfo) -> bytes | None:
    """Return the bytes of a picture as it was found; None when it was changed since."""
    query = select(RightsImage.content).where(
        RightsImage.right_id == info.right_id, RightsImage.number == info.number, RightsImage.sha256 == info.sha256
    )
    return (await session.exec(query)).first()
