"""The columns that the life of a version is made of."""

from datetime import datetime
from typing import Final
from uuid import UUID

from sqlmodel import Field

from guibin.core.models import SQLModel, instant, text_column

DRAFT: Final = "draft"
PENDING: Final = "pending"


class Version(SQLModel):
    """A version of a definition; its table adds what it says, and the states after `draft` and `pending`."""

    id: UUID = Field(primary_key=True)
    state: str = text_column(default=DRAFT)
    revision: int = Field(default=1, description="Goes up with each edit; what was submitted is one revision")
    created_at: datetime = instant()
