"""Rate limits per subject and class: token buckets in the memory of the process."""

import math
from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from guibin.core import clock
from guibin.core.settings import Profile
from guibin.web.declaration import RateClass
from guibin.web.errors import DailyLimit, RateLimited

_MINUTE: Final = 60
_HOUR: Final = 3_600
_DAY: Final = 86_400
_DEVELOPMENT_FACTOR: Final = 1_000
_MOST_BUCKETS: Final = 50_000


@dataclass(frozen=True, slots=True)
class Limit:
    """So many calls in so many seconds; a bucket of that size which fills evenly."""

    name: str
    calls: int
    seconds: int

    @property
    def is_daily(self) -> bool:
        """Whether it bounds the calls of a day."""
        return self.seconds == _DAY


LIMITS: Final[dict[RateClass, tuple[Limit, ...]]] = {
    RateClass.READ: (Limit("read_per_minute", 120, _MINUTE),),
    RateClass.BALANCE: (Limit("balance_per_minute", 60, _MINUTE),),
    RateClass.HISTORY: (Limit("history_per_minute", 30, _MINUTE),),
    RateClass.REDEEM: (Limit("redeem_per_minute", 6, _MINUTE), Limit("redeem_per_day", 30, _DAY)),
    RateClass.WRITE: (Limit("write_per_minute", 60, _MINUTE),),
    RateClass.SEARCH: (Limit("search_per_minute", 60, _MINUTE),),
    RateClass.UPLOAD: (Limit("upload_per_hour", 600, _HOUR),),
    RateClass.EARN: (Limit("earn_per_second", 200, 1),),
    RateClass.CALLBACK: (Limit("callback_per_second", 50, 1),),
    RateClass.LOGIN: (Limit("login_per_minute", 10, _MINUTE),),
    RateClass.OTP: (Limit("otp_per_hour", 50, _HOUR),),
    RateClass.VOUCHER_CODE: (Limit("voucher_code_per_hour", 5, _HOUR),),
    RateClass.REVEAL: (Limit("reveal_per_day", 20, _DAY),),
    RateClass.EXPORT: (Limit("export_per_day", 5, _DAY),),
    RateClass.HEALTH: (Limit("health_per_second", 50, 1),),
}


@dataclass(slots=True)
class _Bucket:
    left: float
    filled_at: datetime


class RateLimiter:
    """Counts calls of subjects. Buckets that were used least recently are forgotten first: a full one says nothing."""

    def __init__(self, profile: Profile) -> None:
        self._factor = 1 if profile is Profile.PRODUCTION else _DEVELOPMENT_FACTOR
        self._buckets: OrderedDict[tuple[str, str], _Bucket] = OrderedDict()

    def count(self, rate: RateClass, subject: str) -> None:
        """Count one call of a subject.

        Raises:
            RateLimited, DailyLimit: with the name of the limit and the seconds to wait.
        """
        now = clock.now()
        buckets = [(limit, self._bucket(limit, subject, now)) for limit in LIMITS[rate]]
        for limit, bucket in buckets:
            if bucket.left < 1:
                wait = (1 - bucket.left) * limit.seconds / self._size(limit)
                refused = DailyLimit if limit.is_daily else RateLimited
                raise refused(limit=limit.name, retry_after=max(1, math.ceil(wait)))
        for _, bucket in buckets:
            bucket.left -= 1

    def _size(self, limit: Limit) -> int:
        return limit.calls * self._factor

    def _bucket(self, limit: Limit, subject: str, now: datetime) -> _Bucket:
        size = self._size(limit)
        bucket = self._buckets.setdefault((limit.name, subject), _Bucket(size, now))
        self._buckets.move_to_end((limit.name, subject))
        if len(self._buckets) > _MOST_BUCKETS:
            self._buckets.popitem(last=False)
        passed = max(0.0, (now - bucket.filled_at).total_seconds())
        bucket.left = min(size, bucket.left + passed * size / limit.seconds)
        bucket.filled_at = now
        return bucket
