"""The read-only SQL of the workbench: one statement for each part, each from the manager's book or own index."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    CTE,
    BigInteger,
    Date,
    Text,
    Uuid,
    and_,
    cast,
    func,
    literal,
    null,
    or_,
    select,
    text,
    tuple_,
    union_all,
)
from sqlalchemy.orm import aliased
from sqlalchemy.sql.expression import Select
from sqlmodel import col
from sqlmodel import select as select_rows
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.care.models import NOT_CLOSED, OPEN, UNSERVED, CareTask, Complaint, Need, Promise, TaskOrigin
from guibin.care.opportunities.models import IS_OPEN, Opportunity
from guibin.care.opportunities.repository import waits
from guibin.core.arrays import among, one_of_few
from guibin.customers.models import Customer
from guibin.customers.repository import visible
from guibin.handovers.models import Handover
from guibin.holdings.models import Holding, HoldingStatus
from guibin.managers.models import Coverage, CoverageRole, Unassigned, UnassignedReason
from guibin.managers.pool.models import PoolPlace
from guibin.managers.repository.coverage import is_open
from guibin.points.models import PointsLot
from guibin.rights.models import Redemption, RedemptionState
from guibin.security.actors import Scope
from guibin.tiers.models import TierStanding

from .sections import Section

WEEK: Final = timedelta(days=7)
MONTH: Final = timedelta(days=30)
PROMISED_SOON: Final = timedelta(days=3)

# In the words of the indexes: a plan that is kept for all callers uses a partial index for a constant alone.
_WAITING: Final = text("state = 'open'")
_LEFT: Final = text("remaining > 0")

Place = tuple[date, UUID]


@dataclass(frozen=True, slots=True)
class Item:
    """Something to do: whose customer, what it is about, the day that counts, a code, an amount (money in fen)."""

    customer_id: UUID
    manager_id: UUID | None
    subject_id: UUID
    day: date
    code: str | None
    amount: int | None


@dataclass(frozen=True, slots=True)
class Listed:
    """The first rows of a part, and how many there are."""

    items: Sequence[Item]
    count: int


@dataclass(frozen=True, slots=True)
class Day:
    """Whose books, on which day."""

    managers: Collection[UUID]
    today: date


async def read(
    session: AsyncSession, scope: Scope, section: Section, day: Day, *, after: Place | None = None, limit: int
) -> Listed:
    """Return a part of the day as far as the scope reaches, what is due first before the others."""
    rows = _PARTS[section](day).subquery()
    query = select(rows, func.count().over()).where(visible(scope, rows.c.customer_id))
    if after is not None:
        query = query.where(tuple_(rows.c.day, rows.c.subject_id) > after)
    found = (await session.execute(query.order_by(rows.c.day, rows.c.subject_id).limit(limit))).all()
    return Listed([Item(*row[:6]) for row in found], found[0][6] if found else 0)


async def customers_of(session: AsyncSession, customer_ids: Collection[UUID]) -> Mapping[UUID, Customer]:
    """Return some customers by id, for their names."""
    query = select_rows(Customer).where(among(col(Customer.id), set(customer_ids)))
    return {row.id: row for row in (await session.exec(query)).all()}


def _shaped(customer: Any, manager: Any, subject: Any, day: Any, code: Any = None, amount: Any = None) -> Select[Any]:
    return select(
        cast(customer, Uuid).label("customer_id"),
        cast(manager, Uuid).label("manager_id"),
        cast(subject, Uuid).label("subject_id"),
        cast(day, Date).label("day"),
        cast(null() if code is None else code, Text).label("code"),
        cast(null() if amount is None else amount, BigInteger).label("amount"),
    )


def _book(day: Day) -> CTE:
    return (
        select(col(Coverage.customer_id), col(Coverage.manager_id), col(Coverage.valid_from))
        .where(one_of_few(col(Coverage.manager_id), day.managers), is_open(), col(Coverage.valid_from) <= day.today)
        .cte("book")
    )


def _tasks(day: Day) -> Select[Any]:
    row = CareTask
    return _shaped(row.customer_id, row.manager_id, row.id, row.due_on, row.kind).where(
        one_of_few(col(row.manager_id), day.managers), OPEN, col(row.starts_on) <= day.today
    )


def _requests(day: Day) -> Select[Any]:
    return _tasks(day).where(col(CareTask.origin) == TaskOrigin.REQUEST)


def _overdue(day: Day) -> Select[Any]:
    origin = col(CareTask.origin)
    return _tasks(day).where(col(CareTask.due_on) < day.today, origin != TaskOrigin.PLAN, origin != TaskOrigin.REQUEST)


def _due(day: Day) -> Select[Any]:
    soon = col(CareTask.due_on).between(day.today, day.today + WEEK)
    return _tasks(day).where(soon, col(CareTask.origin) != TaskOrigin.REQUEST)


def _below_cadence(day: Day) -> Select[Any]:
    row = CareTask
    first = func.min(row.due_on)
    return (
        _shaped(row.customer_id, row.manager_id, row.customer_id, first, None, func.count())
        .where(
            one_of_few(col(row.manager_id), day.managers),
            OPEN,
            col(row.origin) == TaskOrigin.PLAN,
            col(row.due_on) < day.today,
        )
        .group_by(col(row.customer_id), col(row.manager_id))
    )


def _promises(day: Day) -> Select[Any]:
    row = Promise
    return _shaped(row.customer_id, row.manager_id, row.id, row.due_on).where(
        one_of_few(col(row.manager_id), day.managers),
        OPEN,
        col(row.due_on) <= day.today + PROMISED_SOON,
    )


def _complaints(day: Day) -> Select[Any]:
    row = Complaint
    return _shaped(row.customer_id, row.manager_id, row.id, row.resolve_due_on, row.severity).where(
        one_of_few(col(row.manager_id), day.managers), NOT_CLOSED
    )


def _needs(day: Day) -> Select[Any]:
    row = Need
    told_on = func.date(func.timezone("Asia/Shanghai", row.created_at))
    return _shaped(row.customer_id, row.manager_id, row.id, func.coalesce(row.due_on, told_on), row.category).where(
        one_of_few(col(row.manager_id), day.managers), UNSERVED
    )


def _opportunities(day: Day) -> Select[Any]:
    """Return what is overdue or due within the week, but for customers to whom nothing is offered at present."""
    row = Opportunity
    about = func.coalesce(row.product_code, row.need)
    return _shaped(row.customer_id, row.manager_id, row.id, row.due_on, about, row.amount_fen).where(
        one_of_few(col(row.manager_id), day.managers),
        IS_OPEN,
        col(row.due_on) <= day.today + WEEK,
        ~waits(col(row.customer_id), day.today),
    )


def _handovers(day: Day) -> Select[Any]:
    row = Handover
    mine = (one_of_few(col(row.taker_id), day.managers) & col(row.taker_signed_at).is_(None)) | (
        one_of_few(col(row.giver_id), day.managers) & col(row.giver_signed_at).is_(None)
    )
    return _shaped(row.customer_id, row.taker_id, row.id, row.due_on).where(_WAITING, mine)


def _pool_notices(day: Day) -> Select[Any]:
    row = PoolPlace
    return _shaped(row.customer_id, row.manager_id, row.customer_id, row.returns_on).where(
        one_of_few(col(row.manager_id), day.managers), col(row.returned_on).is_(None), col(row.left_on).is_(None)
    )


def _maturities(day: Day) -> Select[Any]:
    book, row = _book(day), Holding
    return _shaped(row.customer_id, book.c.manager_id, row.id, row.matures_on, row.product_code).where(
        col(row.customer_id) == book.c.customer_id,
        col(row.status) == HoldingStatus.ACTIVE,
        col(row.matures_on).between(day.today, day.today + MONTH),
    )


def _birthdays(day: Day) -> Select[Any]:
    """Return who has a birthday within the week; of 29 February on the 28th where there is none."""
    book, row = _book(day), Customer
    days = {f"{one:%m%d}": one for one in (day.today + timedelta(days=ahead) for ahead in range(WEEK.days + 1))}
    if "0228" in days and "0229" not in days:
        days["0229"] = days["0228"]
    ahead = select(
        func.unnest(literal(list(days), ARRAY(Text))).label("mmdd"),
        func.unnest(literal(list(days.values()), ARRAY(Date))).label("day"),
    ).cte("ahead")
    return _shaped(row.id, book.c.manager_id, row.id, ahead.c.day).where(
        col(row.id) == book.c.customer_id, col(row.birth_mmdd) == ahead.c.mmdd
    )


def _tier_signals(day: Day) -> Select[Any]:
    """Return whose last figures did not reach the tier's line; the day is the first on which it is not safe."""
    book, row = _book(day), TierStanding
    return _shaped(
        row.customer_id,
        book.c.manager_id,
        row.customer_id,
        func.coalesce(row.valid_until, row.period),
        row.tier_code,
        row.below_months,
    ).where(col(row.customer_id) == book.c.customer_id, col(row.below_months) > 0)


def _new_customers(day: Day) -> Select[Any]:
    book = _book(day)
    return _shaped(book.c.customer_id, book.c.manager_id, book.c.customer_id, book.c.valid_from).where(
        book.c.valid_from > day.today - WEEK
    )


def _points(day: Day) -> Select[Any]:
    book, row = _book(day), PointsLot
    return (
        _shaped(
            row.customer_id,
            book.c.manager_id,
            row.customer_id,
            func.min(row.expires_on),
            row.wallet,
            func.sum(row.remaining),
        )
        .where(
            col(row.customer_id) == book.c.customer_id,
            _LEFT,
            col(row.pending).is_(False),
            col(row.expires_on).between(day.today, day.today + MONTH),
        )
        .group_by(col(row.customer_id), book.c.manager_id, col(row.wallet))
    )


def _rights(day: Day) -> Select[Any]:
    book, row = _book(day), Redemption
    return _shaped(row.customer_id, book.c.manager_id, row.id, row.valid_until, None, row.quantity).where(
        col(row.customer_id) == book.c.customer_id,
        or_(col(row.state) == RedemptionState.CONFIRMED, col(row.state) == RedemptionState.IN_FULFILMENT),
        col(row.valid_until).between(day.today, day.today + MONTH),
    )


def _accompanied(day: Day) -> Select[Any]:
    """Return whom a manager gave away and still accompanies: until when, and who serves them now."""
    row, serving = Coverage, aliased(Coverage)
    now = select(col(serving.manager_id)).where(
        col(serving.customer_id) == col(row.customer_id),
        col(serving.role) == CoverageRole.PRIMARY,
        col(serving.valid_to).is_(None),
    )
    last = func.date(row.valid_to) - 1
    return _shaped(row.customer_id, now.scalar_subquery(), row.customer_id, last).where(
        one_of_few(col(row.manager_id), day.managers),
        col(row.role) == CoverageRole.JOINT,
        col(row.valid_to) > day.today,
    )


def _waiting_too_long(_: Day) -> Select[Any]:
    row = Unassigned
    return _shaped(row.customer_id, null(), row.customer_id, row.since, row.cause).where(
        col(row.resolved_on).is_(None), col(row.reason) == UnassignedReason.TOO_OLD
    )


def _nobodys(_: Day) -> Select[Any]:
    """Return what is open and nobody answers for, by customer: what is due first, and how much there is."""
    unplanned = col(CareTask.origin) != TaskOrigin.PLAN
    records: tuple[tuple[Any, Any, Any], ...] = (
        (Complaint, Complaint.resolve_due_on, NOT_CLOSED),
        (Promise, Promise.due_on, OPEN),
        (CareTask, CareTask.due_on, and_(OPEN, unplanned)),
    )
    rows = union_all(
        *(
            select(col(row.customer_id).label("customer_id"), col(due).label("due_on")).where(
                is_open_record, col(row.manager_id).is_(None)
            )
            for row, due, is_open_record in records
        )
    ).subquery()
    whose = rows.c.customer_id
    return _shaped(whose, null(), whose, func.min(rows.c.due_on), None, func.count()).group_by(whose)


def _branch_complaints(day: Day) -> Select[Any]:
    row = Complaint
    return _shaped(row.customer_id, row.manager_id, row.id, row.resolve_due_on, row.severity).where(
        col(row.manager_id).not_in(day.managers),
        NOT_CLOSED,
        col(row.resolve_due_on) < day.today,
    )


def _branch_promises(day: Day) -> Select[Any]:
    row = Promise
    return _shaped(row.customer_id, row.manager_id, row.id, row.due_on).where(
        col(row.manager_id).not_in(day.managers), OPEN, col(row.due_on) < day.today
    )


_PARTS: Final[Mapping[Section, Callable[[Day], Select[Any]]]] = {
    Section.COMPLAINTS: _complaints,
    Section.PROMISES: _promises,
    Section.CONTACT_REQUESTS: _requests,
    Section.HANDOVERS: _handovers,
    Section.BELOW_CADENCE: _below_cadence,
    Section.TASKS_OVERDUE: _overdue,
    Section.TASKS_DUE: _due,
    Section.OPPORTUNITIES: _opportunities,
    Section.POOL_NOTICES: _pool_notices,
    Section.MATURITIES: _maturities,
    Section.BIRTHDAYS: _birthdays,
    Section.TIER_SIGNALS: _tier_signals,
    Section.NEW_CUSTOMERS: _new_customers,
    Section.POINTS_EXPIRING: _points,
    Section.RIGHTS_UNUSED: _rights,
    Section.NEEDS: _needs,
    Section.ACCOMPANIED: _accompanied,
    Section.WAITING_TOO_LONG: _waiting_too_long,
    Section.NOBODYS: _nobodys,
    Section.BRANCH_COMPLAINTS: _branch_complaints,
    Section.BRANCH_PROMISES: _branch_promises,
}
