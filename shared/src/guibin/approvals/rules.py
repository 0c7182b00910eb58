"""Decisions of four eyes over plain values."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

_SATURDAY: Final = 5
SEARCHED_DAYS: Final = 366
"""How far ahead the end of a request is looked for: more than sixty business days with every holiday between them."""

Calendar = Mapping[date, bool]
"""Days that are not what their weekday says: True is worked (a Saturday made up for), False is free (a holiday)."""


@dataclass(frozen=True, slots=True)
class Rule:
    """How a kind of command is approved. `threshold_fen` None never asks for more people."""

    business_days: int = 3
    approvers: int = 1
    threshold_fen: int | None = 50_000_00
    approvers_above: int = 2
    free_items: int | None = None

    def approvers_for(self, cost_fen: int | None) -> int:
        """Return how many different people must agree to a command of some cost in fen."""
        if cost_fen is None or self.threshold_fen is None or cost_fen <= self.threshold_fen:
            return self.approvers
        return self.approvers_above


DEFAULT_RULE: Final = Rule()
"""For a kind of which the bank's table says nothing: three business days, two people above 50,000 CNY of cost."""


def canonical(payload: Mapping[str, object]) -> bytes:
    """Write a payload in its one canonical form: sorted keys, no blanks, UTF-8."""
    return json.dumps(payload, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def payload_hash(payload: Mapping[str, object]) -> bytes:
    """Return the SHA-256 that a decision refers to."""
    return hashlib.sha256(canonical(payload)).digest()


def is_business_day(day: date, calendar: Calendar) -> bool:
    """Tell whether the bank works on a day: as the calendar says, else from Monday to Friday."""
    return calendar.get(day, day.weekday() < _SATURDAY)


def expiry(created_at: datetime, business_days: int, calendar: Calendar) -> datetime:
    """Return when an open request lapses: the same time of day, so many business days later.

    The days are those of the instant's own zone. A calendar without any business day ahead ends the search after
    `SEARCHED_DAYS`.
    """
    moment, left = created_at, business_days
    last = created_at + timedelta(days=SEARCHED_DAYS)
    while left and moment < last:
        moment += timedelta(days=1)
        left -= is_business_day(moment.date(), calendar)
    return moment
