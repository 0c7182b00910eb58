"""Which occasions a night looks at, when their tasks are due, and lunar birthdays: on plain values."""

from datetime import date, timedelta
from typing import Any

import pytest
from lunar_python import Solar

from guibin.care.plans.terms import Trigger
from guibin.care.triggers.lunar import births_kept_on
from guibin.care.triggers.rules import AHEAD_DAYS, days_of_year, due_of, dues_of

HOLIDAYS = {date(2026, 10, 1) + timedelta(days=number): False for number in range(7)} | {date(2026, 10, 10): True}


def trigger(on: str = "birthday", offset: int = 0, **more: Any) -> Trigger:
    said = {"code": "one", "on": on, "offset": offset, "title_zh": "祝福", "title_en": "Wishes"}
    return Trigger.model_validate({**said, **more})


@pytest.mark.parametrize(
    ("offset", "unit", "occasion", "due"),
    [
        (0, "calendar", date(2026, 10, 3), date(2026, 9, 30)),
        (-1, "calendar", date(2026, 10, 4), date(2026, 9, 30)),
        (-30, "calendar", date(2026, 12, 1), date(2026, 10, 30)),
        (7, "calendar", date(2026, 9, 26), date(2026, 10, 8)),
        (3, "business", date(2026, 9, 29), date(2026, 10, 9)),
        (0, "business", date(2026, 10, 3), date(2026, 9, 30)),
    ],
)
def test_what_is_due_by_an_occasion_moves_before_a_holiday_and_what_follows_behind_it(
    offset: int, unit: str, occasion: date, due: date
) -> None:
    assert due_of(trigger(offset=offset, unit=unit), occasion, HOLIDAYS) == due


@pytest.mark.parametrize("offset", [-30, -1, 0, 90])
def test_every_day_known_ahead_is_due_in_the_window_of_exactly_one_row_of_nights(offset: int) -> None:
    one = trigger("maturity", offset)
    nights = [date(2026, 9, 1) + timedelta(days=number) for number in range(60)]
    seen = {due.occasion for night in nights for due in dues_of(one, night, HOLIDAYS)}
    due_days = {due_of(one, day, HOLIDAYS): day for day in seen}
    assert min(due_days) == date(2026, 9, 2)
    assert max(due_days) <= nights[-1] + timedelta(days=AHEAD_DAYS)
    first, last = min(seen), max(seen)
    assert seen == {first + timedelta(days=number) for number in range((last - first).days + 1)}


def test_an_occasion_that_is_noticed_is_due_on_the_next_business_day_at_the_earliest() -> None:
    dues = list(
        dues_of(trigger("large_outflow", 1, unit="business", thresholds={"T1": 1}), date(2026, 9, 30), HOLIDAYS)
    )
    assert len(dues) == 7
    assert {due.due_on for due in dues} == {date(2026, 10, 8)}
    assert all(due.starts_on == date(2026, 10, 1) for due in dues)
    assert len(list(dues_of(trigger("tier_watch", 1), date(2026, 9, 30), HOLIDAYS))) == 46


def test_29_february_is_kept_on_the_28th_where_there_is_none() -> None:
    assert days_of_year(date(2027, 2, 28)) == ["0228", "0229"]
    assert days_of_year(date(2028, 2, 28)) == ["0228"]
    assert days_of_year(date(2028, 2, 29)) == ["0229"]


def lunar_of(day: date) -> tuple[int, int, int]:
    found = Solar.fromYmd(day.year, day.month, day.day).getLunar()
    return found.getYear(), found.getMonth(), found.getDay()


@pytest.mark.parametrize("day", [date(2026, 9, 25), date(2026, 2, 17), date(2027, 1, 20)])
def test_births_kept_on_a_day_have_its_lunar_month_and_day(day: date) -> None:
    _, month, number = lunar_of(day)
    births = list(births_kept_on(day))
    assert len(births) >= 60
    for born in births[:: len(births) // 5]:
        _, of_birth, day_of_birth = lunar_of(born)
        assert (abs(of_birth), day_of_birth) == (month, number)


def test_nobody_keeps_a_birthday_in_a_leap_month_and_who_was_born_in_one_keeps_the_regular_one() -> None:
    assert lunar_of(date(2025, 8, 1))[1] == -6
    assert list(births_kept_on(date(2025, 8, 1))) == []
    regular = date(2025, 7, 2)
    assert lunar_of(regular)[1:] == (6, 8)
    leap_birth = date(1987, 8, 2)
    assert lunar_of(leap_birth)[1:] == (-6, 8)
    assert leap_birth in set(births_kept_on(regular))


def test_the_30th_is_kept_on_the_29th_of_a_short_month() -> None:
    day = next(
        one
        for n in range(400)
        if lunar_of(one := date(2026, 1, 1) + timedelta(days=n))[2] == 29 and lunar_of(one + timedelta(days=1))[2] == 1
    )
    assert {lunar_of(born)[2] for born in list(births_kept_on(day))[:40]} == {29, 30}
