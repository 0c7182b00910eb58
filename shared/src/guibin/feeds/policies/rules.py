"""When the files of a business date are due, and what a day of a line is."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from enum import StrEnum
from typing import Final

from guibin.core.lines import Line
from guibin.feeds.models import FeedKind


class Late(StrEnum):
    """What the night does when a line is not in after its cut-off."""

    WAIT = "wait"
    RUN_WITHOUT = "run_without_and_mark_stale"


class Delivery(StrEnum):
    """Whether all that a line owes for a day is in."""

    RECEIVED = "received"
    DUE = "due"
    LATE = "late"


@dataclass(frozen=True, slots=True)
class Policy:
    """The terms of a line; `revision` 0 where the bank has written none."""

    cut_off: time
    late: Late
    kinds: frozenset[FeedKind]
    owner: str | None = None
    revision: int = 0

    def due_at(self, day_ends: datetime) -> datetime:
        """Return the instant until which the files of a business date, which ends at an instant, are in time."""
        return day_ends + timedelta(hours=self.cut_off.hour, minutes=self.cut_off.minute)

    def delivery(self, day_ends: datetime, *, received: bool, now: datetime) -> Delivery:
        """Say how a line stands with a day."""
        if received:
            return Delivery.RECEIVED
        return Delivery.LATE if now >= self.due_at(day_ends) else Delivery.DUE


COMMON: Final = Policy(time(1), Late.RUN_WITHOUT, frozenset({FeedKind.BALANCES}))
"""Where a bank has written nothing: balances by one in the morning, and the night runs without them."""


def awaited(
    policies: Mapping[Line, Policy], fresh: Collection[Line], *, day_ends: datetime, now: datetime
) -> list[Line]:
    """Return the lines for which the night of a day waits: until their cut-off, and beyond it where they say so."""
    return [line for line in _not_in(policies, fresh) if _is_waited_for(policies[line], day_ends, now)]


def _not_in(policies: Mapping[Line, Policy], fresh: Collection[Line]) -> Iterable[Line]:
    return (line for line, policy in policies.items() if policy.revision and line not in fresh)


def _is_waited_for(policy: Policy, day_ends: datetime, now: datetime) -> bool:
    return policy.late is Late.WAIT or policy.delivery(day_ends, received=False, now=now) is Delivery.DUE
