"""Trying a rule before it counts: one event of one customer, or a past month. Nothing is written."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import select as sa_select
from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.core import clock
from guibin.customers.repository import get_customer, visible
from guibin.holdings.models import CustomerEvent
from guibin.points.earning import repository
from guibin.points.earning.rules import Occurrence, Rule, RuleBook, judge, read_rule
from guibin.points.earning.service import engine, tier_effects
from guibin.points.earning.settlement import Before, Settlement, Verdict
from guibin.points.earning.terms import EarningTerms
from guibin.points.models import Wallet
from guibin.security.actors import Scope
from guibin.tags.errors import RuleTooExpensive
from guibin.tags.service.preview import read_only

SECONDS: Final = 10.0
_AT_ONCE: Final = 2_000


@dataclass(slots=True)
class Figures:
    """What a rule would have given: customers, earnings, points by wallet, cost in fen, effects by `kind:subject`."""

    winners: set[UUID] = field(default_factory=set)
    awards: int = 0
    points: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    cost_fen: int = 0
    effects: dict[str, int] = field(default_factory=lambda: defaultdict(int))


@dataclass(frozen=True, slots=True)
class BackTest:
    """A rule over the events of a month, alone and from nothing given before, on the facts of now."""

    month: date
    events: int
    total: Figures
    by_tier: dict[str | None, Figures]
    moves: list[tuple[tier_effects.Move, int]]


@dataclass(frozen=True, slots=True)
class Simulated:
    """What the rules say of an event; `tier` before and after it, where growth counts and the customer is known."""

    verdicts: list[Verdict]
    tier: tier_effects.Move | None


async def simulate(
    session: AsyncSession, scope: Scope, *, event: Occurrence, draft: tuple[str, str | None, EarningTerms] | None = None
) -> Simulated:
    """Say what an event would earn now, rule by rule; with `draft` (code, owner, terms) as if that were in force.

    Raises:
        NotFound: the customer is not in scope.
    """
    await get_customer(session, scope, customer_id=event.customer_id)
    now = clock.now()
    today = clock.business_day(now)
    book = await engine.load_book(session)
    if draft is not None:
        code, branch, terms = draft
        others = [rule for rule in book.rules if rule.code != code]
        book = RuleBook([*others, await _as_if_in_force(session, code, branch, terms)])
    wallets = await engine.wallets_by_code(session)
    judged = await engine.judge_all(session, book, [event], day=today)
    before = await engine.read_before(session, engine.touched_by(judged, wallets), wallets, now=now, lock=False)
    ((_, verdicts),) = await engine.settle_all(session, judged, wallets, before, today=today)
    growth = await tier_effects.growth_wallet(session)
    gained = sum(award.points for one in verdicts for award in one.awards if award.gift.wallet == growth)
    tiers = await tier_effects.tiers_with(session, {event.customer_id: gained})
    return Simulated(verdicts, tiers.get(event.customer_id))


async def _as_if_in_force(session: AsyncSession, code: str, branch: str | None, terms: EarningTerms) -> Rule:
    below = await repository.branches_below(session, {branch} if branch is not None else set())
    return read_rule(
        code=code,
        version=0,
        terms=terms,
        in_force_from=datetime.min.replace(tzinfo=clock.BUSINESS_ZONE),
        branch=branch,
        branches=None if branch is None else below[branch],
    )


async def back_test(
    session: AsyncSession,
    scope: Scope,
    *,
    code: str,
    branch: str | None,
    terms: EarningTerms,
    month: date,
    seconds: float = SECONDS,
) -> BackTest:
    """Count what a rule would have given in a month, within a scope. Its first and last day do not bound it here.

    It runs read-only, and gives up when it takes too long.

    Raises:
        RuleTooExpensive: the time is over.
    """
    window = terms.window.model_copy(update={"starts_on": None, "ends_on": None})
    rule = await _as_if_in_force(session, code, branch, terms.model_copy(update={"window": window}))
    wallets = await engine.wallets_by_code(session)
    deadline = asyncio.get_running_loop().time() + seconds
    run = _Run(rule, wallets, month)
    async with read_only(session, seconds):
        for day in _days_of(month):
            async for events in _events_of(session, scope, rule, day):
                await run.take(session, events, day)
                if asyncio.get_running_loop().time() > deadline:
                    raise RuleTooExpensive(limit_seconds=seconds)
        return await run.finish(session)


def _days_of(month: date) -> list[date]:
    first = month.replace(day=1)
    days = [first.replace(day=number) for number in range(1, 29)]
    days += [day for number in (29, 30, 31) if (day := _day_or_none(first, number)) is not None]
    return days


def _day_or_none(first: date, number: int) -> date | None:
    try:
        return first.replace(day=number)
    except ValueError:
        return None


async def _events_of(session: AsyncSession, scope: Scope, rule: Rule, day: date) -> AsyncIterator[Sequence[Occurrence]]:
    columns: list[Any] = [getattr(CustomerEvent, name) for name in Occurrence.__slots__]
    query = (
        sa_select(*columns)
        .where(
            col(CustomerEvent.occurred_on) == day,
            col(CustomerEvent.event_type).in_(rule.terms.events),
            visible(scope, col(CustomerEvent.customer_id)),
        )
        .order_by(col(CustomerEvent.occurred_at), col(CustomerEvent.line), col(CustomerEvent.reference))
    )
    connection = await session.connection()
    async with connection.stream(query.execution_options(yield_per=_AT_ONCE)) as rows:
        async for part in rows.mappings().partitions():
            yield [Occurrence(**row) for row in part]


class _Run:
    """Counts through a month, day by day: each day is the day of posting of its events."""

    def __init__(self, rule: Rule, wallets: dict[str, Wallet], month: date) -> None:
        self._rule, self._wallets, self._month = rule, wallets, month
        self._before = Before()
        self._people: dict[UUID, repository.Person] = {}
        self._events = 0
        self._by_customer: dict[UUID, Figures] = defaultdict(Figures)

    async def take(self, session: AsyncSession, events: Sequence[Occurrence], day: date) -> None:
        unknown = {event.customer_id for event in events} - self._people.keys()
        if self._rule.reads_customer and unknown:
            self._people |= await repository.people(session, unknown)
        settlement = Settlement(wallets=self._wallets, today=day, before=self._before)
        for event in events:
            self._events += 1
            person = self._people.get(event.customer_id)
            facts = engine.NOBODY if person is None else person.facts
            branch_id = None if person is None else person.branch_id
            (verdict,) = settlement.settle(
                event, [judge(self._rule, event, facts.get, branch_id=branch_id, day=clock.today())]
            )
            for award in verdict.awards:
                figures = self._by_customer[event.customer_id]
                figures.awards += 1
                figures.points[award.gift.wallet] += award.points
                figures.cost_fen += award.cost_fen
            for effect in verdict.effects:
                self._by_customer[event.customer_id].effects[f"{effect.kind}:{effect.subject}"] += 1

    async def finish(self, session: AsyncSession) -> BackTest:
        tiers = await repository.tiers_of(session, list(self._by_customer))
        total, by_tier = Figures(), defaultdict[str | None, Figures](Figures)
        for customer_id, own in self._by_customer.items():
            for figures in (total, by_tier[tiers.get(customer_id)]):
                figures.winners.add(customer_id)
                figures.awards += own.awards
                figures.cost_fen += own.cost_fen
                for wallet, points in own.points.items():
                    figures.points[wallet] += points
                for effect, times in own.effects.items():
                    figures.effects[effect] += times
        growth = await tier_effects.growth_wallet(session)
        gained = {id_: own.points[growth] for id_, own in self._by_customer.items() if growth in own.points}
        moves = [] if growth is None else await tier_effects.count_moves(session, gained)
        return BackTest(self._month, self._events, total, dict(by_tier), moves)
