"""What the bank port says of the audit trail."""

from datetime import datetime
from typing import Any, Self

from pydantic import Field

from guibin.audit.chain import Fault
from guibin.audit.verification import Verdict
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


class BadRowOut(OutModel):
    """The first thing that is wrong with the trail."""

    fault: Fault = Field(
        description=(
            "altered, missing, inserted: the row; seal_broken: its seal; rewritten: somewhere from `seq` on;"
            " cut: from `seq` on all is gone; anchor_invalid: a signed head is not ours"
        )
    )
    seq: int | None = Field(description="Number of the seal")
    entry_id: AuditId | None
    owner_id: str | None = Field(description="The customer or actor to whom the row belongs, without prefix")


class VerdictOut(OutModel):
    """Whether the audit trail is as it was written."""

    intact: bool
    sealed: int = Field(description="Rows whose seals were found good")
    waiting: int = Field(description="Rows that no seal covers yet")
    anchors: int = Field(description="Signed heads that the chain was held against")
    first_seq: int | None = Field(
        description="Number of the first seal; above 1 the rows before it have to lie in the archive"
    )
    first_bad: BadRowOut | None

    @classmethod
    def of(cls, verdict: Verdict) -> Self:
        """Shape what the check found."""
        bad = verdict.finding
        return cls(
            intact=bad is None,
            sealed=verdict.sealed,
            waiting=verdict.waiting,
            anchors=verdict.anchors,
            first_seq=verdict.first_seq,
            first_bad=BadRowOut(
                fault=bad.fault,
                seq=bad.seq,
                entry_id=bad.entry_id,
                owner_id=str(bad.owner_id) if bad.owner_id else None,
            )
            if bad
            else None,
        )
