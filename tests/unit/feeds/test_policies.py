"""When a line is due, and for which lines the night waits."""

from datetime import date, datetime, time

import pytest

from guibin.core import clock
from guibin.core.lines import Line
from guibin.feeds.models import FeedKind
from guibin.feeds.policies.rules import COMMON, Delivery, Late, Policy, awaited

ENDS = clock.start_of_day(date(2026, 11, 25))
KINDS = frozenset({FeedKind.BALANCES})
WAITING = Policy(time(2, 30), Late.WAIT, KINDS, revision=1)
GOING_ON = Policy(time(2, 30), Late.RUN_WITHOUT, KINDS, revision=1)


def at(hour: int, minute: int = 0) -> datetime:
    return datetime(2026, 11, 25, hour, minute, tzinfo=clock.BUSINESS_ZONE)


@pytest.mark.parametrize(
    ("received", "now", "delivery"),
    [
        (False, at(2, 29), Delivery.DUE),
        (False, at(2, 30), Delivery.LATE),
        (True, at(9), Delivery.RECEIVED),
    ],
)
def test_a_line_is_due_until_its_cut_off_and_late_after_it(received: bool, now: datetime, delivery: Delivery) -> None:
    assert WAITING.delivery(ENDS, received=received, now=now) is delivery


@pytest.mark.parametrize(
    ("policy", "now", "waits"),
    [
        (WAITING, at(1), True),
        (WAITING, at(9), True),
        (GOING_ON, at(1), True),
        (GOING_ON, at(9), False),
        (COMMON, at(0, 10), False),
    ],
)
def test_the_night_waits_until_the_cut_off_and_beyond_it_where_the_line_says_so(
    policy: Policy, now: datetime, waits: bool
) -> None:
    policies = {Line.PERSONAL_FINANCE: policy, Line.CREDIT_CARD: COMMON}
    assert awaited(policies, (), day_ends=ENDS, now=now) == ([Line.PERSONAL_FINANCE] if waits else [])
    assert awaited(policies, {Line.PERSONAL_FINANCE}, day_ends=ENDS, now=now) == []
