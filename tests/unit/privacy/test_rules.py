from datetime import date

import pytest

from guibin.privacy.models import ConsentChannel, ConsentState, Purpose, RequestKind, RequestState
from guibin.privacy.rules import (
    channels_of,
    due_on,
    first_state,
    is_legal_step,
    next_state,
    takes_consent,
)


def test_the_contract_needs_no_consent_and_marketing_one_for_each_channel() -> None:
    taken = {purpose: [channel for channel in ConsentChannel if takes_consent(purpose, channel)] for purpose in Purpose}
    assert taken[Purpose.SERVICE] == []
    assert taken[Purpose.MARKETING] == ["sms", "phone", "wechat", "app"]
    others = set(Purpose) - {Purpose.SERVICE, Purpose.MARKETING}
    assert all(taken[purpose] == list(channels_of(purpose)) == ["any"] for purpose in others)


@pytest.mark.parametrize(
    ("before", "granted", "after"),
    [
        (None, True, "granted"),
        (None, False, "denied"),
        ("granted", False, "revoked"),
        ("revoked", False, "revoked"),
        ("denied", False, "denied"),
        ("revoked", True, "granted"),
    ],
)
def test_a_no_after_a_yes_is_a_withdrawal(before: str | None, after: str, *, granted: bool) -> None:
    assert next_state(ConsentState(before) if before else None, granted=granted) == after


def test_a_request_falls_due_after_thirty_days() -> None:
    assert due_on(date(2026, 1, 31)) == date(2026, 3, 2)


def test_copies_are_at_work_at_once_and_what_is_answered_is_answered_for_good() -> None:
    assert {kind: first_state(kind) for kind in RequestKind} == {
        RequestKind.COPY: "in_progress",
        RequestKind.CORRECT: "received",
        RequestKind.DELETE: "received",
        RequestKind.EXPLAIN: "received",
    }
    ends = (RequestState.FULFILLED, RequestState.REFUSED)
    assert not any(is_legal_step(end, state) for end in ends for state in RequestState)
    assert not is_legal_step(RequestState.IN_PROGRESS, RequestState.RECEIVED)
