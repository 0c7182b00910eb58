"""Which rules an event meets and what each would give for it: pure decisions over plain values.

What was given before (caps, cool-down, budgets) decides afterwards, in `guibin.points.earning.settlement`.
"""

from calendar import monthrange
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

from guibin.points.earning.models import EarningPeriod
from guibin.points.earning.terms import EarningKind, EarningTerms, Fraction, Gift, Window
from guibin.points.models import Wallet
from guibin.points.rules import MAX_POINTS, expiry_of
from guibin.tags.evaluation import Plain, evaluate
from guibin.tags.rules import Node, operands_of, parse_rule
from guibin.tags.vocabulary import Fact, FactType, event_fact, stored_fact

SHANGHAI: Final = ZoneInfo("Asia/Shanghai")
TAGS: Final = Fact("tags", FactType.SET)
_FULL: Final = 100

Facts = Callable[[str], Plain]
"""A customer's facts by name; None is unknown."""


class EarningOutcome(StrEnum):
    """What became of a rule that an event triggers."""

    HIT = "hit"
    OTHER_BRANCH = "other_branch"
    OUTSIDE_WINDOW = "outside_window"
    CONDITION_NOT_MET = "condition_not_met"
    NO_CASE = "no_case"
    NO_POINTS = "no_points"
    EXPIRED = "expired"
    CAPPED = "capped"
    GOAL_OPEN = "goal_open"
    GOAL_REACHED = "goal_reached"
    COOL_DOWN = "cool_down"
    FREQUENCY = "frequency"
    WALLET_CAPPED = "wallet_capped"
    STOPPED = "stopped"
    BUDGET_EXHAUSTED = "budget_exhausted"
    OUTDONE = "outdone"


@dataclass(frozen=True, slots=True)
class Occurrence:
    """A business event. A merge takes it along, so its customer is the one who stays."""

    customer_id: UUID
    line: str
    reference: str
    event_type: str
    occurred_at: datetime
    occurred_on: date
    amount_fen: int | None = None
    merchant_category: str | None = None
    channel: str | None = None
    inflow_class: str | None = None

    @property
    def key(self) -> tuple[str, str]:
        """Line and reference: the event, whoever the customer is."""
        return self.line, self.reference

    @property
    def source_id(self) -> str:
        """The event as the source of entries."""
        return f"{self.line}:{self.reference}"

    def fact(self, name: str) -> Plain:
        """Return what conditions call `event.*`."""
        match name:
            case "event.type":
                return self.event_type
            case "event.amount":
                return self.amount_fen
            case "event.date":
                return self.occurred_on
            case "event.merchant_category":
                return self.merchant_category
            case "event.channel":
                return self.channel
            case _:
                return self.inflow_class


@dataclass(frozen=True, slots=True, eq=False)
class Rule:
    """A version of a rule, read. `branches` are the owner's and all below; None serves everybody."""

    code: str
    version: int
    in_force_from: datetime
    ended_at: datetime | None
    terms: EarningTerms
    condition: Node | None
    cases: tuple[tuple[Node | None, Sequence[Gift]], ...]
    branch: str | None = None
    branches: frozenset[UUID] | None = None
    reads_customer: bool = False


@dataclass(frozen=True, slots=True)
class Offer:
    """What a rule would give into one wallet, before anything given earlier is looked at."""

    gift: Gift
    points: int


@dataclass(frozen=True, slots=True)
class Judgement:
    """A rule and an event; `place` is the condition that fails, `case` the number of the case that holds."""

    rule: Rule
    outcome: EarningOutcome
    place: str | None = None
    case: int | None = None
    offers: tuple[Offer, ...] = field(default=())


def earning_fact(name: str) -> Fact | None:
    """Find a fact that a condition of earning may name: of the event, of its customer, or `tags`."""
    return TAGS if name == TAGS.name else event_fact(name) or stored_fact(name)


def read_rule(
    *,
    code: str,
    version: int,
    terms: EarningTerms,
    in_force_from: datetime,
    ended_at: datetime | None = None,
    branch: str | None = None,
    branches: frozenset[UUID] | None = None,
) -> Rule:
    """Read the terms of a version with their conditions.

    Raises:
        RuleFieldUnknown, RuleOperatorInvalid, RuleValueInvalid, RuleTooComplex: a condition is wrong.
    """
    condition = None if terms.when is None else parse_rule(terms.when, earning_fact)
    cases = tuple(
        (None if case.when is None else parse_rule(case.when, earning_fact), tuple(case.gives)) for case in terms.cases
    )
    nodes = [node for node in (condition, *(node for node, _ in cases)) if node is not None]
    named = {operand.name for node in nodes for operand in operands_of(node) if isinstance(operand, Fact)}
    of_customer = any(event_fact(name) is None for name in named)
    by_tier = any(gift.multipliers for _, gifts in cases for gift in gifts)
    return Rule(
        code=code,
        version=version,
        in_force_from=in_force_from,
        ended_at=ended_at,
        terms=terms,
        condition=condition,
        cases=cases,
        branch=branch,
        branches=branches,
        reads_customer=of_customer or by_tier or branches is not None,
    )


class RuleBook:
    """All versions, and which of them is in force for an event: by the time at which it occurred."""

    def __init__(self, rules: Iterable[Rule]) -> None:
        by_code: dict[str, list[Rule]] = {}
        for rule in sorted(rules, key=lambda one: (one.code, -one.version)):
            by_code.setdefault(rule.code, []).append(rule)
        self._by_code = by_code
        self._by_type: dict[str, list[list[Rule]]] = {}

    def of(self, event: Occurrence) -> list[Rule]:
        """Return the versions in force that the event triggers, ordered by code."""
        if event.event_type not in self._by_type:
            self._by_type[event.event_type] = [
                versions
                for versions in self._by_code.values()
                if any(event.event_type in rule.terms.events for rule in versions)
            ]
        found = (_in_force(versions, event.occurred_at) for versions in self._by_type[event.event_type])
        return [rule for rule in found if rule is not None and event.event_type in rule.terms.events]

    @property
    def rules(self) -> list[Rule]:
        """All versions."""
        return [rule for versions in self._by_code.values() for rule in versions]


def _in_force(versions: Sequence[Rule], moment: datetime) -> Rule | None:
    for rule in versions:
        if rule.in_force_from <= moment:
            return rule if rule.ended_at is None or moment < rule.ended_at else None
    return None


def judge(rule: Rule, event: Occurrence, facts: Facts, *, branch_id: UUID | None, day: date) -> Judgement:
    """Say what a rule in force gives for an event, or why it gives nothing.

    `facts` are the customer's as last computed, `branch_id` the customer's branch, `day` the day of the posting.
    """
    if rule.branches is not None and branch_id not in rule.branches:
        return Judgement(rule, EarningOutcome.OTHER_BRANCH)
    for place, named in (("codes", rule.terms.codes), ("tags", rule.terms.tags)):
        if named and event.channel not in named:
            return Judgement(rule, EarningOutcome.CONDITION_NOT_MET, place=place)
    if not is_open(rule.terms.window, event.occurred_at):
        return Judgement(rule, EarningOutcome.OUTSIDE_WINDOW)
    if rule.condition is not None:
        verdict = evaluate(rule.condition, lambda operand: _read(operand, event, facts), day)
        failing = verdict.first_failing()
        if failing is not None:
            return Judgement(rule, EarningOutcome.CONDITION_NOT_MET, place=failing.place)
    for number, (node, gifts) in enumerate(rule.cases):
        if node is None or evaluate(node, lambda operand: _read(operand, event, facts), day).met:
            tier = facts("tier") if rule.reads_customer else None
            return _offered(rule, event, number, gifts, tier)
    return Judgement(rule, EarningOutcome.NO_CASE)


def _read(operand: object, event: Occurrence, facts: Facts) -> Plain:
    name = operand.name if isinstance(operand, Fact) else ""
    return event.fact(name) if name.startswith("event.") else facts(name)


def _offered(rule: Rule, event: Occurrence, number: int, gifts: Sequence[Gift], tier: Plain) -> Judgement:
    offers = tuple(
        Offer(gift, points)
        for gift in gifts
        if (points := points_for(gift, event.amount_fen, str(tier) if tier is not None else None)) > 0
    )
    return Judgement(rule, EarningOutcome.HIT if offers else EarningOutcome.NO_POINTS, case=number, offers=offers)


def points_for(gift: Gift, amount_fen: int | None, tier: str | None = None) -> int:
    """Return the points that a gift is for an amount and a tier: exact, rounded once, then held to its own maximum.

    One entry holds at most `MAX_POINTS`; what comes in singly is refused before (`is_amount_in_range`).
    """
    return min(_unbounded(gift, amount_fen, tier), gift.max_points or MAX_POINTS, MAX_POINTS)


def _unbounded(gift: Gift, amount_fen: int | None, tier: str | None) -> int:
    per_cent = gift.multipliers.get(tier, _FULL) if tier is not None else _FULL
    if gift.kind is EarningKind.FIXED or gift.per is None:
        return _divided(gift.points * per_cent, _FULL, gift.rounding)
    if amount_fen is None:
        return 0
    if gift.rounding is Fraction.STEPS:
        return amount_fen // gift.per * gift.points * per_cent // _FULL
    return _divided(amount_fen * gift.points * per_cent, gift.per * _FULL, gift.rounding)


def _divided(total: int, count: int, rounding: Fraction) -> int:
    match rounding:
        case Fraction.UP:
            return -(-total // count)
        case Fraction.HALF_UP:
            return (2 * total + count) // (2 * count)
        case _:
            return total // count


def is_amount_in_range(book: RuleBook, event: Occurrence) -> bool:
    """Tell whether no rule in force gives more points for an event than one entry can hold."""
    return all(
        gift.max_points is not None or _unbounded(gift, event.amount_fen, tier) <= MAX_POINTS
        for rule in book.of(event)
        for _, gifts in rule.cases
        for gift in gifts
        for tier in (None, *gift.multipliers)
    )


def is_open(window: Window, moment: datetime) -> bool:
    """Tell whether a moment lies in a window, by the calendar and the clock of Asia/Shanghai.

    Hours past midnight belong to the day on which they stand: days and weekdays are those of the moment itself.
    """
    local = moment.astimezone(SHANGHAI)
    day = local.date()
    if window.starts_on is not None and day < window.starts_on:
        return False
    if window.ends_on is not None and day > window.ends_on:
        return False
    if (window.weekdays and day.isoweekday() not in window.weekdays) or day in window.blackout:
        return False
    if window.hours is None:
        return True
    opens, closes = window.hours
    now = local.time()
    return opens <= now < closes if opens < closes else now >= opens or now < closes


def period_start(period: EarningPeriod, day: date) -> date:
    """Return the first day of the period in which a day lies; of a lifetime the first day that there is."""
    match period:
        case EarningPeriod.DAY:
            return day
        case EarningPeriod.WEEK:
            return day - timedelta(days=day.isoweekday() - 1)
        case EarningPeriod.MONTH:
            return day.replace(day=1)
        case EarningPeriod.QUARTER:
            return date(day.year, (day.month - 1) // 3 * 3 + 1, 1)
        case EarningPeriod.YEAR:
            return date(day.year, 1, 1)
        case _:
            return date.min


def next_of_dates(days: Sequence[str], after: date) -> date:
    """Return the next of some days of the year (MM-DD) after a day; 29 February is the 28th where there is none."""
    dates = [_of_year(year, day) for year in (after.year, after.year + 1) for day in days]
    return min(one for one in dates if one > after)


def _of_year(year: int, day: str) -> date:
    month, number = map(int, day.split("-"))
    return date(year, month, min(number, monthrange(year, month)[1]))


def expiry_for(gift: Gift, occurred_on: date, wallet: Wallet) -> date | None:
    """Return the last day of a gift's points: the gift's own, else the wallet's."""
    if gift.expires_on is not None:
        return gift.expires_on
    if gift.expires_in_days is not None:
        return occurred_on + timedelta(days=gift.expires_in_days)
    return expiry_of(occurred_on, wallet)
