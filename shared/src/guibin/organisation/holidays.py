"""The public holidays that a bank starts from: 2026 as announced by the State Council, 2027 by the law alone.

The announcement for a year comes late in the year before; a bank then replaces the days of that year.
"""

from collections.abc import Iterator
from datetime import date, timedelta

from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.core.seeding import add_missing
from guibin.organisation.models import CalendarYear

NEW_YEAR = ("元旦", "New Year's Day")
SPRING = ("春节", "Spring Festival")
QINGMING = ("清明节", "Qingming Festival")
LABOUR = ("劳动节", "Labour Day")
DRAGON_BOAT = ("端午节", "Dragon Boat Festival")
MID_AUTUMN = ("中秋节", "Mid-Autumn Festival")
NATIONAL = ("国庆节", "National Day")

FREE = (
    (date(2026, 1, 1), 3, NEW_YEAR),
    (date(2026, 2, 15), 9, SPRING),
    (date(2026, 4, 4), 3, QINGMING),
    (date(2026, 5, 1), 5, LABOUR),
    (date(2026, 6, 19), 3, DRAGON_BOAT),
    (date(2026, 9, 25), 3, MID_AUTUMN),
    (date(2026, 10, 1), 7, NATIONAL),
    (date(2027, 1, 1), 1, NEW_YEAR),
    (date(2027, 2, 5), 4, SPRING),
    (date(2027, 4, 5), 1, QINGMING),
    (date(2027, 5, 1), 2, LABOUR),
    (date(2027, 6, 9), 1, DRAGON_BOAT),
    (date(2027, 9, 15), 1, MID_AUTUMN),
    (date(2027, 10, 1), 3, NATIONAL),
)
"""First day, number of days, what for."""

WORKED = (
    (date(2026, 1, 4), NEW_YEAR),
    (date(2026, 2, 14), SPRING),
    (date(2026, 2, 28), SPRING),
    (date(2026, 5, 9), LABOUR),
    (date(2026, 9, 20), NATIONAL),
    (date(2026, 10, 10), NATIONAL),
)
"""Weekend days that are worked to make up for a holiday."""


def special_days() -> Iterator[tuple[date, bool, tuple[str, str]]]:
    """Yield each special day with whether it is worked and its names in Chinese and English."""
    for first, length, names in FREE:
        yield from ((first + timedelta(days=offset), False, names) for offset in range(length))
    yield from ((day, True, names) for day, names in WORKED)


async def seed(session: AsyncSession) -> int:
    """Add the years that are missing; what a bank has written stays. Returns the years added."""
    years: dict[int, list[dict[str, object]]] = {}
    for day, works, (zh, en) in sorted(special_days()):
        written: dict[str, object] = {"day": day.isoformat(), "works": works, "name_zh": zh, "name_en": en}
        years.setdefault(day.year, []).append(written)
    rows = [{"year": year, "days": days, "revision": 1} for year, days in years.items()]
    return await add_missing(session, CalendarYear, rows)
