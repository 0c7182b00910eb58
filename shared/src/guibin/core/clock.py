"""The only source of time: instants are UTC, days of business are calendar days of Asia/Shanghai."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

BUSINESS_ZONE = ZoneInfo("Asia/Shanghai")
_fixed: ContextVar[datetime | None] = ContextVar("fixed_clock", default=None)


def now() -> datetime:
    """Return the current instant, aware, in UTC."""
    return _fixed.get() or datetime.now(UTC)


def today() -> date:
    """Return the current day of business."""
    return business_day(now())


def business_day(instant: datetime) -> date:
    """Return the day of business in which an aware instant lies."""
    return instant.astimezone(BUSINESS_ZONE).date()


def last_closed_day() -> date:
    """Return the last closed day of business, which is yesterday in Asia/Shanghai."""
    return today() - timedelta(days=1)


@lru_cache(maxsize=64)
def start_of_day(day: date) -> datetime:
    """Return the first instant of a day of business, in UTC."""
    return datetime(day.year, day.month, day.day, tzinfo=BUSINESS_ZONE).astimezone(UTC)


@contextmanager
def fixed_at(instant: datetime) -> Iterator[None]:
    """Let the clock stand at an aware instant in this context, as tests need it."""
    token = _fixed.set(instant.astimezone(UTC))
    try:
        yield
    finally:
        _fixed.reset(token)
