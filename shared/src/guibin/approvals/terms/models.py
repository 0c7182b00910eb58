"""The columns of a version of terms."""

from typing import Any

from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

from guibin.core.models import SQLModel


class TermsVersion(SQLModel):
    """A version of terms, never written again; the highest is in force. Its table adds when and by whom."""

    version: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    terms: dict[str, Any] = Field(sa_type=JSONB)
