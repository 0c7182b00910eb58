"""Where a customer's tier is going: what is missing, and what the figures will be if balances stay as they are."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from guibin.tiers.rules import Line, next_line
from guibin.tiers.terms import WHOLE, Terms


@dataclass(frozen=True)
class Part:
    """Days over which the next evaluation averages: the average of those known, how many, and how many are to come."""

    known_fen: int
    known_days: int
    days_left: int

    @property
    def days(self) -> int:
        """All its days."""
        return self.known_days + self.days_left

    def total(self, present_fen: int) -> int:
        """Sum all days, those to come at the present balance."""
        return self.known_fen * self.known_days + present_fen * self.days_left


def forecast_of(parts: Sequence[Part], present_fen: int) -> int:
    """Return the metric at the end of the period if balances stay as they are; of several spans the best counts."""
    return max((2 * part.total(present_fen) + part.days) // (2 * part.days) for part in parts)


def more_to_hold(line_fen: int, parts: Sequence[Part], present_fen: int) -> int | None:
    """Return how much more, held from tomorrow to the end of the period, reaches a line; None where nothing does."""
    if forecast_of(parts, present_fen) >= line_fen:
        return 0
    open_parts = [part for part in parts if part.days_left]
    lacking = [(line_fen * part.days - part.total(present_fen), part.days_left) for part in open_parts]
    return min((-(-amount // days) for amount, days in lacking), default=None)


@dataclass(frozen=True)
class Course:
    """The figures of the last and the running period, plain or net, and the lines whose balances of the day lack."""

    last_fen: int | None
    parts: Sequence[Part]
    present_fen: int
    stale_lines: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Standing:
    """A customer's tier by figures and how long it has been below its line."""

    tier_code: str | None
    below_months: int
    valid_until: date | None
    other_route: str | None = None
    """The tier that another figure than the assets gives."""


@dataclass(frozen=True)
class Goal:
    """A line in view: of which tier, the line itself, and what is missing.

    `missing_fen` is what the figures of the last period lack (None: unknown); `more_to_hold_fen` is how much more, held
    from tomorrow to the end of the running one, reaches it (None: nothing does).
    """

    tier_code: str
    line_fen: int
    missing_fen: int | None
    more_to_hold_fen: int | None


@dataclass(frozen=True)
class Outlook:
    """The next evaluation, as it looks at the end of a day."""

    as_of: date
    period_ends: date
    stale_lines: frozenset[str]
    forecast_fen: int
    forecast_tier: str | None
    next: Goal | None
    keep: Goal | None
    months_below: int
    months_until_lost: int | None
    falls_on: date | None

    @property
    def days_left(self) -> int:
        """How many days of the period are to come."""
        return (self.period_ends - self.as_of).days


def look_ahead(
    terms: Terms, lines: Sequence[Line], standing: Standing, *, day: date, plain: Course, net: Course | None = None
) -> Outlook:
    """Say what the next evaluation will find, and what it takes to rise or to keep the tier.

    `falls_on` is the first day without the tier when nothing changes: known once the figures are below its line, or are
    going to be. It is not computed from a stale line.
    """
    courses = {one.tier_code: net if net is not None and terms.is_net(one, lines) else plain for one in lines}
    ranks = {line.tier_code: line.rank for line in lines}
    reached = [
        line.tier_code
        for line in lines
        if forecast_of(courses[line.tier_code].parts, courses[line.tier_code].present_fen) >= line.lower_bound_fen
    ]
    if standing.other_route is not None:
        reached.append(standing.other_route)
    own = next((line for line in lines if line.tier_code == standing.tier_code), None)
    above = next_line(standing.tier_code, lines)
    late, period_ends = plain.stale_lines | (net.stale_lines if net else frozenset()), terms.next_cutoff(day)
    keep = None if own is None else _goal(own, courses, -(-own.lower_bound_fen * terms.keep_percent // WHOLE))
    return Outlook(
        as_of=day,
        period_ends=period_ends,
        stale_lines=late,
        forecast_fen=forecast_of(plain.parts, plain.present_fen),
        forecast_tier=max(reached, key=lambda code: ranks[code], default=None),
        next=None if above is None else _goal(above, courses, above.lower_bound_fen),
        keep=keep,
        months_below=standing.below_months,
        months_until_lost=None if own is None or not terms.may_fall(own.tier_code) else terms.months_of(own.tier_code),
        falls_on=None if late or keep is None else _falls_on(terms, standing, keep, ranks, period_ends),
    )


def _goal(line: Line, courses: dict[str, Course], line_fen: int) -> Goal:
    course = courses[line.tier_code]
    missing = None if course.last_fen is None else max(line_fen - course.last_fen, 0)
    return Goal(line.tier_code, line_fen, missing, more_to_hold(line_fen, course.parts, course.present_fen))


def _falls_on(terms: Terms, standing: Standing, keep: Goal, ranks: dict[str, int], period_ends: date) -> date | None:
    kept_otherwise = standing.other_route is not None and ranks[standing.other_route] >= ranks[keep.tier_code]
    if keep.more_to_hold_fen == 0 or kept_otherwise or not terms.may_fall(keep.tier_code):
        return None
    return falls_on(
        terms,
        cutoff=period_ends,
        below=standing.below_months + 1,
        tier=keep.tier_code,
        valid_until=standing.valid_until,
    )


def falls_on(terms: Terms, *, cutoff: date, below: int, tier: str, valid_until: date | None) -> date:
    """Return the first day without a tier, if from the period of `cutoff` on all find the customer below its line.

    `below` counts that period.
    """
    last = cutoff
    while True:
        starts = last + timedelta(days=1)
        if below >= terms.months_of(tier) and (valid_until is None or valid_until <= starts):
            return starts
        last, below = terms.next_cutoff(last), below + 1
