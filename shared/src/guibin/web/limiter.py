"""Rate limits: how often a subject may call a class of routes. One token's subject is one subject; else the address.

Some classes are counted in the database, for all processes together. The others are counted in each process, which
gives its share of the limit: the limit divided by the number of processes. That part is ours and no library's, because
it has to follow the product's clock, forget the least used subjects first and start no thread.
"""

import math
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy.exc import DBAPIError

from guibin.core import clock
from guibin.core.direct import CountValues
from guibin.core.logging import error_facts, logger
from guibin.core.settings import Profile
from guibin.security.ciphers import KeyRing
from guibin.web.counters import Count, SharedCounters, count_values, counts_of
from guibin.web.declaration import RateClass
from guibin.web.errors import CodeLocked, DailyLimit, LimitReached, RateLimited
from guibin.web.limits import COUNTED_TOGETHER, LIMITS, Allowance, Limit

_MOST_BUCKETS: Final = 50_000


class RateLimiter:
    """Counts the calls of subjects, where their class is counted."""

    def __init__(self, profile: Profile, *, processes: int, shared: SharedCounters, keys: KeyRing) -> None:
        self._profile = profile
        self._local = LocalLimiter(profile, processes=processes)
        self._shared = shared
        self._keys = keys

    def count_here(self, rate: RateClass, subject: str) -> Allowance | None:
        """Count one call of a class that each process counts for itself; None when the class is counted together.

        Raises:
            RateLimited, DailyLimit: with the name of the limit and the seconds to wait.
        """
        return None if rate in COUNTED_TOGETHER else self._local.count(LIMITS[rate], subject)

    async def count_together(self, rate: RateClass, subject: str) -> Allowance:
        """Count one call of a class that all processes count together; when the database cannot, count here, strictly.

        Raises:
            RateLimited, DailyLimit, CodeLocked: with the name of the limit and the seconds to wait.
        """
        limits = LIMITS[rate]
        locking = [limit for limit in limits if limit.lock_seconds]
        try:
            if locking:
                counts = [await self._shared.read(self._hashed(subject), limit) for limit in locking]
            else:
                most = [limit.most(self._profile) for limit in limits]
                counts = await self._shared.count(self._hashed(subject), limits, most)
        except (DBAPIError, OSError) as error:
            logger().error("limits_counted_here", rate=str(rate), **error_facts(error))
            return self._local.count(limits, subject)
        return _allowance(counts, self._profile)

    def counting(self, rate: RateClass, subject: str) -> "Counting | None":
        """Return how a statement of the call counts it with its work; None when the class is counted otherwise."""
        limits = LIMITS[rate]
        if rate not in COUNTED_TOGETHER or any(limit.lock_seconds for limit in limits):
            return None
        most = [limit.most(self._profile) for limit in limits]
        return Counting(count_values(self._hashed(subject), limits, most), limits, self._profile)

    async def count_wrong(self, rate: RateClass, subject: str) -> None:
        """Count a wrong guess where the class counts them; when the database cannot, the call itself was counted."""
        for limit in LIMITS[rate]:
            if limit.lock_seconds:
                try:
                    await self._shared.count_wrong(self._hashed(subject), limit, limit.most(self._profile))
                except (DBAPIError, OSError) as error:
                    logger().error("wrong_guess_not_counted", rate=str(rate), **error_facts(error))

    def _hashed(self, subject: str) -> bytes:
        return self._keys.sign("rate", subject.encode())


@dataclass(frozen=True, slots=True)
class Counting:
    """How `rate_count` counts one call, and what its answer means."""

    values: CountValues
    limits: tuple[Limit, ...]
    profile: Profile

    def allowance(self, counted: str) -> Allowance:
        """Return what is left."""
        return _allowance(counts_of(counted, self.limits), self.profile)

    def refusal(self, counted: str) -> LimitReached:
        """Return the refusal of the limit that is passed."""
        try:
            self.allowance(counted)
        except LimitReached as refusal:
            return refusal
        raise ValueError("no limit is passed")


@dataclass(slots=True)
class _Bucket:
    left: float
    filled_at: datetime


class LocalLimiter:
    """Counts in this process: a bucket per subject and limit, which fills evenly.

    Buckets that were used least recently are forgotten first: a full one says nothing.
    """

    def __init__(self, profile: Profile, *, processes: int) -> None:
        self._profile = profile
        self._processes = processes
        self._buckets: OrderedDict[tuple[str, str], _Bucket] = OrderedDict()

    def count(self, limits: tuple[Limit, ...], subject: str) -> Allowance:
        """Count one call under every limit of its class.

        Raises:
            RateLimited, DailyLimit, CodeLocked: with the name of the limit and the seconds to wait.
        """
        now = clock.now()
        buckets = [(limit, self._bucket(limit, subject, now)) for limit in limits]
        for limit, bucket in buckets:
            if bucket.left < 1:
                size = self._size(limit)
                raise _refusal(limit, math.ceil((1 - bucket.left) * limit.seconds / size), size)
        for _, bucket in buckets:
            bucket.left -= 1
        limit, bucket = min(buckets, key=lambda one: one[1].left)
        size = self._size(limit)
        return Allowance(size, int(bucket.left), math.ceil((size - bucket.left) * limit.seconds / size))

    def _size(self, limit: Limit) -> int:
        """Return this process's share of a limit."""
        return max(1, limit.most(self._profile) // self._processes)

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


def _allowance(counts: Sequence[Count], profile: Profile) -> Allowance:
    """Refuse by the limit that is passed and lasts longest; else say what is left of the tightest."""
    now = clock.now()
    left: list[tuple[int, int, Limit]] = []
    passed: list[tuple[int, Limit]] = []
    for count in counts:
        most = count.limit.most(profile)
        reset = max(1, math.ceil((count.ends_at - now).total_seconds()))
        if count.calls > most or (count.limit.lock_seconds and count.calls >= most):
            passed.append((reset, count.limit))
        left.append((most - count.calls, reset, count.limit))
    if passed:
        reset, limit = max(passed, key=lambda one: one[0])
        raise _refusal(limit, reset, limit.most(profile))
    remaining, reset, limit = min(left, key=lambda one: one[0])
    return Allowance(limit.most(profile), remaining, reset)


def _refusal(limit: Limit, seconds: int, allowed: int) -> LimitReached:
    """Make the refusal of a limit that is passed."""
    kind = CodeLocked if limit.lock_seconds else DailyLimit if limit.is_daily else RateLimited
    return kind(limit=limit.name, retry_after=max(1, seconds), allowed=allowed)
