"""When the festivals of the lunar calendar are."""

from datetime import date, timedelta
from itertools import pairwise

import pytest

from guibin.tags.festivals import FESTIVAL_DAYS, Festival, next_festival


@pytest.mark.parametrize("festival", list(Festival))
def test_a_festival_comes_once_in_a_lunar_year(festival: Festival) -> None:
    days = FESTIVAL_DAYS[festival]
    assert all(353 <= (later - earlier).days <= 385 for earlier, later in pairwise(days))


def test_the_eve_is_the_day_before_the_spring_festival_and_laba_comes_earlier() -> None:
    eves, springs = FESTIVAL_DAYS[Festival.NEW_YEARS_EVE], FESTIVAL_DAYS[Festival.SPRING_FESTIVAL]
    assert [spring - timedelta(days=1) for spring in springs] == list(eves)
    labas = FESTIVAL_DAYS[Festival.LABA]
    assert {(spring - laba).days for spring, laba in zip(springs[1:], labas, strict=True)} <= {22, 23}


@pytest.mark.parametrize(
    ("day", "expected"),
    [
        (date(2026, 2, 17), date(2026, 2, 17)),
        (date(2026, 2, 18), date(2027, 2, 6)),
        (date(2042, 1, 1), None),
    ],
)
def test_the_next_one_is_found_with_todays(day: date, expected: date | None) -> None:
    assert next_festival(Festival.SPRING_FESTIVAL, day) == expected
