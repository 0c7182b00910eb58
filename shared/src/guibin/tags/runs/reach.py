"""How far a tag reaches from day to day, and when that drifts."""

from dataclasses import dataclass
from datetime import date
from itertools import zip_longest
from typing import Final

from sqlalchemy import select
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.tags.matching import percent_of
from guibin.tags.runs import repository

DRIFT_LIMIT_PERCENT: Final = 3.0
"""The change of members from one day to the next that counts as drift: the rule of thumb of tag management in banks."""
LEAST_MEMBERS: Final = 100
"""Of fewer members a single customer would be drift."""


@dataclass(frozen=True, slots=True)
class ReachOfDay:
    """Members of a tag after the last run for a day, against the day before."""

    business_date: date
    version: int
    customers: int
    members: int
    before: int | None
    by_value: dict[str, int]

    @property
    def reach_percent(self) -> float:
        """Their share of all customers."""
        return percent_of(self.members, self.customers)

    @property
    def change_percent(self) -> float | None:
        """Growth against the day before; None on the first day, and from none."""
        return round((self.members - self.before) * 100 / self.before, 2) if self.before else None

    @property
    def drifted(self) -> bool:
        """Whether the change passed the limit."""
        return has_drifted(self.before, self.members)


@dataclass(frozen=True, slots=True)
class ReachOfTag:
    """The days of a tag, latest first, and the latest for which its rule could be computed."""

    computed_for: date | None
    days: list[ReachOfDay]

    def is_stale(self, closed: date) -> bool:
        """Tell whether the tag is behind the last day of business that is over."""
        return self.computed_for is None or self.computed_for < closed


def has_drifted(before: int | None, members: int) -> bool:
    """Tell whether the members changed by more than the limit; a tag of few members never drifts."""
    if before is None or max(before, members) < LEAST_MEMBERS:
        return False
    return abs(members - before) * 100 > DRIFT_LIMIT_PERCENT * before


async def reach_of(session: AsyncSession, *, code: str, days: int) -> ReachOfTag:
    """Return the latest days of a tag, each by its last run."""
    last = repository.last_of_each_day([code])
    columns = (last.c.business_date, last.c.version, last.c.customers, last.c.members, last.c.by_value)
    statement = select(*columns).order_by(last.c.business_date.desc()).limit(days + 1)
    rows = (await session.execute(statement)).all()
    before = [row.members for row in rows[1:]]
    found = [
        ReachOfDay(row.business_date, row.version, row.customers, row.members, older, row.by_value)
        for row, older in zip_longest(rows, before)
    ]
    return ReachOfTag(found[0].business_date if found else None, found[:days])
