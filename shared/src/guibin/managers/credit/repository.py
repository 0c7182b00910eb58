"""SQL of credit: a customer's splits and givers, and the figures of closed months."""

from collections.abc import Collection, Sequence
from datetime import date
from typing import Final
from uuid import UUID

from sqlalchemy import ColumnElement, false, or_, select, text, true
from sqlmodel import col
from sqlmodel import select as select_rows
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.managers.credit.models import CreditMonth, CreditShare, CreditSplit, CreditSubject, DoubleCredit
from guibin.managers.credit.rules import Giver, Person, Service, Split
from guibin.managers.models import Coverage, CoverageRole, Manager
from guibin.organisation.models import BranchClosure, Staff
from guibin.security.actors import Scope


async def services_of(session: AsyncSession, customer_id: UUID) -> list[Service]:
    """Return who serves and served a customer, in every role."""
    query = (
        select_rows(Coverage, Manager)
        .join(Manager, col(Manager.id) == col(Coverage.manager_id))
        .where(Coverage.customer_id == customer_id)
    )
    return [
        Service(_person(manager), CoverageRole(one.role), one.valid_from, one.valid_to)
        for one, manager in (await session.exec(query)).all()
    ]


async def splits_of(session: AsyncSession, customer_id: UUID) -> list[Split]:
    """Return all versions of a customer's split, by version."""
    splits = select_rows(CreditSplit).where(CreditSplit.customer_id == customer_id).order_by(col(CreditSplit.version))
    shares = (
        select_rows(CreditShare, Manager)
        .join(Manager, col(Manager.id) == col(CreditShare.manager_id))
        .where(CreditShare.customer_id == customer_id)
        .order_by(col(CreditShare.percent).desc(), col(CreditShare.manager_id))
    )
    parts = (await session.exec(shares)).all()
    return [
        Split(
            one.version,
            one.primary_id,
            one.valid_from,
            [(_person(manager), share.percent) for share, manager in parts if share.version == one.version],
        )
        for one in (await session.exec(splits)).all()
    ]


async def givers_of(session: AsyncSession, customer_id: UUID) -> list[Giver]:
    """Return who handed a customer up, by the day on which it stops to count."""
    query = (
        select_rows(DoubleCredit, Manager)
        .join(Manager, col(Manager.id) == col(DoubleCredit.giver_id))
        .where(DoubleCredit.customer_id == customer_id)
        .order_by(col(DoubleCredit.valid_to), col(DoubleCredit.id))
    )
    return [
        Giver(Person(manager.id, one.giver_branch_id, manager.left_on), one.valid_from, one.valid_to)
        for one, manager in (await session.exec(query)).all()
    ]


def _person(manager: Manager) -> Person:
    return Person(manager.id, manager.branch_id, manager.left_on)


async def managers_at_work(session: AsyncSession, manager_ids: Collection[UUID]) -> dict[UUID, UUID]:
    """Return those of some managers who work here and do not leave, with their branches."""
    query = (
        select(col(Manager.id), col(Manager.branch_id))
        .join(Staff, col(Staff.id) == col(Manager.staff_id))
        .where(col(Manager.id).in_(manager_ids), col(Manager.active), col(Staff.active))
        .where(col(Manager.leaving_since).is_(None), col(Manager.left_on).is_(None))
    )
    return dict((await session.execute(query)).all())


# A plan hands up thousands at once.
_BEGIN_DOUBLE: Final = text(
    "INSERT INTO double_credit (customer_id, id, giver_id, giver_branch_id, valid_from, valid_to)"
    " SELECT k.customer_id, gen_random_uuid(), m.id, m.branch_id, k.on_day,"
    " (k.on_day + make_interval(months => :months))::date"
    " FROM unnest(CAST(:customers AS uuid[]), CAST(:givers AS uuid[]), CAST(:days AS date[]))"
    " AS k(customer_id, giver_id, on_day)"
    " JOIN manager m ON m.id = k.giver_id AND m.active AND (m.left_on IS NULL OR m.left_on > k.on_day)"
)


async def begin_doubles(
    session: AsyncSession, customers: Sequence[UUID], givers: Sequence[UUID], days: Sequence[date], *, months: int
) -> None:
    """Let givers who work here be credited beside the takers for some months from the days on."""
    values = {"customers": list(customers), "givers": list(givers), "days": list(days), "months": months}
    await session.execute(_BEGIN_DOUBLE, values)


async def open_doubles(session: AsyncSession, customer_id: UUID, day: date) -> Sequence[DoubleCredit]:
    """Return the double credit of a customer that is not over on a day."""
    query = select_rows(DoubleCredit).where(DoubleCredit.customer_id == customer_id, col(DoubleCredit.valid_to) > day)
    return (await session.exec(query.execution_options(populate_existing=True))).all()


async def month_of(session: AsyncSession, scope: Scope, month: date) -> Sequence[CreditMonth]:
    """Return the figures of a month that a scope opens: of its branches, or of its manager alone."""
    query = select_rows(CreditMonth).where(CreditMonth.month == month, _opened(scope))
    return (await session.exec(query.order_by(col(CreditMonth.branch_id), col(CreditMonth.subject_id)))).all()


def _opened(scope: Scope) -> ColumnElement[bool]:
    if scope.whole_bank or scope.aggregates:
        return true()
    opened: list[ColumnElement[bool]] = []
    if scope.staff_id is not None:
        own = select(col(Manager.id)).where(col(Manager.staff_id) == scope.staff_id)
        opened.append((col(CreditMonth.subject) == CreditSubject.MANAGER) & col(CreditMonth.subject_id).in_(own))
    if scope.branch_roots:
        below = select(col(BranchClosure.descendant_id)).where(col(BranchClosure.ancestor_id).in_(scope.branch_roots))
        opened.append(col(CreditMonth.branch_id).in_(below))
    return or_(*opened) if opened else false()


async def is_closed(session: AsyncSession, month: date) -> bool:
    """Tell whether anybody has been credited for a month."""
    query = select(col(CreditMonth.month)).where(col(CreditMonth.month) == month).limit(1)
    return (await session.execute(query)).first() is not None
