"""When a circuit opens, for how long, and who tries first."""

from guibin.channels.breaker import FAILURES, OPEN_SECONDS, STOPPED_SECONDS, Breaker

ACCOUNT, OTHER = "one", "other"


def opened(at: float = 100.0) -> Breaker:
    breaker = Breaker()
    for _ in range(FAILURES):
        breaker.failed(ACCOUNT, at)
    return breaker


def test_a_circuit_opens_with_the_last_failure_in_a_row_and_not_before() -> None:
    breaker = Breaker()
    assert [breaker.failed(ACCOUNT, 1.0) for _ in range(FAILURES)] == [False] * (FAILURES - 1) + [True]
    assert breaker.wait(ACCOUNT, 1.0) == OPEN_SECONDS
    assert breaker.wait(OTHER, 1.0) == 0.0


def test_a_success_in_between_begins_the_count_anew() -> None:
    breaker = Breaker()
    for _ in range(FAILURES - 1):
        breaker.failed(ACCOUNT, 1.0)
    breaker.succeeded(ACCOUNT)
    assert not breaker.failed(ACCOUNT, 1.0)
    assert breaker.wait(ACCOUNT, 1.0) == 0.0


def test_after_the_wait_one_call_is_let_through_and_the_others_wait_on() -> None:
    breaker = opened(100.0)
    later = 100.0 + OPEN_SECONDS
    assert breaker.wait(ACCOUNT, later) == 0.0
    assert breaker.wait(ACCOUNT, later) > 0.0


def test_the_call_that_is_let_through_closes_the_circuit_or_opens_it_again() -> None:
    later = 100.0 + OPEN_SECONDS
    breaker = opened(100.0)
    breaker.wait(ACCOUNT, later)
    breaker.succeeded(ACCOUNT)
    assert breaker.wait(ACCOUNT, later) == 0.0
    breaker = opened(100.0)
    breaker.wait(ACCOUNT, later)
    assert breaker.failed(ACCOUNT, later)
    assert breaker.wait(ACCOUNT, later) == OPEN_SECONDS


def test_a_call_that_ends_without_a_verdict_lets_the_next_one_try() -> None:
    breaker = opened(100.0)
    breaker.wait(ACCOUNT, 100.0 + OPEN_SECONDS)
    breaker.release(ACCOUNT)
    breaker.release(OTHER)
    assert breaker.wait(ACCOUNT, 100.0 + OPEN_SECONDS) == 0.0


def test_a_stopped_account_stays_stopped_for_long() -> None:
    breaker = Breaker()
    breaker.stop(ACCOUNT, 1.0)
    assert breaker.wait(ACCOUNT, 1.0 + OPEN_SECONDS) == STOPPED_SECONDS - OPEN_SECONDS


def test_a_pause_ends_by_itself() -> None:
    breaker = Breaker()
    breaker.pause(ACCOUNT, 1.0, 60.0)
    assert breaker.paused(ACCOUNT, 21.0) == 40.0
    assert breaker.paused(ACCOUNT, 61.0) == 0.0
    assert breaker.paused(OTHER, 1.0) == 0.0
