"""From when on a delay is the head's, on plain values."""

from datetime import date, timedelta

import pytest

from guibin.care.clock.rules import last_due_for_leader

HOLIDAYS = {date(2026, 10, 1) + timedelta(days=number): False for number in range(7)}


@pytest.mark.parametrize(
    ("day", "after", "last_due"),
    [
        (date(2026, 11, 26), 3, date(2026, 11, 23)),
        (date(2026, 11, 24), 1, date(2026, 11, 23)),
        (date(2026, 11, 23), 1, date(2026, 11, 22)),
        (date(2026, 11, 22), 1, date(2026, 11, 19)),
        (date(2026, 10, 8), 2, date(2026, 9, 29)),
    ],
)
def test_so_many_business_days_lie_behind_the_due_day(day: date, after: int, last_due: date) -> None:
    assert last_due_for_leader(day, after, HOLIDAYS) == last_due
