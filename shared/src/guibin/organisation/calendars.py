"""Which days the bank works: from Monday to Friday, but for the holidays and worked weekends of each year."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.audit import service as audit
from guibin.core.errors import VersionConflict
from guibin.core.seeding import add_missing
from guibin.organisation.models import CalendarYear
from guibin.security.actors import Actor


@dataclass(frozen=True)
class SpecialDay:
    """A day that is not what its weekday says: `works` is false on a holiday and true on a weekend made up for."""

    day: date
    works: bool
    name_zh: str
    name_en: str


async def find_year(session: AsyncSession, year: int) -> CalendarYear:
    """Return the calendar of a year; one that nobody has written yet has no special days and revision 0."""
    return await session.get(CalendarYear, year) or CalendarYear(year=year, days=[], revision=0)


async def special_days(session: AsyncSession, first: date, last: date) -> Mapping[date, bool]:
    """Return for each special day of a range whether the bank works."""
    query = select(CalendarYear).where(col(CalendarYear.year).between(first.year, last.year))
    days = [day for row in (await session.exec(query)).all() for day in row.days]
    written = {date.fromisoformat(str(day["day"])): bool(day["works"]) for day in days}
    return {day: works for day, works in written.items() if first <= day <= last}


async def replace_year(
    session: AsyncSession, *, actor: Actor, year: int, revision: int, days: Sequence[SpecialDay]
) -> CalendarYear:
    """Write the special days of a year that still has the revision that was read.

    Raises:
        VersionConflict: somebody else changed it meanwhile.
    """
    query = select(CalendarYear).where(CalendarYear.year == year).with_for_update()
    row = (await session.exec(query.execution_options(populate_existing=True))).first()
    written = [_document(day) for day in sorted(days, key=lambda day: day.day)]
    if row is None:
        row = CalendarYear(year=year, days=written)
        if revision or not await add_missing(session, CalendarYear, [row.model_dump()]):
            raise VersionConflict
    elif row.revision != revision:
        raise VersionConflict
    else:
        row.days, row.revision = written, revision + 1
        session.add(row)
    await audit.record(
        session,
        actor=actor,
        action="calendar.replace",
        object_type="calendar",
        object_id=str(year),
        facts={"days": len(written), "revision": row.revision},
    )
    return row


def says(year: CalendarYear, days: Sequence[SpecialDay]) -> bool:
    """Tell whether a year has exactly these special days."""
    return year.days == [_document(day) for day in sorted(days, key=lambda day: day.day)]


def _document(day: SpecialDay) -> dict[str, object]:
    return {"day": day.day.isoformat(), "works": day.works, "name_zh": day.name_zh, "name_en": day.name_en}
