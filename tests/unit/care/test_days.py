"""Business days, periods and the even spread of customers over them, on plain values."""

from datetime import date, timedelta

import pytest

from guibin.care.days import (
    Period,
    add_business_days,
    business_day_near,
    business_days,
    period_of,
    periods,
)

NATIONAL_DAY = {date(2026, 10, day): False for day in range(1, 8)} | {date(2026, 10, 10): True}


@pytest.mark.parametrize(
    ("day", "months", "first", "last"),
    [
        (date(2026, 2, 28), 1, date(2026, 2, 1), date(2026, 2, 28)),
        (date(2028, 2, 29), 1, date(2028, 2, 1), date(2028, 2, 29)),
        (date(2026, 5, 31), 2, date(2026, 5, 1), date(2026, 6, 30)),
        (date(2026, 6, 30), 3, date(2026, 4, 1), date(2026, 6, 30)),
        (date(2026, 12, 31), 6, date(2026, 7, 1), date(2026, 12, 31)),
        (date(2026, 7, 1), 12, date(2026, 1, 1), date(2026, 12, 31)),
    ],
)
def test_a_day_lies_in_one_period_of_the_year(day: date, months: int, first: date, last: date) -> None:
    assert period_of(day, months) == Period(first, last)


def test_periods_follow_each_other_over_the_turn_of_the_year() -> None:
    found = periods(date(2026, 11, 30), date(2027, 1, 1), 1)
    assert [one.first for one in found] == [date(2026, 11, 1), date(2026, 12, 1), date(2027, 1, 1)]
    assert periods(date(2026, 11, 30), date(2026, 12, 31), 3) == [Period(date(2026, 10, 1), date(2026, 12, 31))]


def test_holidays_are_no_business_days_and_a_worked_saturday_is_one() -> None:
    days = business_days(Period(date(2026, 9, 30), date(2026, 10, 12)), NATIONAL_DAY)
    assert days == [date(2026, 9, 30), date(2026, 10, 8), date(2026, 10, 9), date(2026, 10, 10), date(2026, 10, 12)]


@pytest.mark.parametrize(
    ("day", "back", "found"),
    [
        (date(2026, 10, 3), True, date(2026, 9, 30)),
        (date(2026, 10, 3), False, date(2026, 10, 8)),
        (date(2026, 10, 10), True, date(2026, 10, 10)),
        (date(2026, 10, 11), True, date(2026, 10, 10)),
    ],
)
def test_a_closed_day_moves_to_the_business_day_beside_it(day: date, back: bool, found: date) -> None:
    assert business_day_near(day, NATIONAL_DAY, back=back) == found


def test_a_calendar_without_business_days_leaves_the_day() -> None:
    closed = {date(2026, 1, 1) + timedelta(days=number): False for number in range(400)}
    assert business_day_near(date(2026, 3, 1), closed, back=False) == date(2026, 3, 1)


@pytest.mark.parametrize(
    ("day", "count", "found"),
    [
        (date(2026, 9, 30), 1, date(2026, 10, 8)),
        (date(2026, 10, 9), 2, date(2026, 10, 12)),
        (date(2026, 10, 8), -1, date(2026, 9, 30)),
        (date(2026, 10, 4), 0, date(2026, 10, 4)),
        (date(2026, 10, 4), 1, date(2026, 10, 8)),
    ],
)
def test_business_days_are_counted_over_holidays(day: date, count: int, found: date) -> None:
    assert add_business_days(day, count, NATIONAL_DAY) == found
