"""How a kind of command is approved is itself changed by two people."""

from collections.abc import Mapping
from types import MappingProxyType

from pydantic import BaseModel, ConfigDict
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.approvals import repository
from guibin.approvals.errors import StateConflict
from guibin.approvals.handlers import APPROVAL_HANDLERS, ApprovalContext, ApprovalHandler, Label
from guibin.approvals.models import Approval
from guibin.approvals.rules import Rule
from guibin.approvals.service.submitting import submit
from guibin.audit import service as audit
from guibin.core.errors import NotFound
from guibin.core.money import Cny
from guibin.security.actors import Actor, Domain


class RuleDocument(BaseModel):
    """A rule as it stands in payload and preview."""

    model_config = ConfigDict(frozen=True, from_attributes=True)

    business_days: int
    approvers: int
    threshold_fen: Cny | None
    approvers_above: int
    free_items: int | None

    def rule(self) -> Rule:
        """Return the rule."""
        return Rule(self.business_days, self.approvers, self.threshold_fen, self.approvers_above, self.free_items)


async def submit_rule(session: AsyncSession, *, actor: Actor, kind: str, rule: Rule) -> Approval:
    """Ask another person to change how a kind of command is approved; open requests are decided by the new rule too.

    Raises:
        NotFound: there is no such kind.
    """
    if kind not in APPROVAL_HANDLERS:
        raise NotFound
    before = _written(await repository.rule_of(session, kind))
    after = _written(rule)
    return await submit(
        session,
        actor=actor,
        kind=RuleChange.kind,
        domain=RuleChange.domain,
        subject=kind,
        payload={"kind": kind, "before": before, "after": after},
        preview={"before": before, "after": after},
    )


def _written(rule: Rule) -> dict[str, object]:
    return RuleDocument.model_validate(rule).model_dump(mode="json")


class RuleChange(ApprovalHandler):
    """Puts another rule in force for a kind of command."""

    kind = "approval_rule.change"
    domain = Domain.ORGANISATION
    title = Label("变更审批规则", "Change how a command is approved")
    labels = MappingProxyType(
        {
            "before": Label("现行规则", "Rule in force"),
            "after": Label("拟生效规则", "Rule submitted"),
            "business_days": Label("有效工作日", "Business days"),
            "approvers": Label("审批人数", "Approvers"),
            "threshold_fen": Label("成本界限（元）", "Threshold of cost"),
            "approvers_above": Label("超过界限的审批人数", "Approvers above it"),
            "free_items": Label("免审批对象数", "Objects without approval"),
        }
    )

    async def execute(self, session: AsyncSession, payload: Mapping[str, object], *, context: ApprovalContext) -> None:
        """Write the rule.

        Raises:
            StateConflict: another one came into force since.
        """
        kind = str(payload["kind"])
        if _written(await repository.rule_of(session, kind)) != payload["before"]:
            raise StateConflict(**{"from": "changed", "to": "changed"})
        await repository.put_rule(session, kind, RuleDocument.model_validate(payload["after"]).rule())
        await audit.record(
            session,
            actor=context.approver,
            action=self.kind,
            object_type="approval_rule",
            object_id=kind,
            facts={"after": payload["after"]},
        )
