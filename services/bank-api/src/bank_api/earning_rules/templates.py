"""Rules of earning to begin with, on the bank port."""

from guibin.points.earning.templates import TEMPLATES
from guibin.security.actors import Domain, Verb
from guibin.web import DataClass, PortRouter, RateClass, StaffCall, declare, staff

from .schemas import EarningTemplateOut, EarningTemplatesOut

router = PortRouter(prefix="/v1/earning-rule-templates", tags=["earning rules"])


@router.get("", operation_id="listEarningRuleTemplates")
@declare(caller=staff(Verb.READ, Domain.POINTS), rate=RateClass.READ, data=DataClass.C1)
async def list_templates(_call: StaffCall) -> EarningTemplatesOut:
    """List rules to begin with: `terms` of one, under a code of your own, are the body of a new draft."""
    return EarningTemplatesOut(items=[EarningTemplateOut.of(one) for one in TEMPLATES])
