"""The pure decisions of care."""

from datetime import UTC, date, datetime, timedelta

import pytest

from guibin.care import rules
from guibin.care.models import ComplaintState, NeedState, PromiseState, TouchChannel, TouchKind, TouchResult

NOW = datetime(2026, 11, 26, 2, tzinfo=UTC)
TODAY = date(2026, 11, 26)


def test_business_days_pass_over_weekends_holidays_and_count_worked_saturdays() -> None:
    thursday = TODAY
    assert rules.after_business_days(thursday, 0, {}) == thursday
    assert rules.after_business_days(thursday, 2, {}) == date(2026, 11, 30)
    assert rules.after_business_days(thursday, 2, {date(2026, 11, 28): True}) == date(2026, 11, 28)
    assert rules.after_business_days(thursday, 1, {date(2026, 11, 27): False}) == date(2026, 11, 30)


def test_a_touch_is_timely_within_ninety_days_after_it_happened() -> None:
    assert rules.is_timely(NOW - timedelta(days=90), NOW)
    assert not rules.is_timely(NOW - timedelta(days=90, seconds=1), NOW)
    assert rules.is_timely(NOW + timedelta(minutes=5), NOW)
    assert not rules.is_timely(NOW + timedelta(minutes=6), NOW)


def test_what_is_due_lies_between_today_and_two_years() -> None:
    assert rules.is_ahead(TODAY, TODAY)
    assert not rules.is_ahead(TODAY - timedelta(days=1), TODAY)
    assert rules.is_ahead(TODAY + timedelta(days=730), TODAY)
    assert not rules.is_ahead(TODAY + timedelta(days=731), TODAY)


@pytest.mark.parametrize(
    ("asked", "by", "kind", "channel", "does"),
    [
        (TouchKind.CALL, None, TouchKind.CALL, TouchChannel.PHONE, True),
        (TouchKind.CALL, TouchChannel.VIDEO, TouchKind.CALL, TouchChannel.PHONE, False),
        (TouchKind.CALL, TouchChannel.VIDEO, TouchKind.VISIT, TouchChannel.IN_PERSON, True),
        (TouchKind.VISIT, None, TouchKind.CALL, TouchChannel.PHONE, False),
        (TouchKind.VISIT, None, TouchKind.MEETING, TouchChannel.IN_PERSON, False),
        (TouchKind.MESSAGE, None, TouchKind.CALL, TouchChannel.PHONE, True),
        (TouchKind.REVIEW, None, TouchKind.MEETING, TouchChannel.IN_PERSON, True),
    ],
)
def test_a_touch_serves_what_was_asked_or_more(
    asked: TouchKind, by: TouchChannel | None, kind: TouchKind, channel: TouchChannel, does: bool
) -> None:
    assert rules.serves(asked, by, kind, channel) is does


def test_who_did_not_answer_was_not_reached() -> None:
    reached = {result for result in TouchResult if rules.is_reached(result)}
    assert set(TouchResult) - reached == {TouchResult.NO_ANSWER, TouchResult.WRONG_NUMBER}


def test_needs_end_once() -> None:
    assert rules.may_end_need(NeedState.OPEN, NeedState.SERVED)
    assert rules.may_end_need(NeedState.PROPOSED, NeedState.DECLINED)
    assert not rules.may_end_need(NeedState.SERVED, NeedState.LAPSED)
    assert not rules.may_end_need(NeedState.OPEN, NeedState.PROPOSED)


def test_promises_end_once() -> None:
    assert rules.may_end_promise(PromiseState.OPEN, PromiseState.KEPT)
    assert not rules.may_end_promise(PromiseState.OPEN, PromiseState.OPEN)
    assert not rules.may_end_promise(PromiseState.BROKEN, PromiseState.KEPT)


def test_complaints_go_forward_and_from_resolved_back_to_answered() -> None:
    steps = {(one, other) for one in ComplaintState for other in ComplaintState if rules.may_step(one, other)}
    assert steps == {
        (ComplaintState.OPEN, ComplaintState.ANSWERED),
        (ComplaintState.OPEN, ComplaintState.RESOLVED),
        (ComplaintState.ANSWERED, ComplaintState.RESOLVED),
        (ComplaintState.RESOLVED, ComplaintState.ANSWERED),
        (ComplaintState.RESOLVED, ComplaintState.CLOSED),
    }
