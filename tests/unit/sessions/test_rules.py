"""When a refresh token is good, and when another one-time password may be sent."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guibin.sessions.rules import (
    PHONE_LIMITS,
    Device,
    Family,
    Refresh,
    Shown,
    Standing,
    Wait,
    judge_refresh,
    remembered,
    wait_for,
)

NOW = datetime(2026, 11, 25, 8, tzinfo=UTC)
OURS, OTHERS = Device(None, b"ours"), Device(None, b"others")
FAMILY = Family(
    device_ref=None,
    expires_at=NOW + timedelta(days=6),
    idle_expires_at=NOW + timedelta(hours=23),
    rotated_at=NOW - timedelta(hours=1),
    rotated_by=b"ours",
    revoked_at=None,
)
JUST_NOW = replace(FAMILY, rotated_at=NOW - timedelta(seconds=10))
DEVICE = replace(FAMILY, device_ref=b"phone")


@pytest.mark.parametrize(
    ("family", "shown", "device", "verdict"),
    [
        (FAMILY, Shown.GOOD, OURS, Refresh.ROTATE),
        (FAMILY, Shown.GOOD, OTHERS, Refresh.ROTATE),
        (FAMILY, Shown.FORGED, OURS, Refresh.REFUSE),
        (FAMILY, Shown.BEFORE, OURS, Refresh.REUSED),
        (FAMILY, Shown.OLDER, OURS, Refresh.REUSED),
        (JUST_NOW, Shown.BEFORE, OURS, Refresh.REPEAT),
        (JUST_NOW, Shown.BEFORE, OTHERS, Refresh.REUSED),
        (JUST_NOW, Shown.OLDER, OURS, Refresh.REUSED),
        (replace(JUST_NOW, rotated_at=NOW - timedelta(seconds=10, microseconds=1)), Shown.BEFORE, OURS, Refresh.REUSED),
        (DEVICE, Shown.GOOD, Device(b"phone", b"phone"), Refresh.ROTATE),
        (DEVICE, Shown.GOOD, Device(b"other", b"other"), Refresh.OTHER_DEVICE),
        (DEVICE, Shown.GOOD, OURS, Refresh.OTHER_DEVICE),
        (DEVICE, Shown.FORGED, OTHERS, Refresh.REFUSE),
        (replace(FAMILY, revoked_at=NOW), Shown.GOOD, OURS, Refresh.REFUSE),
        (replace(FAMILY, expires_at=NOW), Shown.GOOD, OURS, Refresh.REFUSE),
        (replace(FAMILY, idle_expires_at=NOW), Shown.GOOD, OURS, Refresh.REFUSE),
        (replace(FAMILY, idle_expires_at=NOW), Shown.OLDER, OURS, Refresh.REFUSE),
    ],
)
def test_a_refresh_token_is_judged_by_its_family(
    family: Family, shown: Shown, device: Device, verdict: Refresh
) -> None:
    assert judge_refresh(family, shown, device, NOW) is verdict


@pytest.mark.parametrize(
    ("standing", "may"),
    [
        (Standing("active", None, erased=False, not_before=None), True),
        (Standing("dormant", None, erased=False, not_before=NOW), True),
        (Standing("closed", None, erased=False, not_before=None), False),
        (Standing("deceased", None, erased=False, not_before=None), False),
        (Standing("active", None, erased=True, not_before=None), False),
    ],
)
def test_who_may_log_in(standing: Standing, may: bool) -> None:
    assert standing.may_log_in is may


def ago(**spans: float) -> datetime:
    return NOW - timedelta(**spans)


@pytest.mark.parametrize(
    ("asked_at", "wait"),
    [
        ([], None),
        ([ago(seconds=60)], None),
        ([ago(seconds=10)], Wait("otp_per_minute", 50)),
        ([ago(seconds=59.5)], Wait("otp_per_minute", 1)),
        ([ago(minutes=minutes) for minutes in (50, 40, 30, 20)], None),
        ([ago(minutes=minutes) for minutes in (50, 40, 30, 20, 10)], Wait("otp_per_hour", 600)),
        ([ago(hours=hours) for hours in range(2, 22, 2)], Wait("otp_per_day", 4 * 3_600)),
        ([ago(hours=hours) for hours in range(2, 20, 2)], None),
        ([*(ago(hours=hours) for hours in range(5, 14)), ago(seconds=10)], Wait("otp_per_day", 11 * 3_600)),
    ],
)
def test_a_password_waits_for_the_longest_of_its_limits(asked_at: list[datetime], wait: Wait | None) -> None:
    assert wait_for(asked_at, PHONE_LIMITS, 1, NOW) == wait
    assert wait_for(asked_at, PHONE_LIMITS, 1_000, NOW) is None


@given(st.lists(st.integers(min_value=0, max_value=200_000), max_size=60))
def test_no_stretch_of_time_has_more_passwords_than_its_limit(seconds: list[int]) -> None:
    sent: list[datetime] = []
    asked_at: list[datetime] = []
    for moment in sorted(NOW + timedelta(seconds=value) for value in seconds):
        if wait_for(asked_at, PHONE_LIMITS, 1, moment) is None:
            asked_at = remembered(asked_at, PHONE_LIMITS, moment)
            sent.append(moment)
    for limit in PHONE_LIMITS:
        for start in sent:
            within = [moment for moment in sent if start <= moment < start + limit.period]
            assert len(within) <= limit.codes
