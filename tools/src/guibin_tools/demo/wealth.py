"""How rich the demo bank's customers are: planned shares per tier and the range of their last month's daily average."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from random import Random

_BLOCK = 200


@dataclass(frozen=True, slots=True)
class Band:
    """A tier (None below the first line), how many of 200 customers are in it, and its range in CNY."""

    tier: str | None
    of_200: int
    low: int
    high: int


BANDS = (
    Band(None, 70, 500, 46_000),
    Band("T0", 60, 54_000, 185_000),
    Band("T1", 44, 215_000, 930_000),
    Band("T2", 14, 1_070_000, 1_870_000),
    Band("T3", 9, 2_140_000, 5_600_000),
    Band("T4", 2, 6_450_000, 9_350_000),
    Band("T5", 1, 10_800_000, 40_000_000),
)
"""The ranges keep away from the tier lines, so that a month's ups and downs rarely cross one."""


def share_of(tier: str) -> float:
    """Return the planned share of customers in a tier."""
    return sum(band.of_200 for band in BANDS if band.tier == tier) / _BLOCK


def wealths(rng: Random) -> Iterator[int]:
    """Yield planned month-daily averages in CNY without end: exact shares in every 200, log-uniform within a band."""
    slots = [band for band in BANDS for _ in range(band.of_200)]
    while True:
        rng.shuffle(slots)
        for band in slots:
            low, high = math.log(band.low), math.log(band.high)
            yield int(math.exp(low + (high - low) * rng.random()))
