"""What the bank port says of approvals."""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import Field

from guibin.approvals.models import Approval, ApprovalState
from guibin.core.ids import ApprovalId, StaffId
from guibin.core.money import Cny
from guibin.core.text import Note
from guibin.web import OutModel, StrictModel


class SubmittedOut(OutModel):
    """The answer of every command that waits for another person (202)."""

    approval_id: ApprovalId
    status: Literal["pending"] = "pending"

    @classmethod
    def of(cls, approval: Approval) -> "SubmittedOut":
        """Describe a new approval."""
        return cls(approval_id=approval.id)


class ApprovalOut(OutModel):
    """An approval as makers and approvers see it."""

    id: ApprovalId
    kind: str = Field(examples=["tag.publish"])
    domain: str = Field(examples=["tags"])
    subject: str = Field(description="Public id or code of what is changed")
    state: ApprovalState
    payload: dict[str, Any] = Field(description="The command, exactly as it will be carried out")
    payload_hash: str = Field(description="SHA-256 of the payload; send it with the decision")
    preview: dict[str, Any] = Field(description="What the approver looks at: a difference, a count, a cost")
    cost: Cny | None = Field(description="Cost to the bank in CNY")
    maker_id: StaffId
    failure: str | None = Field(description="Code of the refusal when the command failed")
    created_at: datetime
    expires_at: datetime
    decided_at: datetime | None

    @classmethod
    def of(cls, row: Approval) -> "ApprovalOut":
        """Describe a row."""
        return cls(
            id=row.id,
            kind=row.kind,
            domain=row.domain,
            subject=row.subject,
            state=ApprovalState(row.state),
            payload=row.payload,
            payload_hash=row.payload_hash.hex(),
            preview=row.preview,
            cost=row.cost_fen,
            maker_id=row.maker_id,
            failure=row.failure,
            created_at=row.created_at,
            expires_at=row.expires_at,
            decided_at=row.decided_at,
        )


class DecisionIn(StrictModel):
    """A person's decision."""

    payload_hash: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")] | None = Field(
        default=None, description="Hash of the payload that was read; another one is refused"
    )
    comment: Annotated[str, Note(200)] | None = Field(default=None, examples=["figures checked"])
