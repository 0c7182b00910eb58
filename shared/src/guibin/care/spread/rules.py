"""How evenly contact lies over a year that ends with the lunar one: on plain values."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from guibin.care.triggers.lunar import new_years_day

DAYS_OF_YEAR: Final = 365
SEASON_DAYS: Final = 45
PIECES: Final = 12


@dataclass(frozen=True, slots=True)
class CareYear:
    """The 365 days that end with the last one before a lunar New Year; the last 45 of them are the season."""

    first: date
    last: date

    @property
    def season(self) -> date:
        """The first day of the season."""
        return self.last - timedelta(days=SEASON_DAYS - 1)


def care_year(year: int) -> CareYear:
    """Return the year of care that ends before the lunar New Year which falls into a calendar year."""
    last = new_years_day(year) - timedelta(days=1)
    return CareYear(last - timedelta(days=DAYS_OF_YEAR - 1), last)


def spread_index(in_season: int, of_year: int) -> float | None:
    """Return the season's share of a year's touches over its share of the days: 1 is even; None without touches."""
    return round(in_season * DAYS_OF_YEAR / (of_year * SEASON_DAYS), 2) if of_year else None
