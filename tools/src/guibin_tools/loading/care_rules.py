"""Loading what a bank adds to the care plan that it was seeded with."""

from collections.abc import Sequence

from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.care.opportunities.terms import OpportunityRule
from guibin.care.plans.repository import active_plan
from guibin.care.plans.terms import PlanTerms


async def open_by_rules(session: AsyncSession, rules: Sequence[OpportunityRule]) -> None:
    """Let the nights open opportunities by rules. What the bank has changed since it was seeded stays."""
    plan = await active_plan(session)
    if plan is None or plan.revision > 1 or not rules:
        return
    terms = PlanTerms.read(plan.terms)
    opportunities = terms.opportunities.model_copy(update={"rules": list(rules)})
    plan.terms = terms.model_copy(update={"opportunities": opportunities}).model_dump(mode="json")
    plan.revision += 1
    session.add(plan)
