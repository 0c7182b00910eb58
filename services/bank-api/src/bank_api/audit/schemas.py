"""What the bank port says of the audit trail."""

from datetime import datetime
from typing import Any

from pydantic import Field

from guibin.core.ids import AuditId
from guibin.web import OutModel


class AuditEntryOut(OutModel):
    """Who did what to what, when, from where, by which permission, with which result."""

    id: AuditId
    at: datetime
    actor_kind: str = Field(examples=["staff"])
    actor_id: str = Field(description="Id without prefix: the actor's kind stands beside it")
    roles: str
    on_behalf_id: str | None = Field(description="Whose command it is, or for whom the actor stands in; without prefix")
    action: str = Field(description="A word of the domain, or the operation's id", examples=["points.adjust"])
    object_type: str
    object_id: str
    permission: str = Field(description="What the route asked of the actor", examples=["submit points"])
    scope: str = Field(description="Whose data the actor could reach")
    reason: str | None
    ticket: str | None
    result: str = Field(description="`done`, a step of an approval, or the code of a refusal")
    ip: str | None
    device: str | None = Field(description="A hash: equal for equal devices")
    request_id: str | None
    changes: dict[str, list[str | None]] = Field(description="Changed fields with keyed hashes before and after")
    facts: dict[str, Any]
