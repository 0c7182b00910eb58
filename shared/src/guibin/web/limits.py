"""The numbers of the rate classes: how often who may do what. Pure: counting is done elsewhere."""

from dataclasses import dataclass
from typing import Final

from guibin.core.settings import Profile
from guibin.web.declaration import RateClass

MINUTE: Final = 60
HOUR: Final = 3_600
DAY: Final = 86_400
DEVELOPMENT_FACTOR: Final = 1_000
"""In development limits are so many times as wide."""


@dataclass(frozen=True, slots=True)
class Limit:
    """So many calls of one subject in so many seconds. A day is a day of business, from midnight to midnight.

    The subject is the token's; on a route without a token it is the client's address. A limit with `lock_seconds`
    counts only refusals that answer a wrong guess, and closes the class for the subject once they are used up.
    """

    name: str
    calls: int
    seconds: int
    lock_seconds: int = 0

    @property
    def is_daily(self) -> bool:
        """Whether it bounds the calls of a day."""
        return self.seconds == DAY

    def most(self, profile: Profile) -> int:
        """Return how many calls a profile allows: a thousand times as many in development."""
        return self.calls * (1 if profile is Profile.PRODUCTION else DEVELOPMENT_FACTOR)


LIMITS: Final[dict[RateClass, tuple[Limit, ...]]] = {
    RateClass.READ: (Limit("read_per_minute", 120, MINUTE),),
    RateClass.PICTURE: (Limit("picture_per_minute", 1_200, MINUTE),),
    RateClass.BALANCE: (Limit("balance_per_minute", 60, MINUTE),),
    RateClass.HISTORY: (Limit("history_per_minute", 30, MINUTE),),
    RateClass.REDEEM: (Limit("redeem_per_minute", 6, MINUTE), Limit("redeem_per_day", 30, DAY)),
    RateClass.WRITE: (Limit("write_per_minute", 60, MINUTE),),
    RateClass.SEARCH: (Limit("search_per_minute", 60, MINUTE),),
    RateClass.UPLOAD: (Limit("upload_per_hour", 600, HOUR),),
    RateClass.EARN: (Limit("earn_per_second", 200, 1),),
    RateClass.CALLBACK: (Limit("callback_per_second", 50, 1),),
    RateClass.LOGIN: (Limit("login_per_minute", 10, MINUTE),),
    RateClass.OTP: (Limit("otp_per_hour", 50, HOUR),),
    RateClass.VOUCHER_CODE: (Limit("wrong_code_per_hour", 5, HOUR, lock_seconds=DAY),),
    RateClass.REVEAL: (Limit("reveal_per_minute", 10, MINUTE),),
    RateClass.EXPORT: (Limit("export_per_day", 5, DAY),),
    RateClass.HEALTH: (Limit("health_per_second", 50, 1),),
}

COUNTED_TOGETHER: Final = frozenset(
    {
        RateClass.LOGIN,
        RateClass.OTP,
        RateClass.REDEEM,
        RateClass.VOUCHER_CODE,
        RateClass.REVEAL,
        RateClass.EXPORT,
    }
)
"""Counted in the database, exactly, whatever process serves the call; the others in each process, each its share."""


@dataclass(frozen=True, slots=True)
class Allowance:
    """What a caller has left of its tightest limit: calls, and the seconds until there are more."""

    limit: int
    remaining: int
    reset: int
