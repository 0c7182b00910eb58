"""All SQL of capacity: what grades carry, what tiers weigh, who may carry more for a time."""

from collections.abc import Mapping, Sequence
from datetime import date
from uuid import UUID

from sqlalchemy.dialects.postgresql import insert as upsert
from sqlmodel import col
from sqlmodel import select as select_rows
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.core.errors import NotFound
from guibin.managers.capacity.models import CapacityOverride, GradeCapacity, TierLoad


async def list_grades(session: AsyncSession) -> Sequence[GradeCapacity]:
    """Return what each grade carries."""
    return (await session.exec(select_rows(GradeCapacity).order_by(col(GradeCapacity.hard_customers).desc()))).all()


async def hard_maximum(session: AsyncSession, grade: str) -> int:
    """Return how many customers a manager of a grade may have.

    Raises:
        NotFound: nothing is said of the grade.
    """
    found = await session.get(GradeCapacity, grade)
    if found is None:
        raise NotFound
    return found.hard_customers


async def lock_grade(session: AsyncSession, grade: str) -> GradeCapacity:
    """Return what a grade carries, locked for a change.

    Raises:
        NotFound: nothing is said of the grade.
    """
    query = select_rows(GradeCapacity).where(GradeCapacity.grade == grade).with_for_update()
    found = (await session.exec(query.execution_options(populate_existing=True))).first()
    if found is None:
        raise NotFound
    return found


async def tier_minutes(session: AsyncSession) -> Mapping[str, int]:
    """Return the minutes a year that a customer of each tier takes."""
    rows = (await session.exec(select_rows(TierLoad).order_by(col(TierLoad.tier_code)))).all()
    return {row.tier_code: row.minutes for row in rows}


async def put_tier_minutes(session: AsyncSession, minutes: Mapping[str, int]) -> None:
    """Write the minutes a year of some tiers; the others stay."""
    if not minutes:
        return
    statement = upsert(TierLoad)
    await session.execute(
        statement.on_conflict_do_update(index_elements=["tier_code"], set_={"minutes": statement.excluded.minutes}),
        [{"tier_code": tier, "minutes": count} for tier, count in minutes.items()],
    )


async def list_overrides(session: AsyncSession, *, manager_id: UUID) -> Sequence[CapacityOverride]:
    """Return what was granted to a manager on top, latest first."""
    query = select_rows(CapacityOverride).where(CapacityOverride.manager_id == manager_id)
    return (await session.exec(query.order_by(col(CapacityOverride.valid_from).desc()))).all()


async def overlaps(session: AsyncSession, *, manager_id: UUID, first: date, end: date) -> bool:
    """Tell whether something is granted to a manager on a day of a period."""
    query = select_rows(CapacityOverride.id).where(
        col(CapacityOverride.manager_id) == manager_id,
        col(CapacityOverride.valid_from) < end,
        col(CapacityOverride.valid_to) > first,
    )
    return (await session.exec(query.limit(1))).first() is not None
