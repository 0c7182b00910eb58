from datetime import UTC, date, datetime, timedelta

import pytest

from guibin.core import clock


@pytest.mark.parametrize(
    ("instant", "day"),
    [
        (datetime(2026, 12, 31, 15, 59, 59, tzinfo=UTC), date(2026, 12, 31)),
        (datetime(2026, 12, 31, 16, 0, 0, tzinfo=UTC), date(2027, 1, 1)),
        (datetime(2028, 2, 28, 16, 0, 0, tzinfo=UTC), date(2028, 2, 29)),
    ],
)
def test_a_day_of_business_begins_at_midnight_in_shanghai(instant: datetime, day: date) -> None:
    assert clock.business_day(instant) == day
    with clock.fixed_at(instant):
        assert clock.today() == day
        assert clock.last_closed_day() == day - timedelta(days=1)


def test_the_first_instant_of_a_day_lies_in_it_and_the_one_before_does_not() -> None:
    first = clock.start_of_day(date(2026, 11, 26))
    assert first == datetime(2026, 11, 25, 16, tzinfo=UTC)
    assert clock.business_day(first - timedelta(microseconds=1)) == date(2026, 11, 25)


def test_instants_are_in_utc_whatever_zone_the_clock_was_set_in() -> None:
    with clock.fixed_at(datetime(2026, 11, 26, 1, tzinfo=clock.BUSINESS_ZONE)):
        assert clock.now().isoformat() == "2026-11-25T17:00:00+00:00"
