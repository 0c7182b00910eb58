"""What the bank port says and takes of approvals."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Annotated, Any, Final, Literal, Self

from pydantic import Field, model_validator

from guibin.approvals.handlers import APPROVAL_HANDLERS, Label
from guibin.approvals.models import Approval, ApprovalDecision, ApprovalState, Verdict
from guibin.approvals.rules import Rule
from guibin.core.ids import ApprovalId, StaffId
from guibin.core.invalid import invalid_input
from guibin.core.money import Cny, between
from guibin.core.text import Note
from guibin.web import OutModel, StrictModel

MOST_CHANGES = 10
MOST_FREE_ITEMS = 1_000

STATES: Final = {
    ApprovalState.PENDING: Label("待审批", "Waiting for approval"),
    ApprovalState.CHANGES_REQUESTED: Label("退回修改", "Changes requested"),
    ApprovalState.APPROVED: Label("已批准并执行", "Approved and carried out"),
    ApprovalState.REJECTED: Label("已驳回", "Rejected"),
    ApprovalState.WITHDRAWN: Label("已撤回", "Withdrawn"),
    ApprovalState.EXPIRED: Label("已过期", "Expired"),
    ApprovalState.FAILED: Label("执行失败", "Failed"),
}


class SubmittedOut(OutModel):
    """The answer of every command that waits for another person (202)."""

    approval_id: ApprovalId
    status: Literal["pending"] = "pending"

    @classmethod
    def of(cls, approval: Approval) -> "SubmittedOut":
        """Describe a new approval."""
        return cls(approval_id=approval.id)


class DecisionOut(OutModel):
    """What one person said."""

    approver_id: StaffId
    verdict: Verdict
    comment: str | None
    revision: int = Field(description="Of the payload that it was about; only decisions on the present one count")
    decided_at: datetime


class ApprovalOut(OutModel):
    """An approval as makers and approvers see it."""

    id: ApprovalId
    kind: str = Field(examples=["tag.publish"])
    kind_label: str = Field(examples=["发布标签规则"])
    domain: str = Field(examples=["tags"])
    subject: str = Field(description="Public id or code of what is changed")
    state: ApprovalState
    state_label: str = Field(examples=["待审批"])
    payload: dict[str, Any] = Field(description="The command, exactly as it will be carried out")
    payload_hash: str = Field(description="SHA-256 of the payload; send it with the decision")
    revision: int = Field(description="Counts the payloads: a request that was changed asks everybody anew")
    preview: dict[str, Any] = Field(description="What the approver looks at: a difference, a count, a cost")
    preview_labels: dict[str, str] = Field(description="What the fields of the preview are, in the caller's language")
    cost: Cny | None = Field(description="Cost to the bank in CNY")
    maker_id: StaffId
    approvers_needed: int = Field(description="How many different people must agree")
    decisions: list[DecisionOut] = Field(description="Oldest first")
    failure: str | None = Field(description="Code of the refusal when the command failed")
    created_at: datetime
    expires_at: datetime = Field(description="When it lapses if nobody decides: business days by the bank's calendar")
    decided_at: datetime | None

    @classmethod
    def of(cls, row: Approval, *, decisions: Iterable[ApprovalDecision], rule: Rule, language: str) -> "ApprovalOut":
        """Describe a row, with what people have said of it."""
        own = ("id", "kind", "domain", "subject", "payload", "revision", "preview", "maker_id", "failure")
        times = ("created_at", "expires_at", "decided_at")
        handler = APPROVAL_HANDLERS[row.kind]
        state = ApprovalState(row.state)
        return cls(
            **{name: getattr(row, name) for name in (*own, *times)},
            kind_label=handler.title.text(language),
            state=state,
            state_label=STATES[state].text(language),
            payload_hash=row.payload_hash.hex(),
            preview_labels={name: label.text(language) for name, label in handler.labels.items()},
            cost=row.cost_fen,
            approvers_needed=rule.approvers_for(row.cost_fen),
            decisions=[DecisionOut.model_validate(decision) for decision in decisions],
        )


class DecisionIn(StrictModel):
    """A person's decision."""

    payload_hash: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")] | None = Field(
        default=None,
        description="Hash of the payload that was read; another one is refused. Who agrees to a request that was"
        " amended (a revision above 1) has to send it",
    )
    comment: Annotated[str, Note(200)] | None = Field(default=None, examples=["figures checked"])


class RequestForChangesIn(StrictModel):
    """What the maker should change."""

    payload_hash: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")] | None = Field(
        default=None, description="Hash of the payload that was read; another one is refused"
    )
    comment: Annotated[str, Note(200)] = Field(examples=["请补充工单号"])


class AmendmentIn(StrictModel):
    """The request as its maker wants it now."""

    changes: dict[Annotated[str, Field(max_length=64)], Any] = Field(
        default_factory=dict,
        max_length=MOST_CHANGES,
        description="Fields of the payload with new values, for example `points` and `reason` of an adjustment. Empty"
        " for tags, schemes and rights: they are edited where they stand",
        examples=[{}],
    )


class ApprovalRuleIn(StrictModel):
    """How a kind of command shall be approved."""

    business_days: Annotated[int, Field(ge=1, le=60)] = Field(description="How long a request stays open", examples=[3])
    approvers: Annotated[int, Field(ge=1, le=5)] = Field(description="How many people must agree", examples=[1])
    threshold: Annotated[Cny, between(0)] | None = Field(
        default=None, description="Cost in CNY above which it takes `approvers_above`", examples=["50000.00"]
    )
    approvers_above: Annotated[int, Field(ge=1, le=5)] = Field(description="Not fewer than `approvers`", examples=[2])
    free_items: Annotated[int, Field(ge=0, le=MOST_FREE_ITEMS)] | None = Field(
        default=None, description="How many objects one command changes without approval"
    )

    @model_validator(mode="after")
    def _never_fewer_above(self) -> Self:
        if self.approvers_above < self.approvers:
            raise invalid_input(
                "range", "金额线以上的审批人数不能更少", "must not take fewer people above the threshold"
            )
        return self

    def rule(self) -> Rule:
        """Return the rule."""
        return Rule(self.business_days, self.approvers, self.threshold, self.approvers_above, self.free_items)


class ApprovalRuleOut(OutModel):
    """How a kind of command is approved."""

    kind: str = Field(examples=["points.adjust"])
    kind_label: str = Field(examples=["积分调整"])
    domain: str
    business_days: int = Field(description="How long a request stays open")
    approvers: int = Field(description="How many people must agree")
    threshold: Cny | None = Field(description="Cost in CNY above which it takes `approvers_above`")
    approvers_above: int
    free_items: int | None = Field(description="How many objects one command changes without approval")

    @classmethod
    def of(cls, kind: str, rule: Rule, language: str) -> "ApprovalRuleOut":
        """Describe the rule of a kind."""
        handler = APPROVAL_HANDLERS[kind]
        return cls(
            kind=kind,
            kind_label=handler.title.text(language),
            domain=handler.domain,
            business_days=rule.business_days,
            approvers=rule.approvers,
            threshold=rule.threshold_fen,
            approvers_above=rule.approvers_above,
            free_items=rule.free_items,
        )


class ApprovalRulesOut(OutModel):
    """How each kind of command is approved, by kind."""

    items: Sequence[ApprovalRuleOut]
