"""All SQL of the records of care: customers' data, read and written by scope, with those who were merged away."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import func, tuple_
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.care.models import CareTask, Complaint, Need, Promise, TaskOrigin, TaskState, Touch
from guibin.care.opportunities.models import Opportunity
from guibin.core.errors import NotFound
from guibin.customers.models import Customer
from guibin.customers.origins import is_of
from guibin.customers.repository import visible
from guibin.managers.repository.coverage import open_coverages
from guibin.security.actors import Scope
from guibin.security.row_scope import all_rows

Record = TypeVar("Record", Touch, CareTask, Need, Promise, Complaint, Opportunity)
Moment = tuple[datetime, UUID]
DuePlace = tuple[date, UUID]


@dataclass(frozen=True, slots=True)
class TaskFilter:
    """Which tasks: of a customer, of some managers, in a state, due by a day."""

    state: TaskState = TaskState.OPEN
    customer_id: UUID | None = None
    manager_ids: Collection[UUID] | None = None
    due_by: date | None = None


async def insert(session: AsyncSession, *rows: Touch | CareTask | Need | Promise | Complaint | Opportunity) -> None:
    """Add rows."""
    session.add_all(rows)
    await session.flush()


async def change(session: AsyncSession, row: Record, **values: Any) -> None:
    """Write into a locked row; an editable one is another revision then."""
    for name, value in values.items():
        setattr(row, name, value)
    if not isinstance(row, Touch):
        row.revision += 1
    session.add(row)
    await session.flush()


async def find(
    session: AsyncSession, scope: Scope, model: type[Record], *, customer_id: UUID, row_id: UUID, lock: bool = False
) -> Record:
    """Return a record of a customer, locked where it is to be changed.

    Raises:
        NotFound: there is none in scope.
    """
    made: Any = model
    query = select(model).where(
        is_of(scope, col(made.customer_id), customer_id),
        visible(scope, col(made.customer_id)),
        col(made.id) == row_id,
    )
    query = query.with_for_update() if lock else query
    found = (await session.exec(query.execution_options(populate_existing=True))).first()
    if found is None:
        raise NotFound
    return found


async def list_records(
    session: AsyncSession,
    scope: Scope,
    model: type[Record],
    *,
    customer_id: UUID,
    states: Collection[str] | None = None,
    before: Moment | None = None,
    limit: int,
) -> Sequence[Record]:
    """Return a customer's records, newest first: touches by when they happened, others by when they were made."""
    made: Any = model
    moment = col(made.at if model is Touch else made.created_at)
    query = select(model).where(is_of(scope, col(made.customer_id), customer_id), visible(scope, col(made.customer_id)))
    if states is not None:
        query = query.where(col(made.state).in_(states))
    if before is not None:
        query = query.where(tuple_(moment, col(made.id)) < before)
    query = query.order_by(moment.desc(), col(made.id).desc()).limit(limit)
    return (await session.exec(query.execution_options(populate_existing=True))).all()


async def list_complaints(
    session: AsyncSession, scope: Scope, *, states: Collection[str], after: DuePlace | None, limit: int
) -> Sequence[Complaint]:
    """Return the complaints of all customers in scope, the one whose resolution is due first before the others."""
    query = select(Complaint).where(visible(scope, col(Complaint.customer_id)), col(Complaint.state).in_(states))
    if after is not None:
        query = query.where(tuple_(col(Complaint.resolve_due_on), col(Complaint.id)) > after)
    query = query.order_by(col(Complaint.resolve_due_on), col(Complaint.id)).limit(limit)
    return (await session.exec(query.execution_options(populate_existing=True))).all()


async def list_tasks(
    session: AsyncSession, scope: Scope, wanted: TaskFilter, *, after: DuePlace | None, limit: int
) -> Sequence[CareTask]:
    """Return tasks of customers in scope, in the order in which they are due."""
    query = select(CareTask).where(visible(scope, col(CareTask.customer_id)), col(CareTask.state) == wanted.state)
    if wanted.customer_id is not None:
        query = query.where(is_of(scope, col(CareTask.customer_id), wanted.customer_id))
    if wanted.manager_ids is not None:
        query = query.where(col(CareTask.manager_id).in_(wanted.manager_ids))
    if wanted.due_by is not None:
        query = query.where(col(CareTask.due_on) <= wanted.due_by)
    if after is not None:
        query = query.where(tuple_(col(CareTask.due_on), col(CareTask.id)) > after)
    query = query.order_by(col(CareTask.due_on), col(CareTask.id)).limit(limit)
    return (await session.exec(query.execution_options(populate_existing=True))).all()


async def customer_of_task(session: AsyncSession, scope: Scope, *, task_id: UUID) -> UUID:
    """Return whose task it is: the customer as it is known now.

    Raises:
        NotFound: there is none in scope.
    """
    now_known = func.coalesce(col(Customer.merged_into), col(Customer.id))
    query = (
        select(now_known)
        .join(CareTask, col(CareTask.customer_id) == col(Customer.id))
        .where(CareTask.id == task_id, visible(scope, now_known))
    )
    async with all_rows(session):
        found = (await session.exec(query)).first()
    if found is None:
        raise NotFound
    return found


async def open_request(session: AsyncSession, *, customer_id: UUID) -> CareTask | None:
    """Return the contact for which a customer waits who asked for one."""
    task = CareTask
    query = select(task).where(
        task.customer_id == customer_id, task.origin == TaskOrigin.REQUEST, task.state == TaskState.OPEN
    )
    return (await session.exec(query.limit(1))).first()


async def list_requests(session: AsyncSession, scope: Scope, *, customer_id: UUID, limit: int) -> Sequence[CareTask]:
    """Return the contacts that a customer asked for, the newest first."""
    task = CareTask
    query = select(task).where(
        task.customer_id == customer_id, task.origin == TaskOrigin.REQUEST, visible(scope, col(task.customer_id))
    )
    return (await session.exec(query.order_by(col(task.created_at).desc(), col(task.id)).limit(limit))).all()


async def serving_manager(session: AsyncSession, *, customer_id: UUID) -> UUID | None:
    """Return the manager who answers for a customer; None where nobody serves the customer."""
    found = (await open_coverages(session, customer_ids=[customer_id])).get(customer_id)
    return None if found is None else found.manager_id
