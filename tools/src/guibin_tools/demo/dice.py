"""The few ways in which the demo bank draws lots; all from one seeded source, so that a bank can be made again."""

from bisect import bisect
from collections.abc import Sequence
from itertools import accumulate
from random import Random
from typing import Generic, TypeVar

T = TypeVar("T")


def chance(rng: Random, percent: float) -> bool:
    """Say yes in so many of a hundred cases."""
    return rng.random() * 100 < percent


def pick(rng: Random, items: Sequence[T]) -> T:
    """Draw one of several, all alike."""
    return items[int(rng.random() * len(items))]


def span(rng: Random, low: float, high: float) -> float:
    """Draw a number between two."""
    return low + (high - low) * rng.random()


class Urn(Generic[T]):
    """Items with weights; `draw` takes one and leaves the urn as it was."""

    def __init__(self, *weighted: tuple[T, float]) -> None:
        self._items = [item for item, _ in weighted]
        self._ends = list(accumulate(weight for _, weight in weighted))

    def draw(self, rng: Random) -> T:
        """Draw an item by its weight."""
        return self._items[bisect(self._ends, rng.random() * self._ends[-1])]
