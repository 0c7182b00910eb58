"""Pictures of rights."""

from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import CheckConstraint, LargeBinary, SmallInteger
from sqlmodel import Field

from guibin.core.models import SQLModel, distributed, instant, one_of, text_column
from guibin.core.pictures import PictureKind

MOST_IMAGES: Final = 5
MOST_IMAGE_BYTES: Final = 512 * 1024


class RightsImage(SQLModel, table=True):
    """A picture of a right (权益图片), the first of which stands in lists; one that was removed keeps its row."""

    __tablename__ = "rights_image"
    __table_args__ = (
        one_of("media_type", PictureKind),
        CheckConstraint(f"number BETWEEN 1 AND {MOST_IMAGES}", name="number_in_range"),
        CheckConstraint(f"octet_length(content) BETWEEN 1 AND {MOST_IMAGE_BYTES}", name="content_in_bounds"),
        CheckConstraint("octet_length(sha256) = 32", name="sha256_whole"),
        CheckConstraint("width > 0 AND height > 0", name="sides_positive"),
        distributed("right_id", "rights_stock"),
    )

    right_id: UUID = Field(primary_key=True, foreign_key="rights_item.id")
    number: int = Field(primary_key=True, sa_type=SmallInteger)
    media_type: str = text_column(description="As the content says")
    width: int
    height: int
    sha256: bytes = Field(sa_type=LargeBinary, description="Of the content: the version of the picture")
    content: bytes | None = Field(default=None, sa_type=LargeBinary, description="None once it was removed")
    changed_at: datetime = instant()
