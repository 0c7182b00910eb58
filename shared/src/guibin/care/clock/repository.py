"""SQL of the clock: whose delay is told next, and how many tasks were kept."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final
from uuid import UUID

from sqlalchemy import (
    CTE,
    ColumnElement,
    Date,
    Integer,
    Text,
    and_,
    case,
    cast,
    exists,
    func,
    literal,
    or_,
    select,
    text,
)
from sqlalchemy.orm import aliased
from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.care.models import CareTask, TaskState
from guibin.core.clock import BUSINESS_ZONE
from guibin.customers.models import Customer
from guibin.customers.repository import visible
from guibin.managers.models import Coverage, CoverageRole
from guibin.organisation.models import Branch
from guibin.security.actors import Scope

TOO_LATE: Final = "too_late"
"""The reason for which a task lapses that nobody did in time, nor long after: it stays broken."""

_ESCALATE: Final = text(
    """
    UPDATE care_task SET escalation = :level, escalated_on = :on_day, revision = revision + 1
    WHERE state = 'open' AND escalation = :level - 1 AND due_on <= :last_due
    RETURNING customer_id, id, manager_id, kind, due_on
    """
)


@dataclass(frozen=True, slots=True)
class Late:
    """A task whose delay was just told to the next one."""

    customer_id: UUID
    task_id: UUID
    manager_id: UUID | None
    kind: str
    due_on: date


@dataclass(frozen=True, slots=True)
class KeptCount:
    """What became of the tasks due in a month to the customers of a branch and manager, by the item that asked.

    The manager is who served the customer on the due day, or a colleague to whom the task was given.
    `broken` is due and neither done nor skipped by a person: still open, or not asked for any more after too long.
    """

    branch: str
    manager_id: UUID | None
    item: str
    kept: int
    late: int
    broken: int
    skipped: int


async def escalate(session: AsyncSession, *, level: int, last_due: date, on_day: date) -> Sequence[Late]:
    """Raise the open tasks due until a day by one level and return them; those that are there already stay."""
    values = {"level": level, "last_due": last_due, "on_day": on_day}
    return [Late(*row) for row in (await session.execute(_ESCALATE, values)).all()]


async def kept_between(
    session: AsyncSession, scope: Scope, *, first: date, last: date, today: date
) -> Sequence[KeptCount]:
    """Count what became of the tasks of customers in scope that were due from a day to another and before today.

    Tasks that nothing asks for any more are not counted. `item` is the origin, and of plans and triggers its code.
    """
    task, served = _due_tasks(first, last, today), aliased(Coverage)
    done_on = cast(func.timezone(BUSINESS_ZONE.key, task.c.ended_at), Date)
    is_done, in_time = task.c.state == TaskState.DONE, done_on <= task.c.due_on
    broken = or_(task.c.state == TaskState.OPEN, and_(task.c.state == TaskState.LAPSED, task.c.reason == TOO_LATE))
    planned = task.c.origin.in_(("plan", "trigger", "after_sale"))
    item = case((planned, task.c.made_by), else_=cast(task.c.origin, Text)).label("item")
    groups = (col(Branch.code), _answering(task, served).label("manager_id"), item)
    query = (
        select(
            *groups,
            _count(and_(is_done, in_time)),
            _count(and_(is_done, ~in_time)),
            _count(broken),
            _count(task.c.state == TaskState.SKIPPED),
        )
        .select_from(task)
        .join(Customer, col(Customer.id) == task.c.customer_id)
        .join(Branch, col(Branch.id) == col(Customer.branch_id))
        .outerjoin(served, _on_due_day(task, served))
        .where(visible(scope, task.c.customer_id, col(Customer.branch_id)))
        .group_by(*groups)
        .order_by(*groups)
    )
    return [KeptCount(*row) for row in (await session.execute(query)).all()]


def _due_tasks(first: date, last: date, today: date) -> CTE:
    """Select the tasks that count, before anything else: a month's are few beside everybody in scope."""
    task = CareTask
    names = ("customer_id", "manager_id", "origin", "made_by", "state", "reason", "due_on", "ended_at")
    return (
        select(*(col(getattr(task, name)) for name in names))
        .where(col(task.due_on).between(first, last), or_(col(task.due_on) < today, col(task.state) == TaskState.DONE))
        .where(or_(col(task.state) != TaskState.LAPSED, col(task.reason) == TOO_LATE))
        .cte("due_task")
        .prefix_with("MATERIALIZED")
    )


def _on_due_day(task: CTE, served: type[Coverage]) -> ColumnElement[bool]:
    return and_(
        col(served.customer_id) == task.c.customer_id,
        col(served.role) == CoverageRole.PRIMARY,
        col(served.valid_from) <= task.c.due_on,
        or_(col(served.valid_to).is_(None), col(served.valid_to) > task.c.due_on),
    )


def _answering(task: CTE, served: type[Coverage]) -> ColumnElement[Any]:
    """Return who answers for a task: not who took the customer over when it was late already.

    An open task goes with the customer; a colleague who never was the customer's manager was given it by hand.
    """
    mine = exists().where(
        col(Coverage.customer_id) == task.c.customer_id,
        col(Coverage.role) == CoverageRole.PRIMARY,
        col(Coverage.manager_id) == task.c.manager_id,
    )
    then = func.coalesce(col(served.manager_id), task.c.manager_id)
    return case((or_(task.c.manager_id.is_(None), mine), then), else_=task.c.manager_id)


def _count(condition: ColumnElement[bool]) -> ColumnElement[Any]:
    return cast(func.count().filter(func.coalesce(condition, literal(value=False))), Integer)
