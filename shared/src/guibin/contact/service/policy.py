"""The policy itself: a version is submitted by one person and in force once another agrees."""

from types import MappingProxyType
from typing import Any, Final

from guibin.approvals.handlers import ApprovalContext, Label
from guibin.approvals.terms.service import StandingTerms
from guibin.contact.models import ContactPolicy
from guibin.contact.rules import DEFAULT_TERMS, Terms
from guibin.core import clock
from guibin.security.actors import Domain


class ContactTerms(StandingTerms[ContactPolicy, Terms]):
    """All versions of the policy; what was decided before keeps the version that decided it."""

    table = ContactPolicy
    default = DEFAULT_TERMS
    called = "contact_policy"
    kind = "contact.policy"
    domain = Domain.CARE
    title = Label("触达规则", "Contact policy")
    labels = MappingProxyType(
        {
            "before": Label("现行规则", "Terms in force"),
            "after": Label("拟定规则", "Terms submitted"),
            "quiet": Label("免打扰时段", "Quiet hours"),
            "holiday_quiet": Label("节假日免打扰时段", "Quiet hours of holidays"),
            "caps": Label("每月营销触达上限（按渠道）", "Offers a month by channel"),
            "cap_in_all": Label("每月营销触达总上限", "Offers a month in all"),
            "product_pushes": Label("同一产品每季度推介上限", "Offers of one product a quarter"),
            "held_minutes": Label("名额保留分钟数", "Minutes for which a place is held"),
        }
    )

    def version_of(self, version: int, terms: dict[str, Any], context: ApprovalContext) -> ContactPolicy:
        """Return the row of a version, with who asked for it."""
        return ContactPolicy(version=version, terms=terms, in_force_from=clock.now(), set_by=context.maker_id)


CONTACT_TERMS: Final = ContactTerms()
