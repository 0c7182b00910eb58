"""Gives the demo bank a past: who served whom before, and the touches since the lunar year before last.

Every other manager sees customers all the year round; the others come before the New Year, and sell.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from random import Random
from typing import Final
from uuid import UUID

from sqlalchemy import func
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.approvals.rules import Calendar
from guibin.approvals.surroundings import surroundings
from guibin.care.days import SEARCHED_DAYS, business_day_near
from guibin.care.models import Direction, Touch, TouchChannel, TouchKind, TouchPurpose, TouchResult
from guibin.care.spread.rules import CareYear, care_year
from guibin.core import clock
from guibin.core.ids import new_id
from guibin.core.zone import BUSINESS_ZONE
from guibin.managers.credit.service import credit_month
from guibin.managers.models import Coverage, CoverageRole, Manager
from guibin_tools.demo.dice import chance, pick

SEED: Final = 5
TOUCHES: Final = (4, 14)
"""A customer is reached so many times in that time."""
LONGEST_DAYS, A_MONTH = 900, 30
OPENS: Final = time(9, 30)


@dataclass(frozen=True, slots=True)
class _Served:
    """A customer with the present manager and the first day that is known so far."""

    customer_id: UUID
    manager: Manager
    since: date


async def give_past(session: AsyncSession) -> None:
    """Add the past to a bank whose customers have had their managers since today."""
    rng = Random(SEED)  # noqa: S311 - the same bank every time, no secret
    served = await _served(session)
    by_branch: dict[UUID, list[Manager]] = {}
    for one in served:
        if one.manager not in by_branch.setdefault(one.manager.branch_id, []):
            by_branch[one.manager.branch_id].append(one.manager)
    for one in served:
        session.add_all(_coverages(rng, one, by_branch[one.manager.branch_id]))
    today, year = clock.today(), last_care_year()
    calendar = await surroundings().calendar(session, year.first - timedelta(days=SEARCHED_DAYS), today)
    managers = sorted({one.manager.id for one in served})
    for one in served:
        is_even = managers.index(one.manager.id) % 2 == 0
        session.add_all(_touches(rng, one, calendar, year, is_even=is_even))
    await session.flush()
    await credit_month(session, day=clock.last_closed_day())


def last_care_year() -> CareYear:
    """Return the last year of care that is over: it ended with a lunar one."""
    today = clock.today()
    year = care_year(today.year)
    return year if year.last < today else care_year(today.year - 1)


async def _served(session: AsyncSession) -> list[_Served]:
    known = (
        select(col(Coverage.customer_id), func.min(col(Coverage.valid_from)).label("since"))
        .where(col(Coverage.role) == CoverageRole.PRIMARY)
        .group_by(col(Coverage.customer_id))
        .subquery()
    )
    query = (
        select(Coverage.customer_id, Manager, known.c.since)
        .join(Manager, col(Manager.id) == col(Coverage.manager_id))
        .join(known, known.c.customer_id == col(Coverage.customer_id))
        .where(col(Coverage.role) == CoverageRole.PRIMARY, col(Coverage.valid_to).is_(None))
        .order_by(col(Coverage.customer_id))
    )
    return [_Served(*row) for row in (await session.exec(query)).all()]


def _coverages(rng: Random, one: _Served, colleagues: Sequence[Manager]) -> Iterator[Coverage]:
    """Yield who served before, the last one first: mostly the present manager, now and then some colleagues."""
    until, manager = one.since, one.manager
    for _ in range(1 if chance(rng, 70) else rng.randrange(2, 4)):
        begun = until - timedelta(days=rng.randrange(A_MONTH, LONGEST_DAYS))
        yield Coverage(
            customer_id=one.customer_id,
            id=new_id(),
            manager_id=manager.id,
            role=CoverageRole.PRIMARY,
            valid_from=begun,
            valid_to=until,
            source="run",
            reason="matrix",
            end_reason="matrix",
        )
        until, manager = begun, pick(rng, colleagues)


def _touches(rng: Random, one: _Served, calendar: Calendar, year: CareYear, *, is_even: bool) -> Iterator[Touch]:
    for _ in range(rng.randrange(*TOUCHES)):
        in_season = not is_even and chance(rng, 60)
        start, end = (year.season, year.last) if in_season else (year.first, clock.today())
        day = business_day_near(start + timedelta(days=rng.randrange((end - start).days)), calendar, back=True)
        at = datetime.combine(day, OPENS, BUSINESS_ZONE) + timedelta(minutes=rng.randrange(420))
        is_visit = chance(rng, 20)
        yield Touch(
            customer_id=one.customer_id,
            id=new_id(),
            staff_id=one.manager.staff_id,
            manager_id=one.manager.id,
            kind=TouchKind.VISIT if is_visit else TouchKind.CALL,
            channel=TouchChannel.IN_PERSON if is_visit else TouchChannel.PHONE,
            direction=Direction.OUT,
            purpose=TouchPurpose.SALES if in_season or chance(rng, 30) else TouchPurpose.CARE,
            result=TouchResult.NO_ANSWER if chance(rng, 15) else TouchResult.REACHED,
            at=at,
            minutes=rng.randrange(5, 40),
            recorded_at=at,
        )
