"""All SQL of budgets and kill switches. Neither is a customer's data, so there is no scope here."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy import update as sql_update
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.organisation.models import Branch
from guibin.programme.models import Budget, BudgetDraw, KillSwitch

# The bound is held by the row itself: whoever waits for its lock is measured by what the one before has left.
_DRAW = text(
    """
    WITH drawn AS (
        UPDATE budget SET points_spent = points_spent + :points, fen_spent = fen_spent + :fen
         WHERE branch_id = (SELECT id FROM branch WHERE code = :branch) AND year = :year AND line = :line
           AND (points_limit IS NULL OR points_spent + :points <= points_limit)
           AND (fen_limit IS NULL OR fen_spent + :fen <= fen_limit)
        RETURNING branch_id, id)
    INSERT INTO budget_draw (branch_id, budget_id, source_kind, source_id, points, fen, drawn_at)
    SELECT branch_id, id, :source_kind, :source_id, :points, :fen, :at FROM drawn
    RETURNING budget_id
    """
)

_DRAW_ALL = text(
    """
    WITH asked AS (
        SELECT * FROM unnest(CAST(:sources AS text[]), CAST(:points AS bigint[]), CAST(:fen AS bigint[]))
               AS k(source_id, points, fen)
    ), total AS (
        SELECT CAST(sum(points) AS bigint) AS points, CAST(sum(fen) AS bigint) AS fen FROM asked
    ), drawn AS (
        UPDATE budget b SET points_spent = b.points_spent + t.points, fen_spent = b.fen_spent + t.fen
          FROM total t
         WHERE b.branch_id = (SELECT id FROM branch WHERE code = :branch) AND b.year = :year AND b.line = :line
           AND (b.points_limit IS NULL OR b.points_spent + t.points <= b.points_limit)
           AND (b.fen_limit IS NULL OR b.fen_spent + t.fen <= b.fen_limit)
        RETURNING b.branch_id, b.id)
    INSERT INTO budget_draw (branch_id, budget_id, source_kind, source_id, points, fen, drawn_at)
    SELECT d.branch_id, d.id, :source_kind, a.source_id, a.points, a.fen, :at FROM drawn d, asked a
    RETURNING budget_id
    """
)


async def draw_all(
    session: AsyncSession,
    draws: Sequence[tuple[str, int, int]],
    *,
    branch: str,
    year: int,
    line: str,
    source_kind: str,
    at: datetime,
) -> bool:
    """Take many draws (source id, points, fen) from a budget in one statement; False when it has not that much left."""
    values: dict[str, Any] = {"branch": branch, "year": year, "line": line, "source_kind": source_kind, "at": at}
    drawn = await session.execute(
        _DRAW_ALL,
        values
        | {
            "sources": [source for source, _, _ in draws],
            "points": [points for _, points, _ in draws],
            "fen": [fen for _, _, fen in draws],
        },
    )
    return drawn.first() is not None


async def draw(
    session: AsyncSession,
    *,
    branch: str,
    year: int,
    line: str,
    source_kind: str,
    source_id: str,
    points: int,
    fen: int,
    at: datetime,
) -> bool:
    """Take from a budget; False when it has not that much left, or when there is none, and nothing is taken."""
    values: dict[str, Any] = {"branch": branch, "year": year, "line": line, "points": points, "fen": fen, "at": at}
    drawn = await session.execute(_DRAW, values | {"source_kind": source_kind, "source_id": source_id})
    return drawn.first() is not None


async def lock_draw(session: AsyncSession, *, source_kind: str, source_id: str) -> BudgetDraw | None:
    """Lock what a source has taken from a budget; None when it has taken nothing."""
    find = select(BudgetDraw.branch_id, BudgetDraw.budget_id).where(
        BudgetDraw.source_kind == source_kind, BudgetDraw.source_id == source_id
    )
    found = (await session.exec(find)).first()
    if found is None:
        return None
    query = select(BudgetDraw).where(
        BudgetDraw.branch_id == found[0],
        BudgetDraw.budget_id == found[1],
        BudgetDraw.source_kind == source_kind,
        BudgetDraw.source_id == source_id,
    )
    return (await session.exec(query.with_for_update().execution_options(populate_existing=True))).one()


async def give_back(session: AsyncSession, draw: BudgetDraw, *, points: int, fen: int) -> None:
    """Give a part of a locked draw back to its budget."""
    await session.execute(
        sql_update(BudgetDraw)
        .where(
            col(BudgetDraw.branch_id) == draw.branch_id,
            col(BudgetDraw.budget_id) == draw.budget_id,
            col(BudgetDraw.source_kind) == draw.source_kind,
            col(BudgetDraw.source_id) == draw.source_id,
        )
        .values(points=BudgetDraw.points - points, fen=BudgetDraw.fen - fen)
        .execution_options(synchronize_session=False)
    )
    await session.execute(
        sql_update(Budget)
        .where(col(Budget.branch_id) == draw.branch_id, col(Budget.id) == draw.budget_id)
        .values(points_spent=Budget.points_spent - points, fen_spent=Budget.fen_spent - fen)
        .execution_options(synchronize_session=False)
    )


async def find_budget(session: AsyncSession, *, branch: str, year: int, line: str) -> Budget | None:
    """Return the budget of a branch, given by its code, for a year and a line."""
    query = (
        select(Budget)
        .join(Branch, col(Branch.id) == col(Budget.branch_id))
        .where(Branch.code == branch, Budget.year == year, Budget.line == line)
    )
    return (await session.exec(query.execution_options(populate_existing=True))).first()


async def find_budgets(session: AsyncSession, *, branches: Collection[str], year: int) -> dict[tuple[str, str], Budget]:
    """Return the budgets of some branches in a year, by code of the branch and line."""
    query = (
        select(Branch.code, Budget)
        .join(Branch, col(Branch.id) == col(Budget.branch_id))
        .where(col(Branch.code).in_(set(branches)), Budget.year == year)
    )
    rows = (await session.exec(query.execution_options(populate_existing=True))).all()
    return {(code, budget.line): budget for code, budget in rows}


async def list_budgets(
    session: AsyncSession, *, year: int | None, after: tuple[datetime, UUID] | None, limit: int
) -> Sequence[tuple[Budget, str]]:
    """Return budgets with the codes of their branches, the oldest first."""
    query = select(Budget, Branch.code).join(Branch, col(Branch.id) == col(Budget.branch_id))
    if year is not None:
        query = query.where(Budget.year == year)
    if after is not None:
        moment, budget_id = after
        query = query.where(
            (col(Budget.created_at) > moment) | ((col(Budget.created_at) == moment) & (col(Budget.id) > budget_id))
        )
    query = query.order_by(col(Budget.created_at), col(Budget.id)).limit(limit)
    return (await session.exec(query.execution_options(populate_existing=True))).all()


async def add_budget(session: AsyncSession, budget: Budget) -> bool:
    """Add a budget; False when the branch has one for this year and line."""
    statement = insert(Budget).values(budget.model_dump()).on_conflict_do_nothing().returning(col(Budget.id))
    return (await session.execute(statement)).first() is not None


async def set_limits(
    session: AsyncSession, *, branch_id: UUID, budget_id: UUID, points_limit: int | None, fen_limit: int | None
) -> bool:
    """Write the bounds of a budget; False when more was spent than they allow."""
    statement = (
        sql_update(Budget)
        .where(col(Budget.branch_id) == branch_id, col(Budget.id) == budget_id)
        .values(points_limit=points_limit, fen_limit=fen_limit)
        .returning(col(Budget.id))
        .execution_options(synchronize_session=False)
    )
    for column, limit in ((col(Budget.points_spent), points_limit), (col(Budget.fen_spent), fen_limit)):
        if limit is not None:
            statement = statement.where(column <= limit)
    return (await session.execute(statement)).first() is not None


async def find_branch(session: AsyncSession, *, branch_id: UUID) -> Branch | None:
    """Return one branch."""
    return (await session.exec(select(Branch).where(Branch.id == branch_id))).first()


async def find_branch_codes(session: AsyncSession, *, codes: Collection[str]) -> set[str]:
    """Return which of some codes are branches."""
    return set((await session.exec(select(Branch.code).where(col(Branch.code).in_(set(codes))))).all())


async def list_stopped(session: AsyncSession, *, earning: bool) -> Sequence[tuple[str, str]]:
    """Return target and subject of what is stopped of earning, or of spending: what either port may read of them."""
    stopped = col(KillSwitch.earning) if earning else col(KillSwitch.spending)
    return (await session.exec(select(KillSwitch.target, KillSwitch.subject).where(stopped))).all()


async def list_switches(session: AsyncSession) -> Sequence[KillSwitch]:
    """Return everything that is stopped or ever was, by target and subject."""
    query = select(KillSwitch).order_by(col(KillSwitch.target), col(KillSwitch.subject))
    return (await session.exec(query.execution_options(populate_existing=True))).all()


async def put_switch(session: AsyncSession, switch: KillSwitch) -> None:
    """Write a switch in place of the one before."""
    statement = insert(KillSwitch).values(switch.model_dump())
    keys = {"target", "subject"}
    changed = {name: statement.excluded[name] for name in KillSwitch.model_fields if name not in keys}
    await session.execute(statement.on_conflict_do_update(index_elements=sorted(keys), set_=changed))
