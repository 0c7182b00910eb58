"""Days that come again every year, and festivals: when they come next, and how far that is."""

from calendar import isleap
from collections.abc import Sequence
from datetime import date
from typing import Final

from sqlalchemy import Date, Integer, bindparam, case, cast, func, literal, null, select

from guibin.tags.compiler.columns import Column
from guibin.tags.compiler.figures import Figures, Pass
from guibin.tags.festivals import Festival, next_festival
from guibin.tags.profiles.repository import PROFILES, valid_on
from guibin.tags.rules import Operand
from guibin.tags.vocabulary import Fact, FactType

_29_FEBRUARY: Final = "0229"


def yearly_figures(wanted: Sequence[Fact], run: Pass) -> Figures:
    """Find the next birthday, and the next day on which the relation with the bank is full years old."""
    opened = case((PROFILES.c.opened_on <= run.day, func.to_char(PROFILES.c.opened_on, "MMDD")), else_=null())
    statement = select(
        PROFILES.c.customer_id,
        _next(PROFILES.c.birth_mmdd, run.day).label("birthday"),
        _next(opened, run.day).label("anniversary"),
    ).where(valid_on(run.day))
    joined = run.narrowed(statement, PROFILES.c.customer_id).subquery("days_of_the_year")
    columns: dict[Operand, Column] = {}
    for one in wanted:
        found = joined.c[one.name.removeprefix("days_to_")]
        columns[one] = found if one.type is FactType.DATE else found - literal(run.day)
    return Figures(joined, columns)


def festival_column(fact: Fact, day: date) -> Column:
    """Return the day on which a festival comes next: the same for all customers."""
    festival = Festival(fact.name.removeprefix("holiday."))
    return bindparam(None, next_festival(festival, day), type_=Date)


def _next(month_day: Column, day: date) -> Column:
    """Find when a day of the year comes next, today's counted; 29 February is the 28th in years that have none."""
    year = literal(day.year) + cast(month_day < literal(f"{day:%m%d}"), Integer)
    whole = func.make_date(year, cast(func.left(month_day, 2), Integer), cast(func.right(month_day, 2), Integer))
    return case((month_day == literal(_29_FEBRUARY), literal(next_29_february(day))), else_=whole)


def next_29_february(day: date) -> date:
    """Return the next day on which somebody born on 29 February has a birthday: the 28th in common years."""
    this_year = date(day.year, 2, 29 if isleap(day.year) else 28)
    return this_year if this_year >= day else date(day.year + 1, 2, 29 if isleap(day.year + 1) else 28)
