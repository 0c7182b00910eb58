"""What points are worth in money: a formula per kind of points, exact in whole fen, with its rounding written down.

A worth is what the bank counts points at where they stand in for money. It is not their cost to the bank, and it is no
claim to money.
"""

from enum import StrEnum

from pydantic import BaseModel, ConfigDict


class ValueRounding(StrEnum):
    """Where a worth that is no whole step goes."""

    DOWN = "down"
    HALF_UP = "half_up"
    UP = "up"


class Valuation(BaseModel):
    """So many `points` are worth `fen`; every worth is a multiple of `step_fen`, and the rest goes by `rounding`."""

    model_config = ConfigDict(frozen=True)

    points: int
    fen: int
    step_fen: int = 1
    rounding: ValueRounding = ValueRounding.DOWN

    def worth_of(self, points: int) -> int:
        """Return the worth of a number of points, in fen."""
        whole, per_step = points * self.fen, self.points * self.step_fen
        return (whole + self._carried()) // per_step * self.step_fen

    def points_for(self, fen: int) -> int:
        """Return the smallest number of points that is worth at least so many fen."""
        steps = -(-fen // self.step_fen)
        needed = steps * self.points * self.step_fen - self._carried()
        return max(-(-needed // self.fen), 0)

    def _carried(self) -> int:
        """Return what is added before a division rounds down, in fen times `points`."""
        per_step = self.points * self.step_fen
        return {ValueRounding.DOWN: 0, ValueRounding.HALF_UP: per_step // 2, ValueRounding.UP: per_step - 1}[
            self.rounding
        ]
