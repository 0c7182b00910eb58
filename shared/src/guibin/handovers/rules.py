"""Decisions of handovers over plain values."""

from enum import StrEnum
from typing import Final

DAYS_TO_SIGN: Final = 5
"""Business days until both have signed."""


class Side(StrEnum):
    """For whom somebody signs."""

    GIVER = "giver"
    TAKER = "taker"


def side_of(*, is_giver: bool, is_taker: bool, leads: bool, giver_is_gone: bool) -> Side | None:
    """Return for which side somebody signs; None for who may not.

    Who takes the customer never signs for the giver too: the list has two names.
    """
    if is_taker:
        return Side.TAKER
    if is_giver or (leads and giver_is_gone):
        return Side.GIVER
    return None
