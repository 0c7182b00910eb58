"""The terms of coverage: those in force, and how others take their place."""

from types import MappingProxyType
from typing import Any, Final

from guibin.approvals.handlers import ApprovalContext, Label
from guibin.approvals.terms.service import StandingTerms
from guibin.core import clock
from guibin.managers.terms.models import CoverageTermsVersion
from guibin.managers.terms.rules import Terms
from guibin.security.actors import Domain


class CoverageTerms(StandingTerms[CoverageTermsVersion, Terms]):
    """On which terms customers keep, change and lose their managers, from the next night on."""

    table = CoverageTermsVersion
    default = Terms()
    called = "coverage_terms"
    kind = "coverage.terms"
    domain = Domain.MANAGERS
    title = Label("变更管户规则参数", "Change the terms of coverage")
    labels = MappingProxyType(
        {
            "before": Label("现行参数", "In force"),
            "after": Label("拟生效参数", "Submitted"),
            "settle_months": Label("新层级稳定月数", "Months at a tier before it changes a manager"),
            "joint_days": Label("共同服务天数", "Days on which both serve"),
            "accompanied_days": Label("交接陪同天数", "Days of joint contact after a change"),
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

    def version_of(self, version: int, terms: dict[str, Any], context: ApprovalContext) -> CoverageTermsVersion:
        """Return the row of a version, with the approval."""
        return CoverageTermsVersion(
            version=version, terms=terms, approval_id=context.approval_id, decided_at=clock.now()
        )


COVERAGE_TERMS: Final = CoverageTerms()
