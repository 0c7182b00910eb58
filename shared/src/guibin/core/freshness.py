"""How far figures of balances can be trusted: the business day they are of, and the lines that were not in for it."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from guibin.core.lines import Line


class Freshness(StrEnum):
    """What is known of a line on a day: its balances, those of an earlier day, or none yet."""

    FRESH = "fresh"
    STALE = "stale"
    MISSING = "missing"


@dataclass(frozen=True, slots=True)
class StaleLine:
    """A line whose balances of a day were not in; `last_day` is the last one before of which they are (None: none)."""

    line: Line
    last_day: date | None

    @property
    def state(self) -> Freshness:
        """Whether an earlier day's balances stand in for the day's, or there are none."""
        return Freshness.MISSING if self.last_day is None else Freshness.STALE


@dataclass(frozen=True, slots=True)
class FigureDay:
    """The business day at whose end figures are, and the lines behind them that were not in for it."""

    as_of: date
    stale_lines: tuple[StaleLine, ...] = ()

    @property
    def stale(self) -> bool:
        """Whether the figures are of older balances in part: nobody is lowered or warned by them."""
        return bool(self.stale_lines)
