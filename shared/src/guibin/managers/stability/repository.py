"""SQL of successions and wishes."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final
from uuid import UUID

from sqlalchemy import ColumnElement, exists, func, select, text, update
from sqlmodel import col
from sqlmodel import select as select_rows
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.core.arrays import among
from guibin.core.ids import new_id
from guibin.customers.repository import visible
from guibin.managers.models import Coverage, CoverageRole, Manager
from guibin.managers.repository.coverage import is_open
from guibin.managers.stability.models import ManagerWish, Succession, SuccessionState, Wish, WishState
from guibin.organisation.models import Staff
from guibin.security.actors import Scope

# A night begins many thousands at once.
_BEGIN: Final = text(
    "INSERT INTO succession (customer_id, id, successor_id, cause, started_on, due_on, state)"
    " SELECT k.customer_id, k.id, k.successor_id, k.cause, :started_on, :due_on, 'open'"
    " FROM unnest(CAST(:customers AS uuid[]), CAST(:ids AS uuid[]), CAST(:successors AS uuid[]),"
    " CAST(:causes AS text[])) AS k(customer_id, id, successor_id, cause)"
)


@dataclass(frozen=True)
class Due:
    """An open succession whose time has come, or whose present manager is gone; `primary` is the present coverage.

    `is_here` says whether the successor still works, `keeps` whether the customer wishes to keep the present manager.
    """

    succession: Succession
    primary: Coverage | None
    is_here: bool
    keeps: bool


def works() -> ColumnElement[bool]:
    """Return the predicate of a manager who serves customers here still."""
    return col(Manager.active) & col(Staff.active) & col(Manager.left_on).is_(None)


def wishes_to_keep() -> ColumnElement[bool]:
    """Return the predicate of a coverage whose customer wishes to keep the manager, and nobody has declined it."""
    return exists().where(
        col(ManagerWish.customer_id) == col(Coverage.customer_id),
        col(ManagerWish.manager_id) == col(Coverage.manager_id),
        col(ManagerWish.wish) == Wish.KEEP,
        col(ManagerWish.state).in_((WishState.OPEN, WishState.ACCEPTED)),
    )


def succession_open() -> ColumnElement[bool]:
    """Return the predicate of a coverage whose customer has a manager who is coming."""
    return exists().where(
        col(Succession.customer_id) == col(Coverage.customer_id), col(Succession.state) == SuccessionState.OPEN
    )


async def begin_successions(
    session: AsyncSession,
    causes: Mapping[UUID, str],
    successors: Mapping[UUID, UUID],
    *,
    started_on: date,
    due_on: date,
) -> None:
    """Let managers be on their way to customers; `causes` and `successors` are by customer."""
    if not causes:
        return
    await session.execute(
        _BEGIN,
        {
            "customers": list(causes),
            "ids": [new_id() for _ in causes],
            "successors": [successors[one] for one in causes],
            "causes": list(causes.values()),
            "started_on": started_on,
            "due_on": due_on,
        },
    )


async def due_successions(session: AsyncSession, day: date) -> list[Due]:
    """Return the open successions that are due on a day, and those whose customers have lost the present manager."""
    keeps = func.coalesce(wishes_to_keep(), False)
    successor = (
        select(works())
        .join(Staff, col(Staff.id) == col(Manager.staff_id))
        .where(col(Manager.id) == col(Succession.successor_id))
        .scalar_subquery()
    )
    present = (
        select(works())
        .join(Staff, col(Staff.id) == col(Manager.staff_id))
        .where(col(Manager.id) == col(Coverage.manager_id))
        .scalar_subquery()
    )
    query = (
        select(Succession, Coverage, successor, keeps)
        .join(Coverage, (col(Coverage.customer_id) == col(Succession.customer_id)) & is_open(), isouter=True)
        .where(col(Succession.state) == SuccessionState.OPEN)
        .where((col(Succession.due_on) <= day) | func.coalesce(present, False).is_(False) | keeps)
    )
    rows = (await session.execute(query.execution_options(populate_existing=True))).all()
    return [Due(*row) for row in rows]


async def open_successions(session: AsyncSession, customer_ids: Collection[UUID]) -> Sequence[Succession]:
    """Return who is coming to some customers."""
    query = select_rows(Succession).where(
        among(col(Succession.customer_id), customer_ids), col(Succession.state) == SuccessionState.OPEN
    )
    return (await session.exec(query.execution_options(populate_existing=True))).all()


async def end_successions(
    session: AsyncSession, customer_ids: Collection[UUID], *, state: SuccessionState, on_day: date
) -> None:
    """Let the open successions of some customers be over."""
    if not customer_ids:
        return
    await session.execute(
        update(Succession)
        .where(among(col(Succession.customer_id), customer_ids), col(Succession.state) == SuccessionState.OPEN)
        .values(state=state, ended_on=on_day)
        .execution_options(synchronize_session=False)
    )


async def seconds_of(session: AsyncSession, successions: Collection[Succession]) -> Sequence[Coverage]:
    """Return the coverage in the second role of those who are coming."""
    coming = {(one.customer_id, one.successor_id) for one in successions}
    query = select_rows(Coverage).where(
        among(col(Coverage.customer_id), {customer_id for customer_id, _ in coming}),
        col(Coverage.role) == CoverageRole.SECOND,
        col(Coverage.valid_to).is_(None),
    )
    rows = (await session.exec(query.execution_options(populate_existing=True))).all()
    return [row for row in rows if (row.customer_id, row.manager_id) in coming]


async def lock_wishes(session: AsyncSession, customer_id: UUID) -> None:
    """Let the wishes of a customer come one after the other."""
    key = {"key": f"manager_wish:{customer_id}"}
    await session.execute(text("SELECT pg_advisory_xact_lock(hashtextextended(:key, 0))"), key)


async def latest_wish(session: AsyncSession, *, customer_id: UUID) -> ManagerWish | None:
    """Return the last wish that a customer uttered."""
    query = select_rows(ManagerWish).where(ManagerWish.customer_id == customer_id)
    query = query.order_by(col(ManagerWish.id).desc()).limit(1).execution_options(populate_existing=True)
    return (await session.exec(query)).first()


async def supersede_wishes(session: AsyncSession, customer_ids: Collection[UUID]) -> None:
    """Let the open wishes of some customers not count any more."""
    await session.execute(
        update(ManagerWish)
        .where(among(col(ManagerWish.customer_id), customer_ids), col(ManagerWish.state) == WishState.OPEN)
        .values(state=WishState.SUPERSEDED)
        .execution_options(synchronize_session=False)
    )


async def answer_wish(
    session: AsyncSession, *, customer_id: UUID, state: WishState, by: UUID, at: datetime
) -> ManagerWish | None:
    """Answer a customer's open wish; None where there is none."""
    statement = (
        update(ManagerWish)
        .where(col(ManagerWish.customer_id) == customer_id, col(ManagerWish.state) == WishState.OPEN)
        .values(state=state, answered_by=by, answered_at=at)
        .returning(ManagerWish)
    )
    return (await session.execute(statement)).scalars().first()


async def list_wishes(
    session: AsyncSession, scope: Scope, *, state: WishState | None, limit: int, after: UUID | None
) -> Sequence[ManagerWish]:
    """Return what customers wish, in the order in which they said it."""
    query = select_rows(ManagerWish).where(visible(scope, col(ManagerWish.customer_id))).order_by(col(ManagerWish.id))
    if state is not None:
        query = query.where(ManagerWish.state == state)
    if after is not None:
        query = query.where(col(ManagerWish.id) > after)
    return (await session.exec(query.limit(limit))).all()
