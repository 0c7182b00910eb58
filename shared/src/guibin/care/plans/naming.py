"""Which tags care plans name, for those who ask before a tag goes."""

from collections.abc import Sequence
from typing import Final

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.care.plans.models import CarePlan, PlanState
from guibin.care.plans.terms import PlanTerms
from guibin.core.ids import to_public
from guibin.tags.lineage.users import User


class CarePlansByTags:
    """Plans whose rules open opportunities for holders of tags."""

    async def list_users(self, session: AsyncSession) -> Sequence[User]:
        """Return all plans that have not been replaced."""
        plans = (await session.exec(select(CarePlan).where(col(CarePlan.state) != PlanState.REPLACED))).all()
        return [
            User(
                "care_plan",
                to_public("cpl", plan.id),
                plan.name,
                plan.name,
                in_force=plan.state == PlanState.ACTIVE,
                tags=frozenset(rule.tag for rule in PlanTerms.read(plan.terms).opportunities.rules),
            )
            for plan in plans
        ]


CARE_PLANS_BY_TAGS: Final = CarePlansByTags()
