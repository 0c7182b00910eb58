from datetime import UTC, datetime, timedelta

import pytest

from guibin.core import clock
from guibin.core.settings import Profile
from guibin.web.declaration import RateClass
from guibin.web.errors import CodeLocked, DailyLimit, LimitReached, RateLimited
from guibin.web.limiter import LocalLimiter
from guibin.web.limits import COUNTED_TOGETHER, LIMITS, Allowance

NOON = datetime(2026, 11, 25, 4, tzinfo=UTC)


def limiter_of(profile: Profile = Profile.PRODUCTION, *, processes: int = 1) -> LocalLimiter:
    return LocalLimiter(profile, processes=processes)


def calls_until_refused(limiter: LocalLimiter, rate: RateClass, subject: str = "ann") -> tuple[int, LimitReached]:
    for number in range(200_000):
        try:
            limiter.count(LIMITS[rate], subject)
        except LimitReached as refused:
            return number, refused
    raise AssertionError("never refused")


def test_every_class_has_a_limit() -> None:
    assert set(LIMITS) == set(RateClass)


@pytest.mark.parametrize(
    ("rate", "limits"),
    [
        (RateClass.LOGIN, [(10, 60)]),
        (RateClass.OTP, [(50, 3_600)]),
        (RateClass.BALANCE, [(60, 60)]),
        (RateClass.HISTORY, [(30, 60)]),
        (RateClass.REDEEM, [(6, 60), (30, 86_400)]),
        (RateClass.VOUCHER_CODE, [(5, 3_600)]),
        (RateClass.SEARCH, [(60, 60)]),
        (RateClass.REVEAL, [(10, 60)]),
        (RateClass.EXPORT, [(5, 86_400)]),
        (RateClass.EARN, [(200, 1)]),
        (RateClass.CALLBACK, [(50, 1)]),
    ],
)
def test_production_allows_as_many_calls_as_the_design_says(rate: RateClass, limits: list[tuple[int, int]]) -> None:
    assert [(limit.most(Profile.PRODUCTION), limit.seconds) for limit in LIMITS[rate]] == limits
    assert [limit.most(Profile.DEVELOPMENT) for limit in LIMITS[rate]] == [calls * 1_000 for calls, _ in limits]


def test_what_costs_money_or_shows_secrets_is_counted_by_all_processes_together() -> None:
    together = {"login", "otp", "redeem", "voucher_code", "reveal", "export"}
    assert {str(rate) for rate in COUNTED_TOGETHER} == together


@pytest.mark.parametrize(("processes", "calls"), [(1, 60), (2, 30), (7, 8), (100, 1)])
def test_each_process_allows_its_share(processes: int, calls: int) -> None:
    with clock.fixed_at(NOON):
        assert calls_until_refused(limiter_of(processes=processes), RateClass.BALANCE)[0] == calls


def test_a_refusal_says_which_limit_and_how_long_to_wait() -> None:
    with clock.fixed_at(NOON):
        _, refused = calls_until_refused(limiter_of(), RateClass.REDEEM)
    assert refused.facts == {"limit": "redeem_per_minute", "retry_after": 10}
    assert isinstance(refused, RateLimited)


def test_an_allowance_says_what_is_left_of_the_tightest_limit() -> None:
    with clock.fixed_at(NOON):
        assert limiter_of().count(LIMITS[RateClass.REDEEM], "ann") == Allowance(limit=6, remaining=5, reset=10)


def test_codes_that_cannot_be_counted_together_are_tried_five_times_whether_right_or_wrong() -> None:
    with clock.fixed_at(NOON):
        calls, refused = calls_until_refused(limiter_of(), RateClass.VOUCHER_CODE)
    assert (calls, type(refused)) == (5, CodeLocked)


def test_the_bucket_fills_evenly() -> None:
    limiter = limiter_of()
    with clock.fixed_at(NOON):
        calls_until_refused(limiter, RateClass.REDEEM)
    with clock.fixed_at(NOON + timedelta(seconds=20)):
        assert calls_until_refused(limiter, RateClass.REDEEM)[0] == 2


def test_the_day_counts_beside_the_minute() -> None:
    limiter = limiter_of()
    counted = 0
    for minute in range(8):
        with clock.fixed_at(NOON + timedelta(minutes=minute)):
            calls, refused = calls_until_refused(limiter, RateClass.REDEEM)
            counted += calls
    assert (counted, type(refused), refused.limit) == (30, DailyLimit, "redeem_per_day")


def test_subjects_and_classes_do_not_count_against_each_other() -> None:
    limiter = limiter_of()
    with clock.fixed_at(NOON):
        calls_until_refused(limiter, RateClass.REDEEM)
        limiter.count(LIMITS[RateClass.REDEEM], "bob")
        limiter.count(LIMITS[RateClass.BALANCE], "ann")


def test_a_clock_that_goes_back_gives_nothing_away() -> None:
    limiter = limiter_of()
    with clock.fixed_at(NOON):
        calls_until_refused(limiter, RateClass.REDEEM)
    with clock.fixed_at(NOON - timedelta(hours=1)):
        assert calls_until_refused(limiter, RateClass.REDEEM)[0] == 0


def test_the_buckets_of_many_subjects_do_not_grow_without_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("guibin.web.limiter._MOST_BUCKETS", 10)
    limiter = limiter_of()
    with clock.fixed_at(NOON):
        calls_until_refused(limiter, RateClass.HISTORY, "first")
        for number in range(9):
            limiter.count(LIMITS[RateClass.HISTORY], str(number))
        assert calls_until_refused(limiter, RateClass.HISTORY, "first")[0] == 0
        for number in range(10):
            limiter.count(LIMITS[RateClass.HISTORY], str(number))
        assert calls_until_refused(limiter, RateClass.HISTORY, "first")[0] == 30
