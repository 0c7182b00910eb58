"""What the bank says and takes about customers' sessions."""

from typing import Annotated

from pydantic import Field

from guibin.core.text import Note
from guibin.web import OutModel, StrictModel


class RevokeIn(StrictModel):
    """Why."""

    reason: Annotated[str, Note(500)] = Field(description="Kept in the audit trail", examples=["客户来电报失手机"])


class RevokedOut(OutModel):
    """What came of it."""

    sessions: int = Field(description="How many sessions were ended")
