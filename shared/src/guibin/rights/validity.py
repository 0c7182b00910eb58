"""When codes can be used, and when a use can have happened."""

from datetime import date, datetime, timedelta
from typing import Final


def is_over(last_day: date | None, day: date) -> bool:
    """Tell whether a code can no longer be used on a day; without a last day it always can."""
    return last_day is not None and day > last_day


def is_within(first_day: date | None, last_day: date | None, day: date) -> bool:
    """Tell whether codes can be used on a day: not before the first, where there is one, nor after the last."""
    return (first_day is None or day >= first_day) and not is_over(last_day, day)


CLOCKS_DIFFER: Final = timedelta(minutes=5)
"""By how much a terminal's clock may be ahead of ours, or behind."""

TOLD_WITHIN: Final = timedelta(days=7)
"""How long a terminal may be offline."""


def moment_of_use(told: datetime | None, *, now: datetime, since: datetime | None = None) -> datetime | None:
    """Return when a use happened by our clock; None when it cannot have happened when it is said to have.

    Within what clocks differ by it is not later than now, and not before the code was given out (`since`).
    """
    if told is None:
        return now
    if not now - TOLD_WITHIN <= told <= now + CLOCKS_DIFFER or (since is not None and told < since - CLOCKS_DIFFER):
        return None
    return max(min(told, now), since or told)
