"""What the bank port says of the audit trail."""

from datetime import datetime
from typing import Any

from pydantic import Field

from guibin.core.ids import AuditId
from guibin.web import OutModel


class AuditEntryOut(OutModel):
    """Who did what to what, when, with which result."""

    id: AuditId
    at: datetime
    actor_kind: str = Field(examples=["staff"])
    actor_id: str = Field(description="Id without prefix: the actor's kind stands beside it")
    roles: str
    action: str = Field(examples=["points.adjust"])
    object_type: str
    object_id: str
    scope: str = Field(description="Whose data the actor could reach")
    reason: str | None
    result: str
    request_id: str | None
    facts: dict[str, Any]
