"""What is given in the end: caps, cool-down, frequency, ceilings of wallets and budgets, over what was given before.

Pure: the same code decides what is posted, what a simulation shows and what a back-test counts.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from guibin.points.earning.effects import Effect
from guibin.points.earning.models import EarningPeriod
from guibin.points.earning.rules import (
    EarningOutcome,
    Judgement,
    Occurrence,
    Offer,
    Rule,
    expiry_for,
    next_of_dates,
    period_start,
)
from guibin.points.earning.terms import Ceiling, Gift, Over
from guibin.points.models import Wallet
from guibin.programme.rules import Stops

Account = tuple[UUID, str]
"""A customer and a wallet."""

BudgetKey = tuple[str, EarningPeriod, date]
"""A rule, a period and its first day."""


@dataclass(frozen=True, slots=True)
class Past:
    """What a rule has given a customer for an event."""

    source_id: str
    wallet: str
    occurred_at: datetime
    occurred_on: date
    posted_on: date
    points: int
    cost_fen: int


@dataclass(frozen=True, slots=True)
class Step:
    """An event that meets a rule with a goal, whatever it gave."""

    occurred_on: date
    amount_fen: int


@dataclass(slots=True)
class Spent:
    """What was given out of a budget."""

    points: int = 0
    cost_fen: int = 0
    awards: int = 0

    def add(self, points: int, cost_fen: int) -> None:
        """Count one more."""
        self.points += points
        self.cost_fen += cost_fen
        self.awards += 1

    def take_back(self, points: int, cost_fen: int) -> None:
        """Count one less: it was not posted."""
        self.points -= points
        self.cost_fen -= cost_fen
        self.awards -= 1

    def allows(self, ceiling: Ceiling, points: int, cost_fen: int) -> bool:
        """Tell whether one more stays within a ceiling."""
        return (
            (ceiling.points is None or self.points + points <= ceiling.points)
            and (ceiling.cost is None or self.cost_fen + cost_fen <= ceiling.cost)
            and (ceiling.awards is None or self.awards < ceiling.awards)
        )


@dataclass(frozen=True, slots=True)
class Award:
    """Points that a rule gives for an event into a wallet.

    They can be spent from `pending_until` on, or once an event of the kind `awaits` has occurred by `awaits_until`; at
    once where neither is set.
    """

    event: Occurrence
    rule: Rule
    gift: Gift
    points: int
    cost_fen: int
    expires_on: date | None
    pending_until: date | None
    awaits: str | None = None
    awaits_until: date | None = None

    @property
    def is_pending(self) -> bool:
        """Whether they cannot be spent yet."""
        return self.pending_until is not None or self.awaits is not None


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of a rule for an event, in the end."""

    judgement: Judgement
    outcome: EarningOutcome
    awards: tuple[Award, ...] = ()

    @property
    def effects(self) -> tuple[Effect, ...]:
        """What happens beside: of the case that holds, where the rule gives."""
        case = self.judgement.case
        return tuple(self.judgement.rule.terms.cases[case].effects) if self.awards and case is not None else ()


@dataclass(slots=True)
class Before:
    """What was given before, as far as it decides. What is settled is added to it."""

    past: dict[tuple[UUID, str], list[Past]] = field(default_factory=lambda: defaultdict(list))
    earned: dict[Account, list[tuple[date, int]]] = field(default_factory=lambda: defaultdict(list))
    balances: dict[Account, int] = field(default_factory=lambda: defaultdict(int))
    budgets: dict[BudgetKey, Spent] = field(default_factory=lambda: defaultdict(Spent))
    steps: dict[tuple[UUID, str], list[Step]] = field(default_factory=lambda: defaultdict(list))


@dataclass(frozen=True, slots=True)
class Settlement:
    """Settles events one after another on a day of posting."""

    wallets: Mapping[str, Wallet]
    today: date
    before: Before
    stops: Stops = field(default_factory=Stops)

    def settle(self, event: Occurrence, judgements: Iterable[Judgement]) -> list[Verdict]:
        """Decide what an event earns: in each wallet the rule that gives most, ties by the code of the rule."""
        judged = list(judgements)
        outcomes: dict[str, EarningOutcome] = {one.rule.code: one.outcome for one in judged}
        best: dict[str, Award] = {}
        for one in judged:
            if not self._reaches(event, one):
                outcomes[one.rule.code] = EarningOutcome.GOAL_OPEN
                continue
            for offer in one.offers:
                outcome, award = self._allowed(event, one.rule, offer)
                if award is None:
                    outcomes[one.rule.code] = outcome
                elif offer.gift.wallet not in best or award.points > best[offer.gift.wallet].points:
                    best[offer.gift.wallet] = award
        for award in best.values():
            self._count(award)
        return [self._verdict(one, outcomes[one.rule.code], best) for one in judged]

    def _reaches(self, event: Occurrence, one: Judgement) -> bool:
        """Count an event that meets a rule as a step to its goal; False where the goal is still ahead."""
        goal = one.rule.terms.goal
        if goal is None or not one.offers:
            return True
        steps = self.before.steps[event.customer_id, one.rule.code]
        steps.append(Step(event.occurred_on, event.amount_fen or 0))
        start = period_start(goal.period, event.occurred_on)
        own = [step for step in steps if period_start(goal.period, step.occurred_on) == start]
        if goal.times is not None:
            return len(own) >= goal.times
        return sum(step.amount_fen for step in own) >= (goal.amount or 0)

    def _verdict(self, judgement: Judgement, outcome: EarningOutcome, best: Mapping[str, Award]) -> Verdict:
        own = tuple(best[wallet] for wallet in sorted(best) if best[wallet].rule is judgement.rule)
        if own:
            return Verdict(judgement, EarningOutcome.HIT, own)
        return Verdict(judgement, EarningOutcome.OUTDONE if outcome is EarningOutcome.HIT else outcome)

    def _allowed(self, event: Occurrence, rule: Rule, offer: Offer) -> tuple[EarningOutcome, Award | None]:
        wallet = self.wallets.get(offer.gift.wallet)
        if wallet is None or not wallet.active or self.stops.stop(wallet=wallet.code):
            return EarningOutcome.STOPPED, None
        expires_on = expiry_for(offer.gift, event.occurred_on, wallet)
        until = released_on(offer.gift, wallet, self.today)
        if is_over(offer.gift, expires_on, until, self.today):
            return EarningOutcome.EXPIRED, None
        outcome, points = self._bounded(event, rule, offer, wallet)
        if outcome is not EarningOutcome.HIT:
            return outcome, None
        cost_fen = points * wallet.cost_fen
        award = Award(event, rule, offer.gift, points, cost_fen, expires_on, until)
        if offer.gift.pending_event is not None:
            last = event.occurred_on + timedelta(days=offer.gift.pending_event_days or 0)
            award = replace(award, awaits=offer.gift.pending_event.value, awaits_until=last)
        return EarningOutcome.HIT, award

    def _bounded(self, event: Occurrence, rule: Rule, offer: Offer, wallet: Wallet) -> tuple[EarningOutcome, int]:
        """Hold an offer to the past: how often, the rule's caps, the wallet's, the budgets; returns what is left."""
        past = self.before.past[event.customer_id, rule.code] if rule.terms.is_bounded else []
        refused = _too_often(rule, event, past)
        if refused is not None:
            return refused, 0
        points = _within_caps(rule, event, offer, past)
        if points <= 0:
            return EarningOutcome.CAPPED, 0
        points = min(points, self._room(event.customer_id, wallet))
        if points <= 0:
            return EarningOutcome.WALLET_CAPPED, 0
        if not self._within_budgets(rule, past, points, points * wallet.cost_fen):
            return EarningOutcome.BUDGET_EXHAUSTED, 0
        return EarningOutcome.HIT, points

    def _room(self, customer_id: UUID, wallet: Wallet) -> int:
        account = (customer_id, wallet.code)
        return room_of(wallet, self.before.earned[account], self.before.balances[account], self.today)

    def _within_budgets(self, rule: Rule, past: Sequence[Past], points: int, cost_fen: int) -> bool:
        for ceiling in rule.terms.budgets:
            start = period_start(ceiling.period, self.today)
            if ceiling.per_customer:
                own = [one for one in past if one.posted_on >= start]
                spent = Spent(sum(one.points for one in own), sum(one.cost_fen for one in own), len(own))
            else:
                spent = self.before.budgets[rule.code, ceiling.period, start]
            if not spent.allows(ceiling, points, cost_fen):
                return False
        return True

    def _count(self, award: Award) -> None:
        event, wallet = award.event, award.gift.wallet
        if award.rule.terms.is_bounded:
            self.before.past[event.customer_id, award.rule.code].append(
                Past(
                    event.source_id,
                    wallet,
                    event.occurred_at,
                    event.occurred_on,
                    self.today,
                    award.points,
                    award.cost_fen,
                )
            )
            for key in budget_keys(award.rule, self.today):
                self.before.budgets[key].add(award.points, award.cost_fen)
        self.before.earned[event.customer_id, wallet].append((self.today, award.points))
        self.before.balances[event.customer_id, wallet] += award.points


def released_on(gift: Gift, wallet: Wallet, today: date) -> date | None:
    """Return the first day on which what is posted today can be spent; None: at once, or with an event."""
    if gift.pending_event is not None:
        return None
    if gift.pending_dates:
        return next_of_dates(gift.pending_dates, today)
    days = wallet.pending_days if gift.pending_days is None else gift.pending_days
    return today + timedelta(days=days) if days else None


def is_over(gift: Gift, expires_on: date | None, released: date | None, today: date) -> bool:
    """Tell whether points would end before anybody could spend them: their campaign is over, or they wait too long."""
    if expires_on is None:
        return False
    return (gift.expires_on is not None and expires_on < today) or (released is not None and expires_on < released)


def earn_caps(wallet: Wallet) -> list[dict[str, Any]]:
    """Return a wallet's caps on earning."""
    return [dict(cap) for cap in wallet.caps if cap.get("kind") == "earn"]


def room_of(wallet: Wallet, earned: Iterable[tuple[date, int]], balance: int, today: date) -> int:
    """Return how many points a wallet still takes: its earn caps by the day of posting, and its balance cap.

    `earned` are points by day of posting; pending points count there and in `balance`. What is over is cut.
    """
    room, given = 10**18, list(earned)
    for cap in earn_caps(wallet):
        start = period_start(EarningPeriod(cap["period"]), today)
        room = min(room, cap["points"] - sum(points for day, points in given if day >= start))
    return room if wallet.balance_cap is None else min(room, wallet.balance_cap - balance)


def is_capped(wallet: Wallet) -> bool:
    """Tell whether what a customer has or earned decides about what a wallet takes."""
    return wallet.balance_cap is not None or bool(earn_caps(wallet))


def budget_keys(rule: Rule, day: date) -> list[BudgetKey]:
    """Return the budgets of everybody together that a rule draws on, on a day; each once, in one order."""
    periods = {ceiling.period for ceiling in rule.terms.budgets if not ceiling.per_customer}
    return [(rule.code, period, period_start(period, day)) for period in sorted(periods)]


def _too_often(rule: Rule, event: Occurrence, past: Sequence[Past]) -> EarningOutcome | None:
    """Say whether other events of the customer, earlier or later ones, keep this one from earning."""
    others = [one for one in past if one.source_id != event.source_id]
    goal, hours = rule.terms.goal, rule.terms.cool_down_hours
    if goal is not None:
        start = period_start(goal.period, event.occurred_on)
        if any(period_start(goal.period, one.occurred_on) == start for one in others):
            return EarningOutcome.GOAL_REACHED
    if hours is not None and any(abs(one.occurred_at - event.occurred_at) < timedelta(hours=hours) for one in others):
        return EarningOutcome.COOL_DOWN
    for bound in rule.terms.frequency:
        start = period_start(bound.period, event.occurred_on)
        within = {one.source_id for one in others if period_start(bound.period, one.occurred_on) == start}
        if len(within) >= bound.times:
            return EarningOutcome.FREQUENCY
    return None


def _within_caps(rule: Rule, event: Occurrence, offer: Offer, past: Sequence[Past]) -> int:
    """Return what of an offer the rule's caps leave; 0 where one of them refuses."""
    points = offer.points
    for cap in rule.terms.caps:
        start = period_start(cap.period, event.occurred_on)
        given = sum(
            one.points
            for one in past
            if one.wallet == offer.gift.wallet and period_start(cap.period, one.occurred_on) == start
        )
        if given + offer.points > cap.points:
            if cap.over is Over.REFUSE:
                return 0
            points = min(points, cap.points - given)
    return points
