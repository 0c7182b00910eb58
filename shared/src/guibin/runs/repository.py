"""All SQL of runs."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import func, select, text, tuple_, update
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col
from sqlmodel import select as select_rows
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.core.errors import NotFound
from guibin.customers.models import Customer
from guibin.holdings.models import LineDay
from guibin.runs.models import Run, RunState, RunStep


async def get_run(session: AsyncSession, run_id: UUID) -> Run:
    """Return one run.

    Raises:
        NotFound: there is none.
    """
    found = await session.get(Run, run_id)
    if found is None:
        raise NotFound
    return found


async def list_runs(session: AsyncSession, *, limit: int, before: tuple[datetime, UUID] | None = None) -> Sequence[Run]:
    """Return runs, newest first."""
    query = select_rows(Run).order_by(col(Run.started_at).desc(), col(Run.id).desc()).limit(limit)
    if before is not None:
        query = query.where(tuple_(col(Run.started_at), col(Run.id)) < before)
    return (await session.exec(query)).all()


async def add_run(session: AsyncSession, run: Run) -> bool:
    """Add a run; False when another open run of the same day is there."""
    statement = insert(Run).values(run.model_dump()).on_conflict_do_nothing().returning(col(Run.id))
    return (await session.execute(statement)).first() is not None


async def unfinished_run(session: AsyncSession, day: date | None = None) -> Run | None:
    """Return the oldest run that has not finished, of one day if one is given."""
    query = select_rows(Run).where(Run.state == RunState.RUNNING).order_by(col(Run.business_date)).limit(1)
    if day is not None:
        query = query.where(Run.business_date == day)
    return (await session.exec(query)).first()


async def has_run(session: AsyncSession, day: date) -> bool:
    """Tell whether a run of a day has finished or begun."""
    return (await session.exec(select_rows(Run.id).where(Run.business_date == day).limit(1))).first() is not None


async def last_closed(session: AsyncSession) -> date | None:
    """Return the latest business day that a run has finished or begun."""
    latest: date | None = (await session.execute(select(func.max(Run.business_date)))).scalar_one()
    return latest


async def steps_of(session: AsyncSession, run_id: UUID) -> Sequence[RunStep]:
    """Return the steps that a run has begun, in order."""
    query = select_rows(RunStep).where(RunStep.run_id == run_id).order_by(col(RunStep.position))
    return (await session.exec(query)).all()


async def write_step(session: AsyncSession, step: RunStep) -> None:
    """Write a step as it stands now."""
    await session.merge(step)
    await session.flush()


async def finish_run(session: AsyncSession, run_id: UUID, *, at: datetime) -> None:
    """Mark a run as finished."""
    values = {"state": RunState.FINISHED, "finished_at": at}
    await session.execute(update(Run).where(col(Run.id) == run_id).values(values))


async def expect_everybody(session: AsyncSession) -> None:
    """Let the statements of this transaction join whole tables by hash or by order.

    After a night that filled a table the planner still takes it for empty until its statistics are renewed, and would
    walk through all of it once for each customer. What they sort and hash of a large bank stays in memory.
    """
    connection = await session.connection()
    await connection.execute(text("SET LOCAL enable_nestloop = off"))
    await connection.execute(text("SET LOCAL work_mem = '64MB'"))


async def has_customers(session: AsyncSession) -> bool:
    """Tell whether there is anybody whom a night could be about."""
    return (await session.exec(select_rows(Customer.id).limit(1))).first() is not None


async def step_began(session: AsyncSession, name: str, day: date) -> datetime | None:
    """Return when a step of a business day's run began last; None where none has."""
    query = (
        select(func.max(RunStep.started_at))
        .join(Run, col(Run.id) == col(RunStep.run_id))
        .where(col(Run.business_date) == day, col(RunStep.name) == name)
    )
    began: datetime | None = (await session.execute(query)).scalar_one()
    return began


async def line_days(session: AsyncSession, day: date) -> Mapping[str, date]:
    """Return for each line the latest day, up to one, whose balances are in."""
    query = select(col(LineDay.line), func.max(LineDay.day)).where(col(LineDay.day) <= day).group_by(col(LineDay.line))
    return dict((await session.execute(query)).all())


async def take_overdue(session: AsyncSession, *, opened_before: datetime, at: datetime) -> Sequence[Run]:
    """Return the runs that were opened before a moment, have not finished and were not told of yet; they are now."""
    overdue = (
        col(Run.state) == RunState.RUNNING,
        col(Run.started_at) < opened_before,
        col(Run.overdue_told_at).is_(None),
    )
    taken = update(Run).where(*overdue).values(overdue_told_at=at).returning(Run)
    return (await session.scalars(taken)).all()
