"""What the balance metrics are: one definition each, for tags, tiers, points and scorecards."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from enum import StrEnum
from typing import Final

from guibin.holdings.months import Month, Span, last_complete_month

SPIKE_DAYS: Final = 3
"""How many days at the end of a month are held against its average."""


class Metric(StrEnum):
    """What is made of a customer's daily balances at the end of a day; an average is over calendar days.

    `day` the day itself; `month_daily` the last complete month; `quarter_daily` the last complete quarter;
    `three_months` and `six_months` the last complete months together; `best_of_three` the best of the last three
    months' averages; `year_daily` the calendar year until the day.
    """

    DAY = "day"
    MONTH_DAILY = "month_daily"
    QUARTER_DAILY = "quarter_daily"
    THREE_MONTHS = "three_months"
    BEST_OF_THREE = "best_of_three"
    SIX_MONTHS = "six_months"
    YEAR_DAILY = "year_daily"


@dataclass(frozen=True)
class Weighting:
    """How much of a balance counts, in per cent by class of product and by line; what is not named counts whole.

    A class that is not named has the weight of its product. `net` counts everything whole, less what is owed.
    """

    classes: Mapping[str, int] = field(default_factory=dict)
    lines: Mapping[str, int] = field(default_factory=dict)
    net: bool = False


def spans_of(metric: Metric, day: date) -> tuple[Span, ...]:
    """Return the days over which a metric is averaged at the end of a day; of several spans the best counts."""
    month = last_complete_month(day)
    quarter = month.before(month.first.month % 3)
    spans: dict[Metric, tuple[Span, ...]] = {
        Metric.DAY: (Span(day, day),),
        Metric.MONTH_DAILY: (month,),
        Metric.QUARTER_DAILY: (Span(quarter.before(2).first, quarter.last),),
        Metric.THREE_MONTHS: (Span(month.before(2).first, month.last),),
        Metric.BEST_OF_THREE: (month, month.before(1), month.before(2)),
        Metric.SIX_MONTHS: (Span(month.before(5).first, month.last),),
        Metric.YEAR_DAILY: (Span(day.replace(month=1, day=1), day),),
    }
    return spans[metric]


def last_days_of(month: Month) -> Span:
    """Return the days that the spike ratio holds against a month."""
    return Span(month.last - timedelta(days=SPIKE_DAYS - 1), month.last)
