"""Which month-daily average, or which growth points, give which tier."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import pairwise


@dataclass(frozen=True)
class Name:
    """What a tier is called in Chinese and in English."""

    zh: str
    en: str


@dataclass(frozen=True)
class Line:
    """The lower bound of a tier, in fen of month-daily average; the bound itself belongs to the tier.

    `growth_points` give the tier as well, whatever the average. `name` is what the scheme calls it, if it does.
    """

    tier_code: str
    rank: int
    lower_bound_fen: int
    growth_points: int | None = None
    name: Name | None = None


def tier_of(average_fen: int | None, lines: Iterable[Line], growth_points: int = 0) -> str | None:
    """Return the highest tier that an average or growth points reach; None below all. An unknown average is none."""
    reached = [
        line
        for line in lines
        if (average_fen is not None and line.lower_bound_fen <= average_fen)
        or (line.growth_points is not None and line.growth_points <= growth_points)
    ]
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


def faults_of_growth(points: Mapping[str, int], ranks: Mapping[str, int]) -> str | None:
    """Say what is wrong with the growth points that give tiers: any tiers, none below 1, rising with the rank.

    Returns `tier_unknown`, `negative`, `not_rising`, or None.
    """
    if set(points) - set(ranks):
        return "tier_unknown"
    ordered = [points[code] for code in sorted(points, key=lambda code: ranks[code])]
    if any(bound < 1 for bound in ordered):
        return "negative"
    if any(low >= high for low, high in pairwise(ordered)):
        return "not_rising"
    return None


@dataclass(frozen=True)
class Growth:
    """Points of a wallet of growth that give tiers beside the average: how many, by tier."""

    wallet: str
    points: Mapping[str, int]


def faults_of_names(names: Mapping[str, Name], present: Mapping[str, Name]) -> str | None:
    """Say what is wrong with new names of tiers; `present` are the names of all tiers: no two shall be alike.

    Returns `tier_unknown`, `names_alike`, or None.
    """
    if set(names) - set(present):
        return "tier_unknown"
    after = {**present, **names}.values()
    if len({name.zh for name in after}) < len(present) or len({name.en for name in after}) < len(present):
        return "names_alike"
    return None


def next_line(tier_code: str | None, lines: Iterable[Line]) -> Line | None:
    """Return the line above a tier (None: below all tiers); None at the top."""
    ordered = sorted(lines, key=lambda line: line.rank)
    own = next((line.rank for line in ordered if line.tier_code == tier_code), None)
    return next((line for line in ordered if own is None or line.rank > own), None)
