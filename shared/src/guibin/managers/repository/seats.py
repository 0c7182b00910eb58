"""SQL of what managers carry and may carry: the seats among which assignments choose."""

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import Select, and_, func, select, true
from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.managers.absences.models import ManagerAbsence
from guibin.managers.capacity.models import CapacityOverride, GradeCapacity, TierLoad
from guibin.managers.eligibility.repository import licences_on
from guibin.managers.models import Coverage, Manager
from guibin.managers.repository.coverage import is_load
from guibin.managers.rules import NOBODY, NOTHING, Seat
from guibin.organisation.models import BranchClosure, Staff
from guibin.security.row_scope import all_rows
from guibin.tiers.models import TierHistory
from guibin.tiers.repository import NEWEST_FIRST


@dataclass(frozen=True)
class Book:
    """How many customers a manager serves, and how many minutes a year they take by the contact plan."""

    customers: int = 0
    minutes: int = 0


async def books(session: AsyncSession, manager_ids: Collection[UUID] | None, *, day: date) -> Mapping[UUID, Book]:
    """Count what managers (None: all) serve now or from the next day on: customers and minutes, whoever asks.

    Tiers are those of the day.
    """
    tier = (
        select(col(TierHistory.tier_code).label("tier"))
        .where(col(TierHistory.customer_id) == col(Coverage.customer_id), col(TierHistory.effective_on) <= day)
        .order_by(*NEWEST_FIRST)
        .limit(1)
        .lateral("tier")
    )
    minutes = func.coalesce(func.sum(col(TierLoad.minutes)), 0)
    query = (
        select(col(Coverage.manager_id), func.count(), minutes)
        .select_from(Coverage)
        .join(tier, true(), isouter=True)
        .join(TierLoad, col(TierLoad.tier_code) == tier.c.tier, isouter=True)
        .where(is_load())
        .group_by(col(Coverage.manager_id))
    )
    if manager_ids is not None:
        query = query.where(col(Coverage.manager_id).in_(manager_ids))
    async with all_rows(session):
        rows = (await session.execute(query)).all()
    return {manager_id: Book(customers, int(taken)) for manager_id, customers, taken in rows}


async def seats(
    session: AsyncSession, *, day: date, manager_ids: Collection[UUID] | None = None, everybody: bool = False
) -> list[Seat]:
    """Return managers (None: all) with what they carry and may carry, and how things stand with them on a day.

    Those who have left, or leave and take nobody new, are among them only where `everybody` is asked for.
    """
    query = _people(day) if manager_ids is None else _people(day).where(col(Manager.id).in_(manager_ids))
    rows = (await session.execute(query)).all()
    rows = [row for row in rows if everybody or row.is_active]
    ids = [row.Manager.id for row in rows]
    carried = await books(session, manager_ids, day=day)
    licences = await licences_on(session, ids, day)
    reach = await _reach(session, [row.Manager for row in rows if row.Manager.serves_subtree])
    return [_seat(row, carried.get(row.Manager.id, Book()), licences=licences, reach=reach) for row in rows]


def _people(day: date) -> Select[*tuple[Any, ...]]:
    """Select managers with their grade's capacity, what was granted on top, and whether they are here."""
    away = and_(
        col(ManagerAbsence.manager_id) == col(Manager.id),
        col(ManagerAbsence.valid_from) <= day,
        col(ManagerAbsence.valid_to) > day,
    )
    granted = and_(
        col(CapacityOverride.manager_id) == col(Manager.id),
        col(CapacityOverride.valid_from) <= day,
        col(CapacityOverride.valid_to) > day,
    )
    return (
        select(
            Manager,
            GradeCapacity,
            and_(col(Manager.active), col(Staff.active), col(Manager.leaving_since).is_(None)).label("is_active"),
            col(ManagerAbsence.id).is_not(None).label("is_away"),
            func.coalesce(col(CapacityOverride.extra_customers), 0).label("extra_customers"),
            func.coalesce(col(CapacityOverride.extra_minutes), 0).label("extra_minutes"),
        )
        .select_from(Manager)
        .join(Staff, col(Staff.id) == col(Manager.staff_id))
        .join(GradeCapacity, col(GradeCapacity.grade) == col(Manager.grade), isouter=True)
        .join(ManagerAbsence, away, isouter=True)
        .join(CapacityOverride, granted, isouter=True)
    )


def _seat(row: Any, book: Book, *, licences: Mapping[UUID, set[str]], reach: Mapping[UUID, set[UUID]]) -> Seat:
    manager: Manager = row.Manager
    limits = limits_of(manager, row.GradeCapacity)
    return Seat(
        manager.id,
        manager.grade,
        manager.branch_id,
        limits.hard_customers + row.extra_customers,
        book.customers,
        soft_capacity=limits.soft_customers,
        hard_minutes=None if limits.hard_minutes is None else limits.hard_minutes + row.extra_minutes,
        soft_minutes=limits.soft_minutes,
        minutes=book.minutes,
        reach=frozenset(reach.get(manager.branch_id, NOBODY)) if manager.serves_subtree else NOBODY,
        languages=frozenset(manager.languages),
        skills=frozenset(manager.skills),
        licences=frozenset(licences.get(manager.id, NOTHING)),
        active=row.is_active,
        absent=row.is_away,
    )


@dataclass(frozen=True)
class Limits:
    """What a manager may carry, own values before those of the grade; None is no limit."""

    soft_customers: int | None
    hard_customers: int
    soft_minutes: int | None
    hard_minutes: int | None


def limits_of(manager: Manager, grade: GradeCapacity | None) -> Limits:
    """Return what a manager may carry without what was granted for a time."""
    soft, soft_minutes, minutes = manager.soft_capacity, manager.soft_minutes, manager.hard_minutes
    if grade is not None:
        soft = grade.soft_customers if soft is None else soft
        soft_minutes = grade.soft_minutes if soft_minutes is None else soft_minutes
        minutes = grade.hard_minutes if minutes is None else minutes
    return Limits(
        soft_customers=None if soft is None else min(soft, manager.capacity),
        hard_customers=manager.capacity,
        soft_minutes=soft_minutes if soft_minutes is None or minutes is None else min(soft_minutes, minutes),
        hard_minutes=minutes,
    )


async def _reach(session: AsyncSession, managers: Collection[Manager]) -> Mapping[UUID, set[UUID]]:
    """Return the branches below the nodes where managers stand who serve them."""
    found: dict[UUID, set[UUID]] = defaultdict(set)
    roots = {manager.branch_id for manager in managers}
    if roots:
        query = select(col(BranchClosure.ancestor_id), col(BranchClosure.descendant_id)).where(
            col(BranchClosure.ancestor_id).in_(roots)
        )
        for above, below in (await session.execute(query)).all():
            found[above].add(below)
    return found
