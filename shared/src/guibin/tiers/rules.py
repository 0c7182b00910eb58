"""Which month-daily average gives which tier."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import pairwise


@dataclass(frozen=True)
class Line:
    """The lower bound of a tier, in fen of month-daily average; the bound itself belongs to the tier."""

    tier_code: str
    rank: int
    lower_bound_fen: int


def tier_of(average_fen: int, lines: Iterable[Line]) -> str | None:
    """Return the highest tier whose lower bound an average reaches; None below all."""
    reached = [line for line in lines if line.lower_bound_fen <= average_fen]
    return max(reached, key=lambda line: line.rank).tier_code if reached else None


def faults_of(bounds_fen: Mapping[str, int], ranks: Mapping[str, int]) -> str | None:
    """Say what is wrong with the bounds of a scheme: every tier once, none negative, rising with the rank.

    Returns `tier_unknown`, `tier_missing`, `negative`, `not_rising`, or None.
    """
    if set(bounds_fen) - set(ranks):
        return "tier_unknown"
    if set(ranks) - set(bounds_fen):
        return "tier_missing"
    ordered = [bounds_fen[code] for code in sorted(ranks, key=lambda code: ranks[code])]
    if any(bound < 0 for bound in ordered):
        return "negative"
    if any(low >= high for low, high in pairwise(ordered)):
        return "not_rising"
    return None


def next_line(tier_code: str | None, lines: Iterable[Line]) -> Line | None:
    """Return the line above a tier (None: below all tiers); None at the top."""
    ordered = sorted(lines, key=lambda line: line.rank)
    own = next((line.rank for line in ordered if line.tier_code == tier_code), None)
    return next((line for line in ordered if own is None or line.rank > own), None)
