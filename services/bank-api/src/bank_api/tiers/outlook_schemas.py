"""Where a customer's tier is going, as the bank port shows it."""

from datetime import date

from pydantic import Field

from guibin.core.freshness import FigureDay
from guibin.core.money import Cny
from guibin.tiers.outlook import Goal, Outlook
from guibin.web import FreshnessOut, OutModel

EXACT = "only for the primary manager"


class TierGoalOut(OutModel):
    """A line in view."""

    code: str = Field(examples=["T3"])
    line: Cny = Field(examples=["2000000.00"])
    missing: Cny | None = Field(description=f"What the last period's figures lack; {EXACT}")
    more_to_hold: Cny | None = Field(
        description=f"How much more, held from tomorrow to the end of the period, reaches it; {EXACT}"
    )

    @classmethod
    def of(cls, goal: Goal | None, *, exact: bool) -> "TierGoalOut | None":
        """Describe a goal; None stays None."""
        if goal is None:
            return None
        missing, more = (goal.missing_fen, goal.more_to_hold_fen) if exact else (None, None)
        return cls(code=goal.tier_code, line=goal.line_fen, missing=missing, more_to_hold=more)


class TierOutlookOut(OutModel):
    """The next evaluation, if balances stay as they are."""

    freshness: FreshnessOut = Field(description="Of these balances; no fall is forecast from stale ones")
    period_ends: date = Field(description="The day of the figures that decide next; tiers change the day after")
    days_left: int = Field(examples=[6])
    forecast: Cny | None = Field(description=f"The metric at the end of the period; {EXACT}")
    forecast_tier: str | None = Field(description="What it would give; null: below all tiers", examples=["T2"])
    next: TierGoalOut | None = Field(description="The tier above; null at the top")
    keep: TierGoalOut | None = Field(description="The line that keeps the present tier; null without one")
    months_below: int = Field(description="How many evaluations in a row have been below the line")
    months_until_lost: int | None = Field(description="With how many the tier is lost; null: it is not by figures")
    falls_on: date | None = Field(description="First day without the tier if nothing changes; null: it is kept")

    @classmethod
    def of(cls, outlook: Outlook, day: FigureDay, *, exact: bool) -> "TierOutlookOut":
        """Describe an outlook from the balances of a day."""
        return cls(
            freshness=FreshnessOut.of(day),
            period_ends=outlook.period_ends,
            days_left=outlook.days_left,
            forecast=outlook.forecast_fen if exact else None,
            forecast_tier=outlook.forecast_tier,
            next=TierGoalOut.of(outlook.next, exact=exact),
            keep=TierGoalOut.of(outlook.keep, exact=exact),
            months_below=outlook.months_below,
            months_until_lost=outlook.months_until_lost,
            falls_on=outlook.falls_on,
        )
