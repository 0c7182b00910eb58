"""What every answer with figures of balances says of them: of which day they are, and what was not in for it."""

from datetime import date

from pydantic import Field

from guibin.core.freshness import FigureDay, Freshness
from guibin.core.lines import Line
from guibin.web.schemas import OutModel


class StaleLineOut(OutModel):
    """A line that was not in."""

    line: Line = Field(examples=["credit_card"])
    state: Freshness = Field(
        description="stale: the balances of an earlier day stand in; missing: there are none", examples=["stale"]
    )
    last_day: date | None = Field(description="That earlier day; null: none")


class FreshnessOut(OutModel):
    """How far the figures beside it can be trusted. Nobody is lowered or warned by figures that are stale."""

    as_of: date = Field(description="The business day at whose end they are")
    stale: bool = Field(description="Whether a line that they are made of was not in for that day")
    stale_lines: list[StaleLineOut] = Field(description="Those lines; empty: the figures are fresh")

    @classmethod
    def of(cls, day: FigureDay) -> "FreshnessOut":
        """Describe the day of some figures."""
        return cls.model_validate(day)
