"""How long a session lives, what a refresh token that is shown means, and when another code may be sent."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from math import ceil
from typing import Final
from uuid import UUID

from guibin.customers.models import PartyStatus

IDLE_LIFE: Final = timedelta(hours=24)
SESSION_LIFE: Final = timedelta(days=7)
RETRY_TOLERANCE: Final = timedelta(seconds=10)
"""How long the token before the good one is answered like the first time: the answer may have been lost on its way."""

TICKET_LIFE: Final = timedelta(minutes=15)
CODE_LIFE: Final = timedelta(minutes=5)
CODE_DIGITS: Final = 6
MOST_TRIES: Final = 5

CUSTOMER_SCOPES: Final = ("points:read", "points:redeem", "redemptions:read", "profile:read:self")
"""What a customer's access token is good for on the customer port."""

_MAY_LOG_IN: Final = frozenset({PartyStatus.ACTIVE, PartyStatus.DORMANT})


def may_log_in(status: str, *, merged_into: UUID | None, erased: bool) -> bool:
    """Tell whether a customer is one of today's, and still who they were."""
    return status in _MAY_LOG_IN and merged_into is None and not erased


@dataclass(frozen=True, slots=True)
class Standing:
    """What the bank says of a customer who wants in. `not_before`: access tokens of an earlier instant are refused."""

    status: str
    merged_into: UUID | None
    erased: bool
    not_before: datetime | None

    @property
    def may_log_in(self) -> bool:
        """Whether the customer is one of today's, and still who they were."""
        return may_log_in(self.status, merged_into=self.merged_into, erased=self.erased)


@dataclass(frozen=True, slots=True)
class Device:
    """Who asks: `ref` is the keyed hash of the device's own id, where it gives one; `asker` tells all callers apart."""

    ref: bytes | None
    asker: bytes


class Shown(StrEnum):
    """What a refresh token is to its family."""

    GOOD = "good"
    BEFORE = "before"
    """Genuine, and the one that the good token replaced."""
    OLDER = "older"
    FORGED = "forged"


class Refresh(StrEnum):
    """What becomes of a call with a refresh token."""

    ROTATE = "rotate"
    REPEAT = "repeat"
    """The same answer as a moment ago."""
    REFUSE = "refuse"
    REUSED = "reused"
    """Somebody has a copy: the family ends."""
    OTHER_DEVICE = "other_device"
    """The token has left its device: the family ends."""


@dataclass(frozen=True, slots=True)
class Family:
    """A session as far as it decides about its refresh tokens."""

    device_ref: bytes | None
    expires_at: datetime
    idle_expires_at: datetime
    rotated_at: datetime
    rotated_by: bytes
    revoked_at: datetime | None


def judge_refresh(family: Family, shown: Shown, device: Device, now: datetime) -> Refresh:
    """Decide about a refresh token. A token that we never issued ends nothing: else anybody could end a session."""
    over = family.revoked_at is not None or now >= min(family.expires_at, family.idle_expires_at)
    if over or shown is Shown.FORGED:
        return Refresh.REFUSE
    if family.device_ref is not None and device.ref != family.device_ref:
        return Refresh.OTHER_DEVICE
    if shown is Shown.GOOD:
        return Refresh.ROTATE
    at_once = now - family.rotated_at <= RETRY_TOLERANCE and device.asker == family.rotated_by
    return Refresh.REPEAT if shown is Shown.BEFORE and at_once else Refresh.REUSED


@dataclass(frozen=True, slots=True)
class CodeLimit:
    """At most so many codes in any stretch of time of that length."""

    name: str
    codes: int
    period: timedelta


PHONE_LIMITS: Final = (
    CodeLimit("otp_per_minute", 1, timedelta(seconds=60)),
    CodeLimit("otp_per_hour", 5, timedelta(hours=1)),
    CodeLimit("otp_per_day", 10, timedelta(days=1)),
)


@dataclass(frozen=True, slots=True)
class Wait:
    """Which limit is reached, and for how many seconds."""

    limit: str
    seconds: int


def wait_for(asked_at: Iterable[datetime], limits: Sequence[CodeLimit], factor: int, now: datetime) -> Wait | None:
    """Return what a further code has to wait for, the longest wait of all; None when it may be sent now.

    `factor` multiplies the limits: they are wide in development.
    """
    moments = sorted(asked_at)
    waits = []
    for limit in limits:
        within = [moment for moment in moments if moment > now - limit.period]
        most = limit.codes * factor
        if len(within) >= most:
            left = within[-most] + limit.period - now
            waits.append(Wait(limit.name, max(1, ceil(left.total_seconds()))))
    return max(waits, key=lambda wait: wait.seconds, default=None)


def remembered(asked_at: Iterable[datetime], limits: Sequence[CodeLimit], now: datetime) -> list[datetime]:
    """Return the moments that still count against a limit, with this one."""
    longest = max(limit.period for limit in limits)
    return [*(moment for moment in sorted(asked_at) if moment > now - longest), now]
