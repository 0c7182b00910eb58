"""Days of business: calendar days of Asia/Shanghai. Pure, for rules; `clock` alone knows what time it is."""

from datetime import UTC, date, datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

BUSINESS_ZONE = ZoneInfo("Asia/Shanghai")


def business_day(instant: datetime) -> date:
    """Return the day of business in which an aware instant lies."""
    return instant.astimezone(BUSINESS_ZONE).date()


@lru_cache(maxsize=64)
def start_of_day(day: date) -> datetime:
    """Return the first instant of a day of business, in UTC."""
    return datetime(day.year, day.month, day.day, tzinfo=BUSINESS_ZONE).astimezone(UTC)
