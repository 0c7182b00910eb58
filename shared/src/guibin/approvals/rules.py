"""Decisions of four eyes over plain values."""

import hashlib
import json
from collections.abc import Mapping
from datetime import datetime, timedelta

TWO_APPROVERS_ABOVE_FEN = 50_000_00
BUSINESS_DAYS_OPEN = 3
_SATURDAY = 5


def canonical(payload: Mapping[str, object]) -> bytes:
    """Write a payload in its one canonical form: sorted keys, no blanks, UTF-8."""
    return json.dumps(payload, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def payload_hash(payload: Mapping[str, object]) -> bytes:
    """Return the SHA-256 that a decision refers to."""
    return hashlib.sha256(canonical(payload)).digest()


def approvers_needed(cost_fen: int | None) -> int:
    """Return how many people must agree: two above 50,000 CNY of cost, else one."""
    return 2 if cost_fen is not None and cost_fen > TWO_APPROVERS_ABOVE_FEN else 1


def expiry(created_at: datetime) -> datetime:
    """Return when an open request lapses: three business days later, Saturdays and Sundays not counted.

    The days are those of the instant's own zone.
    """
    moment, left = created_at, BUSINESS_DAYS_OPEN
    while left:
        moment += timedelta(days=1)
        left -= moment.weekday() < _SATURDAY
    return moment
