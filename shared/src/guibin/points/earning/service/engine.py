"""The one engine: rules in force, what they say of events, what was given before. It reads, and locks if asked."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Final
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.core import clock
from guibin.points import repository as ledger
from guibin.points.earning import event_repository, repository
from guibin.points.earning.models import EarningPeriod, EarningRule, EarningRuleVersion
from guibin.points.earning.rules import Judgement, Occurrence, Rule, RuleBook, judge, period_start, read_rule
from guibin.points.earning.settlement import (
    Account,
    Before,
    Settlement,
    Step,
    Verdict,
    budget_keys,
    earn_caps,
    is_capped,
    released_on,
)
from guibin.points.earning.terms import EarningTerms
from guibin.points.models import Wallet
from guibin.programme.service import find_stops
from guibin.tags.evaluation import Plain

Judged = list[tuple[Occurrence, list[Judgement]]]
"""Events with what each rule that they trigger says."""

NOBODY: Final[Mapping[str, Plain]] = {}


async def load_book(session: AsyncSession) -> RuleBook:
    """Read every version that was ever approved."""
    return await book_of(session, await repository.all_versions(session))


async def book_of(session: AsyncSession, rows: Sequence[tuple[EarningRule, EarningRuleVersion]]) -> RuleBook:
    """Read some versions, with the branches that their owners serve."""
    owners = {rule.branch for rule, _ in rows if rule.branch is not None}
    below = await repository.branches_below(session, owners)
    return RuleBook(_read(rule, version, below) for rule, version in rows)


def _read(rule: EarningRule, version: EarningRuleVersion, below: Mapping[str, frozenset[UUID]]) -> Rule:
    return read_rule(
        code=rule.code,
        version=version.version,
        terms=EarningTerms.of(version.terms),
        in_force_from=version.in_force_from,
        ended_at=rule.ended_at,
        branch=rule.branch,
        branches=None if rule.branch is None else below[rule.branch],
    )


async def judge_all(session: AsyncSession, book: RuleBook, events: Sequence[Occurrence], *, day: date) -> Judged:
    """Ask the rules in force about events; customers are read once, and only where a rule reads of them."""
    met = [(event, book.of(event)) for event in events]
    asked = {event.customer_id for event, rules in met if any(rule.reads_customer for rule in rules)}
    people = await repository.people(session, asked) if asked else {}
    judged: Judged = []
    for event, rules in met:
        person = people.get(event.customer_id)
        facts = NOBODY if person is None else person.facts
        branch_id = None if person is None else person.branch_id
        judged.append((event, [judge(rule, event, facts.get, branch_id=branch_id, day=day) for rule in rules]))
    return judged


async def wallets_by_code(session: AsyncSession) -> dict[str, Wallet]:
    """Return all wallets."""
    return {wallet.code: wallet for wallet in await ledger.list_wallets(session)}


@dataclass(frozen=True, slots=True)
class Touched:
    """What decides about some judged events beside the events themselves; `goals` are who may reach them."""

    accounts: Collection[Account]
    pairs: Collection[tuple[UUID, str]]
    rules: Collection[Rule]
    capped: Collection[Account]
    goals: Mapping[Rule, Sequence[Occurrence]] = field(default_factory=dict)


def touched_by(judged: Judged, wallets: Mapping[str, Wallet]) -> Touched:
    """Return the accounts into which judged events may earn, and whose history bounds them."""
    hits = [(event.customer_id, one.rule) for event, judgements in judged for one in judgements if one.offers]
    bounded = [(customer_id, rule) for customer_id, rule in hits if rule.terms.is_bounded]
    goals: dict[Rule, list[Occurrence]] = {}
    for event, judgements in judged:
        for one in judgements:
            if one.offers and one.rule.terms.goal is not None:
                goals.setdefault(one.rule, []).append(event)
    accounts = {(customer_id, wallet) for customer_id, rule in hits for wallet in rule.terms.wallets}
    return Touched(
        accounts=accounts,
        pairs={(customer_id, rule.code) for customer_id, rule in bounded},
        rules=list({(rule.code, rule.version): rule for _, rule in bounded}.values()),
        capped={one for one in accounts if one[1] in wallets and is_capped(wallets[one[1]])},
        goals=goals,
    )


def must_lock(touched: Touched, judged: Judged, wallets: Mapping[str, Wallet]) -> bool:
    """Tell whether accounts are locked before anything is decided.

    They are where the past decides, and where two lists are posted one after the other (what is pending, and what is
    not): each list locks its own accounts in order, and both together would not be in order.
    """
    pending = {
        offer.gift.pending_event is not None
        or released_on(offer.gift, wallets[offer.gift.wallet], date.min) is not None
        for _, judgements in judged
        for one in judgements
        for offer in one.offers
        if offer.gift.wallet in wallets
    }
    return bool(touched.pairs or touched.capped) or len(pending) > 1


async def read_before(
    session: AsyncSession, touched: Touched, wallets: Mapping[str, Wallet], *, now: datetime, lock: bool
) -> Before:
    """Read what was given before; with `lock` accounts first, then budgets, each in one order."""
    before, today = Before(), clock.business_day(now)
    if lock:
        before.balances.update(await repository.lock_accounts(session, touched.accounts, at=now, day=today))
    elif touched.capped:
        before.balances.update(await repository.read_balances(session, touched.capped))
    if touched.capped:
        since = _earliest([wallets[wallet] for _, wallet in touched.capped], today)
        before.earned.update(await repository.read_earned(session, touched.capped, since=since))
    if touched.pairs:
        before.past.update(await repository.read_past(session, touched.pairs))
    for rule, events in touched.goals.items():
        await _add_steps(session, before, rule, events, today=today)
    keys = [key for rule in touched.rules for key in budget_keys(rule, today)]
    if keys:
        before.budgets.update(await repository.read_budgets(session, keys, lock=lock))
    return before


async def _add_steps(
    session: AsyncSession, before: Before, rule: Rule, events: Sequence[Occurrence], *, today: date
) -> None:
    """Add the steps to a rule's goal that customers took before, in the periods of these events.

    An event counts once it was looked at, in force then was this version, and it meets the rule as the customer is now.
    """
    goal = rule.terms.goal
    if goal is None:
        return
    since = min(period_start(goal.period, event.occurred_on) for event in events)
    taken = await event_repository.events_looked_at(
        session, {event.customer_id for event in events}, types=rule.terms.events, since=since
    )
    for event, judgements in await judge_all(session, RuleBook([rule]), taken, day=today):
        if any(one.offers for one in judgements):
            before.steps[event.customer_id, rule.code].append(Step(event.occurred_on, event.amount_fen or 0))


def _earliest(wallets: Sequence[Wallet], today: date) -> date:
    starts = [period_start(EarningPeriod(cap["period"]), today) for wallet in wallets for cap in earn_caps(wallet)]
    return min(starts, default=today)


async def settle_all(
    session: AsyncSession, judged: Judged, wallets: Mapping[str, Wallet], before: Before, *, today: date
) -> list[tuple[Occurrence, list[Verdict]]]:
    """Decide what each event earns, in the order in which the events occurred."""
    stops = await find_stops(session, earning=True)
    settlement = Settlement(wallets=wallets, today=today, before=before, stops=stops)
    ordered = sorted(judged, key=lambda one: (one[0].occurred_at, one[0].line, one[0].reference))
    return [(event, settlement.settle(event, judgements)) for event, judgements in ordered]
