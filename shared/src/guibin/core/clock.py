"""The only source of time: instants are UTC, days of business are calendar days of Asia/Shanghai."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, date, datetime, timedelta

from guibin.core.zone import BUSINESS_ZONE, business_day, start_of_day

__all__ = ["BUSINESS_ZONE", "business_day", "fixed_at", "last_closed_day", "now", "start_of_day", "today"]

_fixed: ContextVar[datetime | None] = ContextVar("fixed_clock", default=None)


def now() -> datetime:
    """Return the current instant, aware, in UTC."""
    return _fixed.get() or datetime.now(UTC)


def today() -> date:
    """Return the current day of business."""
    return business_day(now())


def last_closed_day() -> date:
    """Return the last closed day of business, which is yesterday in Asia/Shanghai."""
    return today() - timedelta(days=1)


@contextmanager
def fixed_at(instant: datetime) -> Iterator[None]:
    """Let the clock stand at an aware instant in this context, as tests need it."""
    token = _fixed.set(instant.astimezone(UTC))
    try:
        yield
    finally:
        _fixed.reset(token)
