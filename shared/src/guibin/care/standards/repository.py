"""SQL of service standards: the versions, and how many promises were due and kept."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    CTE,
    ColumnElement,
    Date,
    Integer,
    Select,
    SQLColumnExpression,
    and_,
    case,
    cast,
    func,
    literal,
    select,
    union_all,
)
from sqlmodel import col
from sqlmodel import select as select_rows
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.care.models import CareTask, Complaint, TaskOrigin, TaskState, TouchKind
from guibin.care.standards.models import ServiceStandard, StandardState
from guibin.care.standards.rules import PromiseKind, Sheet
from guibin.core.clock import BUSINESS_ZONE
from guibin.customers.models import Customer
from guibin.customers.repository import visible
from guibin.organisation.models import Branch
from guibin.security.actors import Scope
from guibin.tiers.repository import select_tiers


@dataclass(frozen=True, slots=True)
class Kept:
    """How many promises of a kind were due to the customers of a tier, by branch and manager, and how many were kept.

    `manager_id` is None where nobody served them.
    """

    measure: str
    tier: str
    branch: str
    manager_id: UUID | None
    due: int
    kept: int


async def standard_on(session: AsyncSession, day: date) -> ServiceStandard | None:
    """Return the version in force on a day."""
    row = ServiceStandard
    query = select_rows(row).where(row.state == StandardState.PUBLISHED, col(row.effective_from) <= day)
    return (await session.exec(query.order_by(col(row.effective_from).desc()).limit(1))).first()


async def published_on(session: AsyncSession, day: date) -> ServiceStandard | None:
    """Return the published version whose first day is this one."""
    row = ServiceStandard
    query = select_rows(row).where(row.state == StandardState.PUBLISHED, col(row.effective_from) == day)
    return (await session.exec(query)).first()


async def kept_between(
    session: AsyncSession, scope: Scope, sheets: dict[str, Sheet], *, first: date, last: date, today: date
) -> list[Kept]:
    """Count the promises to customers in scope that fell due from a day to another, and those that were kept.

    A planned contact counts with its due day, kept when it was done by then; skipped ones are not kept, and those that
    nothing asks for any more are not counted. A complaint counts with the last day that the sheet of the customer's
    tier gives for it. What is not due yet on `today` counts only once it is kept. The tier is that of the last day.
    """
    tier, window = select_tiers(last).cte("tier_then"), _Window(first, last, today)
    days = {name: _days(tier, sheets, name) for name in ("answer_days", "resolve_days")}
    parts = [
        _tasks(tier, PromiseKind.CONTACTS, window),
        _tasks(tier, PromiseKind.REVIEWS, window),
        _complaints(tier, PromiseKind.ANSWERS, col(Complaint.answered_at), days["answer_days"], window),
        _complaints(tier, PromiseKind.RESOLUTIONS, col(Complaint.resolved_at), days["resolve_days"], window),
    ]
    due = union_all(*parts).cte("due")
    groups = (due.c.measure, due.c.tier, col(Branch.code), due.c.manager_id)
    query = (
        select(*groups, cast(func.count(), Integer), cast(func.count().filter(due.c.kept), Integer))
        .select_from(due)
        .join(Customer, col(Customer.id) == due.c.customer_id)
        .join(Branch, col(Branch.id) == col(Customer.branch_id))
        .where(visible(scope, due.c.customer_id), due.c.tier.in_(sheets))
        .group_by(*groups)
        .order_by(*groups)
    )
    return [Kept(*row) for row in (await session.execute(query)).all()]


@dataclass(frozen=True, slots=True)
class _Window:
    """The days in which a promise falls due, and the day on which it is looked at."""

    first: date
    last: date
    today: date

    def holds(self, due_on: ColumnElement[date], ended: ColumnElement[bool]) -> ColumnElement[bool]:
        """Say of a promise that it counts: it fell due, or was ended early."""
        return and_(due_on.between(self.first, self.last), (due_on < self.today) | ended)


def _tasks(tier: CTE, measure: PromiseKind, window: _Window) -> Select[*tuple[Any, ...]]:
    task = CareTask
    kept = and_(col(task.state) == TaskState.DONE, _day_of(col(task.ended_at)) <= col(task.due_on))
    of_kind = (
        col(task.kind) == TouchKind.REVIEW if measure is PromiseKind.REVIEWS else col(task.kind) != TouchKind.REVIEW
    )
    return (
        select(
            literal(measure.value).label("measure"),
            col(task.customer_id).label("customer_id"),
            col(task.manager_id).label("manager_id"),
            func.coalesce(kept, literal(value=False)).label("kept"),
            tier.c.tier,
        )
        .join(tier, tier.c.customer_id == col(task.customer_id))
        .where(col(task.origin) == TaskOrigin.PLAN, of_kind, col(task.state) != TaskState.LAPSED)
        .where(window.holds(cast(col(task.due_on), Date), col(task.state) != TaskState.OPEN))
    )


def _complaints(
    tier: CTE,
    measure: PromiseKind,
    ended: SQLColumnExpression[datetime | None],
    days: ColumnElement[int],
    window: _Window,
) -> Select[*tuple[Any, ...]]:
    due_on = _day_of(col(Complaint.created_at)) + days
    return (
        select(
            literal(measure.value).label("measure"),
            col(Complaint.customer_id).label("customer_id"),
            col(Complaint.manager_id).label("manager_id"),
            func.coalesce(_day_of(ended) <= due_on, literal(value=False)).label("kept"),
            tier.c.tier,
        )
        .join(tier, tier.c.customer_id == col(Complaint.customer_id))
        .where(window.holds(due_on, ended.is_not(None)))
    )


def _days(tier: CTE, sheets: dict[str, Sheet], name: str) -> ColumnElement[int]:
    """Return how many days the tier of a row is promised; nothing for a tier without a sheet."""
    return case({code: getattr(sheet, name) for code, sheet in sheets.items()}, value=tier.c.tier)


def _day_of(moment: Any) -> ColumnElement[date]:
    return cast(func.timezone(BUSINESS_ZONE.key, moment), Date)
