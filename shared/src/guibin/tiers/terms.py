"""What a scheme says beside its lines: by which figure, from when on, how fast up and how slowly down."""

import itertools
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from enum import StrEnum
from typing import Annotated, Final, Self

from pydantic import BaseModel, ConfigDict, Field

from guibin.core.text import Code
from guibin.holdings.months import last_complete_month
from guibin.holdings.rules import Metric, Weighting
from guibin.products.models import ProductClass
from guibin.tiers.rules import Line

TRANSITION_MONTHS: Final = 3
"""How many months in a row below the line lose a tier where the scheme says nothing."""

WHOLE: Final = 100

Percent = Annotated[int, Field(ge=0, le=200)]
Months = Annotated[int, Field(ge=1, le=24)]
Amount = Annotated[int, Field(ge=1, le=10**15)]
RatingPoints = Annotated[int, Field(ge=0, le=1000)]
MonthDay = Annotated[str, Field(pattern=r"^(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])$", examples=["06-30"])]


class Downgrade(StrEnum):
    """Where somebody lands whose time below the line is over."""

    TO_EARNED = "to_earned"
    ONE_LEVEL = "one_level"
    NEVER = "never"


class ValidityKind(StrEnum):
    """How long a tier is safe once it was given: not at all, a time from then, until a date, since it was last met."""

    INSTANT = "instant"
    FIXED = "fixed"
    CALENDAR = "calendar"
    SLIDING = "sliding"


class RouteKind(StrEnum):
    """Figures beside the assets that give a tier.

    `card_limit` the highest limit of an open card; `loan_amount` all that is owed on loans; `salary_flow` and
    `collection_flow` what came in a month, on the average of the last three complete ones; `rating` points over assets,
    debts, spending and transfers; `household_assets` the scheme's asset metric of all who take part in a household,
    each by the share in it, for its head and for the members whom the bank has named.
    """

    CARD_LIMIT = "card_limit"
    LOAN_AMOUNT = "loan_amount"
    SALARY_FLOW = "salary_flow"
    COLLECTION_FLOW = "collection_flow"
    RATING = "rating"
    HOUSEHOLD_ASSETS = "household_assets"


class _Terms(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Validity(_Terms):
    """How long a tier is safe; `months` for `fixed` and `sliding`, `dates` (month and day) for `calendar`."""

    kind: ValidityKind = ValidityKind.INSTANT
    months: Months | None = None
    dates: list[MonthDay] = Field(default_factory=list, max_length=12)


class RatingWeights(_Terms):
    """Points of the rating for each full 10,000 CNY: of assets, of debts, and a month's spending and transfers."""

    assets: RatingPoints = 0
    debts: RatingPoints = 0
    spending: RatingPoints = 0
    transfers: RatingPoints = 0


class Route(_Terms):
    """A figure that gives tiers from its bounds on: in fen, of the rating in points."""

    kind: RouteKind
    bounds: dict[Code, Amount] = Field(min_length=1, max_length=20)
    weights: RatingWeights | None = None


class HouseholdSharing(_Terms):
    """That heads of households pass their tier on: to how many named members, up to which tier, how much lower."""

    members: Annotated[int, Field(ge=1, le=19)]
    highest: Code
    levels_below: Annotated[int, Field(ge=0, le=10)] = 0


class Terms(_Terms):
    """All that a scheme says beside its lines; each field has the default of the bank's first scheme."""

    metric: Metric = Metric.MONTH_DAILY
    class_weights: dict[ProductClass, Percent] = Field(default_factory=lambda: {ProductClass.CUSTODY: 0})
    line_weights: dict[Code, Percent] = Field(default_factory=dict, max_length=7)
    net_from: Code | None = None
    routes: list[Route] = Field(default_factory=list, max_length=5)
    members_tag: Code | None = None
    household: HouseholdSharing | None = None
    up_at_once: bool = False
    transition_months: dict[Code, Months] = Field(default_factory=dict, max_length=20)
    keep_percent: Annotated[int, Field(ge=1, le=WHOLE)] = WHOLE
    downgrade: Downgrade = Downgrade.TO_EARNED
    never_falls: list[Code] = Field(default_factory=list, max_length=20)
    validity: Validity = Validity()
    calendar: list[MonthDay] = Field(default_factory=list, max_length=12)

    @classmethod
    def read(cls, stored: Mapping[str, object]) -> Self:
        """Return the terms as they are kept with a scheme."""
        return cls.model_validate(stored)

    @property
    def weighting(self) -> Weighting:
        """How much of a balance counts."""
        classes = {name.value: percent for name, percent in self.class_weights.items()}
        return Weighting(classes=classes, lines=self.line_weights)

    def months_of(self, tier_code: str) -> int:
        """Return how many months in a row below the line lose a tier: one where the scheme has a keep line instead."""
        return self.transition_months.get(tier_code, TRANSITION_MONTHS if self.keep_percent == WHOLE else 1)

    def may_fall(self, tier_code: str) -> bool:
        """Tell whether who has a tier can lose it by figures."""
        return self.downgrade is not Downgrade.NEVER and tier_code not in self.never_falls

    def is_net(self, line: Line, lines: Iterable[Line]) -> bool:
        """Tell whether a tier asks for net assets: it is the first that does, or above it."""
        first = next((one.rank for one in lines if one.tier_code == self.net_from), None)
        return first is not None and line.rank >= first

    def cutoff(self, day: date) -> date:
        """Return the last day that a tier change looks at, at the end of a day: a month's last, or a fixed date."""
        if not self.calendar:
            return last_complete_month(day).last
        return max(one for one in _dates(self.calendar, day) if one <= day)

    def next_cutoff(self, day: date) -> date:
        """Return the next day after a day that a tier change looks at."""
        if self.calendar:
            return min(one for one in _dates(self.calendar, day) if one > day)
        after = day + timedelta(days=1)
        return last_complete_month(after.replace(day=1) + timedelta(days=31)).last

    def valid_until(self, given_on: date) -> date | None:
        """Return the first day on which a tier that was given, or met again, on a day is not safe any more."""
        match self.validity.kind:
            case ValidityKind.FIXED | ValidityKind.SLIDING:
                return months_later(given_on, self.validity.months or 1)
            case ValidityKind.CALENDAR:
                return min(one for one in _dates(self.validity.dates, given_on) if one > given_on)
            case ValidityKind.INSTANT:
                return None


def months_later(day: date, months: int) -> date:
    """Return the same day so many months later, or the last one of a shorter month."""
    years, month = divmod(day.month - 1 + months, 12)
    for shorter in range(4):
        try:
            return day.replace(year=day.year + years, month=month + 1, day=day.day - shorter)
        except ValueError:
            continue
    raise ValueError(day)


def faults_of_terms(terms: Terms, ranks: Mapping[str, int]) -> str | None:
    """Say what is wrong with terms: `tier_unknown`, `not_rising`, `double_forgiveness`, `validity`, `date`, `weights`.

    `double_forgiveness`: a keep line below the line and months of grace cannot both be.
    """
    named = [*terms.transition_months, *terms.never_falls, *([terms.net_from] if terms.net_from else [])]
    named += [terms.household.highest] if terms.household else []
    if (set(named) | {code for route in terms.routes for code in route.bounds}) - set(ranks):
        return "tier_unknown"
    if any(not _rises(route.bounds, ranks) for route in terms.routes):
        return "not_rising"
    if terms.keep_percent < WHOLE and any(months > 1 for months in terms.transition_months.values()):
        return "double_forgiveness"
    if any(not _is_date(one) for one in [*terms.calendar, *terms.validity.dates]):
        return "date"
    if any((route.weights is not None) is not (route.kind is RouteKind.RATING) for route in terms.routes):
        return "weights"
    kind, asked = terms.validity.kind, terms.validity
    has_months, has_dates = asked.months is not None, bool(asked.dates)
    wants_months = kind in (ValidityKind.FIXED, ValidityKind.SLIDING)
    fits = has_months is wants_months and has_dates is (kind is ValidityKind.CALENDAR)
    return None if fits else "validity"


def _rises(bounds: Mapping[str, int], ranks: Mapping[str, int]) -> bool:
    ordered = [bounds[code] for code in sorted(bounds, key=lambda code: ranks[code])]
    return all(low < high for low, high in itertools.pairwise(ordered))


def _is_date(month_day: str) -> bool:
    try:
        date.fromisoformat(f"2027-{month_day}")
    except ValueError:
        return False
    return True


def _dates(month_days: Sequence[str], day: date) -> list[date]:
    """Return the dates of the years around a day; 29 February is none of them."""
    return [
        date.fromisoformat(f"{year}-{one}") for year in (day.year - 1, day.year, day.year + 1) for one in month_days
    ]
