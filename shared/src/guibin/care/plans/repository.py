"""All SQL of care plans themselves; what the night makes of them is in `calendar_repository`."""

from collections.abc import Sequence
from datetime import date

from sqlalchemy import update
from sqlmodel import col
from sqlmodel import select as select_rows
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.care.plans.models import CarePlan, PlanState


async def active_plan(session: AsyncSession) -> CarePlan | None:
    """Return the plan in force."""
    return (await session.exec(select_rows(CarePlan).where(CarePlan.state == PlanState.ACTIVE))).first()


async def due_plans(session: AsyncSession, day: date) -> Sequence[CarePlan]:
    """Return the plans that wait for their first day and whose day has come, in the order of their days."""
    query = (
        select_rows(CarePlan)
        .where(CarePlan.state == PlanState.SCHEDULED, col(CarePlan.effective_from) <= day)
        .order_by(col(CarePlan.effective_from), col(CarePlan.activated_at))
    )
    return (await session.exec(query.execution_options(populate_existing=True))).all()


async def retire_active(session: AsyncSession, *, on_day: date) -> None:
    """End the plan in force with the day before `on_day`."""
    values = {"state": PlanState.REPLACED, "in_force_to": on_day}
    await session.execute(update(CarePlan).where(col(CarePlan.state) == PlanState.ACTIVE).values(values))
    await session.flush()
