"""What a decision refers to, how many people it takes, and when a request lapses."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guibin.approvals.rules import (
    DEFAULT_RULE,
    SEARCHED_DAYS,
    Rule,
    canonical,
    expiry,
    is_business_day,
    payload_hash,
)
from guibin.core.clock import BUSINESS_ZONE
from guibin.organisation.holidays import special_days

CHINA = {day: works for day, works, _ in special_days()}

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=6,
)


@given(st.dictionaries(st.text(max_size=4), values, max_size=4))
def test_the_order_of_the_fields_does_not_change_the_hash(payload: dict[str, object]) -> None:
    assert payload_hash(dict(reversed(payload.items()))) == payload_hash(payload)


def test_another_value_has_another_hash() -> None:
    assert payload_hash({"points": 100}) != payload_hash({"points": 101})


def test_the_canonical_form_is_sorted_and_without_blanks() -> None:
    assert canonical({"b": [1, None], "a": "积分"}) == '{"a":"积分","b":[1,null]}'.encode()


@pytest.mark.parametrize(("cost_fen", "people"), [(None, 1), (0, 1), (50_000_00, 1), (50_000_01, 2)])
def test_above_fifty_thousand_yuan_of_cost_it_takes_two(cost_fen: int | None, people: int) -> None:
    assert DEFAULT_RULE.approvers_for(cost_fen) == people


def test_a_bank_sets_how_many_people_and_above_which_cost() -> None:
    strict = Rule(approvers=2, threshold_fen=100, approvers_above=5)
    assert [strict.approvers_for(cost_fen) for cost_fen in (None, 100, 101)] == [2, 2, 5]
    assert Rule(threshold_fen=None).approvers_for(10**15) == 1


@pytest.mark.parametrize(
    ("created", "lapses"),
    [
        (datetime(2026, 11, 23, 2, tzinfo=UTC), datetime(2026, 11, 26, 2, tzinfo=UTC)),  # Monday to Thursday
        (datetime(2026, 11, 25, 2, tzinfo=UTC), datetime(2026, 11, 30, 2, tzinfo=UTC)),  # Wednesday to Monday
        (datetime(2026, 11, 27, 2, tzinfo=UTC), datetime(2026, 12, 2, 2, tzinfo=UTC)),  # Friday to Wednesday
        (datetime(2026, 11, 28, 2, tzinfo=UTC), datetime(2026, 12, 2, 2, tzinfo=UTC)),  # Saturday to Wednesday
        # Sunday evening in UTC is Monday morning in Shanghai
        (datetime(2026, 11, 23, 7, tzinfo=BUSINESS_ZONE), datetime(2026, 11, 25, 23, tzinfo=UTC)),
        # Over the week of the National Day, of which the Saturday after it is worked
        (datetime(2026, 9, 30, 15, tzinfo=BUSINESS_ZONE), datetime(2026, 10, 10, 15, tzinfo=BUSINESS_ZONE)),
        # Over the Spring Festival, of which the Saturdays before and after it are worked
        (datetime(2026, 2, 13, 9, tzinfo=BUSINESS_ZONE), datetime(2026, 2, 25, 9, tzinfo=BUSINESS_ZONE)),
    ],
)
def test_a_request_lapses_after_three_business_days(created: datetime, lapses: datetime) -> None:
    assert expiry(created, 3, CHINA) == lapses


moments = st.datetimes(datetime(2025, 1, 1), datetime(2028, 12, 31), timezones=st.just(BUSINESS_ZONE))  # noqa: DTZ001
calendars = st.dictionaries(st.dates(date(2025, 1, 1), date(2030, 12, 31)), st.booleans(), max_size=60)


@given(moments, st.integers(1, 60), calendars)
def test_exactly_so_many_business_days_lie_between_submission_and_expiry(
    created: datetime, business_days: int, calendar: dict[date, bool]
) -> None:
    lapses = expiry(created, business_days, calendar)
    between = [created.date() + timedelta(days=n) for n in range(1, (lapses.date() - created.date()).days + 1)]
    assert sum(is_business_day(day, calendar) for day in between) == business_days
    assert is_business_day(lapses.date(), calendar)
    assert lapses.timetz() == created.timetz()


@given(moments, st.integers(1, 59), calendars)
def test_a_longer_time_never_ends_earlier_and_a_holiday_never_shortens_it(
    created: datetime, business_days: int, calendar: dict[date, bool]
) -> None:
    assert expiry(created, business_days, calendar) < expiry(created, business_days + 1, calendar)
    holidays = calendar | {created.date() + timedelta(days=1): False}
    worked = calendar | {created.date() + timedelta(days=1): True}
    assert expiry(created, business_days, worked) <= expiry(created, business_days, holidays)


def test_a_bank_that_never_works_again_still_ends_the_search() -> None:
    created = datetime(2026, 11, 25, tzinfo=BUSINESS_ZONE)
    never = {created.date() + timedelta(days=n): False for n in range(SEARCHED_DAYS + 1)}
    assert expiry(created, 3, never) == created + timedelta(days=SEARCHED_DAYS)
