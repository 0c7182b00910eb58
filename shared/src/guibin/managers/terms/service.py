"""The terms in force, and how another person agrees to others."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.approvals import service as approvals
from guibin.approvals.errors import StateConflict
from guibin.approvals.handlers import ApprovalContext, ApprovalHandler, Label
from guibin.approvals.models import Approval
from guibin.audit import service as audit
from guibin.core import clock
from guibin.managers.terms.models import CoverageTermsVersion
from guibin.managers.terms.rules import Terms
from guibin.organisation.errors import NothingToChange
from guibin.security.actors import Actor, Domain


async def terms_in_force(session: AsyncSession) -> tuple[int, Terms]:
    """Return the terms in force with their version; version 0 is what a bank starts from."""
    query = select(CoverageTermsVersion).order_by(col(CoverageTermsVersion.version).desc()).limit(1)
    found = (await session.exec(query)).first()
    return (found.version, Terms.model_validate(found.terms)) if found else (0, Terms())


async def submit_terms(session: AsyncSession, *, actor: Actor, terms: Terms) -> Approval:
    """Ask another person for other terms.

    Raises:
        NothingToChange: these are the terms.
    """
    version, present = await terms_in_force(session)
    if present == terms:
        raise NothingToChange
    before, after = present.model_dump(mode="json"), terms.model_dump(mode="json")
    changed = {name for name in after if before[name] != after[name]}
    return await approvals.submit(
        session,
        actor=actor,
        kind=TermsChange.kind,
        domain=TermsChange.domain,
        subject="",
        payload={"version": version, "terms": after},
        preview={"before": _only(before, changed), "after": _only(after, changed)},
    )


def _only(terms: Mapping[str, Any], names: set[str]) -> dict[str, Any]:
    return {name: value for name, value in terms.items() if name in names}


class TermsChange(ApprovalHandler):
    """Puts other terms in force from the next night on."""

    kind = "coverage.terms"
    domain = Domain.MANAGERS
    title = Label("变更管户规则参数", "Change the terms of coverage")
    labels = MappingProxyType(
        {
            "before": Label("现行参数", "In force"),
            "after": Label("拟生效参数", "Submitted"),
            "settle_months": Label("新层级稳定月数", "Months at a tier before it changes a manager"),
            "joint_days": Label("共同服务天数", "Days on which both serve"),
            "most_managers": Label("24 个月内经理人数上限", "Most managers in 24 months"),
            "pool_notice_months": Label("回收预警月数", "Months until the notice of a return to the pool"),
            "pool_months": Label("回收月数", "Months until the return to the pool"),
            "double_credit_months": Label("双算月数", "Months of double credit"),
            "claim_days": Label("认领保护天数", "Days for which a claim counts"),
            "claim_cool_down_days": Label("认领冷却天数", "Days of cool-down after a claim"),
            "claim_dispute_days": Label("认领异议期天数", "Days on which a claim can be disputed"),
            "plan_weights": Label("分配方案权重", "Weights of plans"),
            "distance": Label("机构距离", "Distance"),
            "other_city": Label("异地", "Another city"),
            "second_choice": Label("次选职级", "Second choice"),
            "missing_skill": Label("技能缺口", "Missing skill"),
            "passed_claim": Label("未按认领分配", "Another one than has the claim"),
            "broken_relationship": Label("关系中断", "Broken relationship"),
            "load": Label("负荷", "Load"),
            "above_soft": Label("超过预警上限", "Above the soft maximum"),
            "pool_highest_tier": Label("可回收的最高层级", "Highest tier that returns to the pool"),
        }
    )

    async def execute(self, session: AsyncSession, payload: Mapping[str, object], *, context: ApprovalContext) -> None:
        """Write the next version.

        Raises:
            StateConflict: other terms came into force since.
        """
        version, _ = await terms_in_force(session)
        if version != payload["version"]:
            raise StateConflict(**{"from": "changed", "to": "changed"})
        terms = Terms.model_validate(payload["terms"])
        session.add(
            CoverageTermsVersion(
                version=version + 1,
                terms=terms.model_dump(mode="json"),
                approval_id=context.approval_id,
                decided_at=clock.now(),
            )
        )
        await audit.record(
            session,
            actor=context.approver,
            action=self.kind,
            object_type="coverage_terms",
            object_id=str(version + 1),
            facts={"after": payload["terms"]},
        )
