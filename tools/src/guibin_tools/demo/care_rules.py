"""By which rules the nights of the demo bank open opportunities: few customers come to have these tags at once."""

from typing import Final

from guibin.care.models import NeedCategory
from guibin.care.opportunities.terms import OpportunityRule

_YUAN: Final = 100

OPPORTUNITY_RULES: Final = (
    OpportunityRule(
        code="near_1m_vip_wealth", tag="near_1m", product_code="PF203", due_days=14, amount_fen=200_000 * _YUAN
    ),
    OpportunityRule(code="health_of_savers", tag="pension_saver", need=NeedCategory.HEALTH, due_days=21),
)
"""Who is close to a million is offered the wealth product of VIP customers; who saves for old age, a check-up."""
