from datetime import UTC, datetime, timedelta

import pytest

from guibin.core import clock
from guibin.core.settings import Profile
from guibin.web.declaration import RateClass
from guibin.web.errors import DailyLimit, RateLimited
from guibin.web.limiter import LIMITS, RateLimiter

NOON = datetime(2026, 11, 25, 4, tzinfo=UTC)


def calls_until_refused(
    limiter: RateLimiter, rate: RateClass, subject: str = "ann"
) -> tuple[int, RateLimited | DailyLimit]:
    for number in range(200_000):
        try:
            limiter.count(rate, subject)
        except (RateLimited, DailyLimit) as refused:
            return number, refused
    raise AssertionError("never refused")


def test_every_class_has_a_limit() -> None:
    assert set(LIMITS) == set(RateClass)


@pytest.mark.parametrize(("profile", "calls"), [(Profile.PRODUCTION, 6), (Profile.DEVELOPMENT, 6_000)])
def test_the_bucket_holds_as_many_calls_as_the_profile_allows(profile: Profile, calls: int) -> None:
    with clock.fixed_at(NOON):
        assert calls_until_refused(RateLimiter(profile), RateClass.REDEEM)[0] == calls


def test_a_refusal_says_which_limit_and_how_long_to_wait() -> None:
    with clock.fixed_at(NOON):
        _, refused = calls_until_refused(RateLimiter(Profile.PRODUCTION), RateClass.REDEEM)
    assert refused.facts == {"limit": "redeem_per_minute", "retry_after": 10}


def test_the_bucket_fills_evenly() -> None:
    limiter = RateLimiter(Profile.PRODUCTION)
    with clock.fixed_at(NOON):
        calls_until_refused(limiter, RateClass.REDEEM)
    with clock.fixed_at(NOON + timedelta(seconds=20)):
        assert calls_until_refused(limiter, RateClass.REDEEM)[0] == 2


def test_the_day_counts_beside_the_minute() -> None:
    limiter = RateLimiter(Profile.PRODUCTION)
    counted = 0
    for minute in range(8):
        with clock.fixed_at(NOON + timedelta(minutes=minute)):
            calls, refused = calls_until_refused(limiter, RateClass.REDEEM)
            counted += calls
    assert (counted, refused.code, refused.facts["limit"]) == (30, "daily_limit", "redeem_per_day")


def test_subjects_and_classes_do_not_count_against_each_other() -> None:
    limiter = RateLimiter(Profile.PRODUCTION)
    with clock.fixed_at(NOON):
        calls_until_refused(limiter, RateClass.REDEEM)
        limiter.count(RateClass.REDEEM, "bob")
        limiter.count(RateClass.BALANCE, "ann")


def test_a_clock_that_goes_back_gives_nothing_away() -> None:
    limiter = RateLimiter(Profile.PRODUCTION)
    with clock.fixed_at(NOON):
        calls_until_refused(limiter, RateClass.REDEEM)
    with clock.fixed_at(NOON - timedelta(hours=1)):
        assert calls_until_refused(limiter, RateClass.REDEEM)[0] == 0


def test_the_buckets_of_many_subjects_do_not_grow_without_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("guibin.web.limiter._MOST_BUCKETS", 10)
    limiter = RateLimiter(Profile.PRODUCTION)
    with clock.fixed_at(NOON):
        calls_until_refused(limiter, RateClass.HISTORY, "first")
        for number in range(9):
            limiter.count(RateClass.HISTORY, str(number))
        assert calls_until_refused(limiter, RateClass.HISTORY, "first")[0] == 0
        for number in range(10):
            limiter.count(RateClass.HISTORY, str(number))
        assert calls_until_refused(limiter, RateClass.HISTORY, "first")[0] == 30
