"""Earning: business events become entries by rule, each event once."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.core import clock
from guibin.core.errors import RetryLater
from guibin.core.ids import new_id, to_public
from guibin.holdings.models import EventState, EventType
from guibin.points import correction_repository
from guibin.points import repository as ledger
from guibin.points.earning import event_repository, repository
from guibin.points.earning.event_names import EVENT_NAMES
from guibin.points.earning.models import EarningPeriod
from guibin.points.earning.rules import EarningOutcome, Occurrence, period_start
from guibin.points.earning.service import engine
from guibin.points.earning.service.effects import carry_out, end_effects
from guibin.points.earning.settlement import Award, Before, Verdict, budget_keys
from guibin.points.models import EntryKind, SourceKind
from guibin.points.repository import Movement
from guibin.privacy.repository import blocked_among
from guibin.privacy.rules import Act
from guibin.programme import service as programme
from guibin.programme.errors import BudgetExhausted
from guibin.programme.service import Payer
from guibin.security.actors import NIGHTLY_JOB

MOST_AT_ONCE: Final = 2_000
"""Events of one transaction: whoever redeems meanwhile waits for it, and gives up after the lock time-out."""

DRAWN_BY: Final = "entry"
"""As what an entry draws on its owner's budget."""

EventKey = tuple[str, str]
"""A line and its reference: one event, whoever the customer is."""


@dataclass(frozen=True, slots=True)
class EventResult:
    """What one event earned; no entries where no rule gives anything. `missed`: rules that it triggers, and why not."""

    state: EventState
    points: int = 0
    entry_ids: list[UUID] = field(default_factory=list)
    missed: Mapping[str, EarningOutcome] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Due:
    """An award with the movement that posts it."""

    award: Award
    movement: Movement


async def earn_pending(session: AsyncSession, *, limit: int = MOST_AT_ONCE) -> dict[str, int]:
    """Let at most `limit` pending events earn, and mark them; those of a customer who may not earn give nothing.

    Call it again, each time in a transaction of its own, until nothing is read. Restartable: entries and marks are one
    transaction, and an event posts once. Returns how many events were `read`, how many `earned` or gave `nothing`, and
    how many `points` were posted.
    """
    pending = await event_repository.pending_events(session, limit=limit)
    results = await _earn(session, pending, NIGHTLY_JOB.id)
    earned = [result for result in results.values() if result.state is EventState.EARNED]
    return {
        "read": len(results),
        "earned": len(earned),
        "nothing": len(results) - len(earned),
        "points": sum(result.points for result in earned),
    }


async def earn_events(
    session: AsyncSession, *, keys: Sequence[EventKey], actor_id: UUID
) -> dict[EventKey, EventResult]:
    """Let these events earn now, those of them that are pending; returns what each of those gave."""
    pending = await event_repository.pending_events(session, limit=len(keys), keys=keys)
    return await _earn(session, pending, actor_id)


async def _earn(session: AsyncSession, pending: Sequence[Occurrence], actor_id: UUID) -> dict[EventKey, EventResult]:
    if not pending:
        return {}
    now = clock.now()
    today = clock.business_day(now)
    blocked = await blocked_among(session, {event.customer_id for event in pending}, Act.EARN, day=today)
    open_events = [event for event in pending if event.customer_id not in blocked]
    wallets = await engine.wallets_by_code(session)
    judged = await engine.judge_all(session, await engine.load_book(session), open_events, day=today)
    touched = engine.touched_by(judged, wallets)
    lock = engine.must_lock(touched, judged, wallets)
    before = await engine.read_before(session, touched, wallets, now=now, lock=lock)
    settled = await engine.settle_all(session, judged, wallets, before, today=today)
    due = [_Due(award, _movement(award, actor_id, now)) for award in _awards_of(settled)]
    kept, refused = await _draw(session, due, today.year)
    posted = await _post(session, kept)
    await _record(session, before, kept, refused, posted)
    made = {id(one.award): one.movement.entry for one in kept if posted[one.movement.entry][0] == "posted"}
    await carry_out(session, (one for _, verdicts in settled for one in verdicts), made, actor_id=actor_id, at=now)
    results = _results(pending, settled, kept, posted, refused)
    if not await event_repository.mark_events(session, pending, {key: one.state for key, one in results.items()}):
        raise RetryLater
    return results


async def return_to_budgets(
    session: AsyncSession, *, customer_id: UUID, entry_id: UUID, points: int, left: int
) -> None:
    """Give back to the rule's budgets, and to its owner's, what was taken back of an earning; called last.

    What was credited by hand goes back to the budget of the branch that paid for it.
    `left` is what the customer still has of it: with nothing left the rule has given once less, and what it did beside
    ends. What bounds the one
    customer stays used: whoever loses points for a return does not earn them anew.
    """
    if points <= 0:
        return
    award = await correction_repository.find_award(session, customer_id=customer_id, entry_id=entry_id)
    if award is None:
        source = to_public("ent", entry_id)
        await programme.give_back_points(session, source_kind=DRAWN_BY, source_id=source, points=points)
        return
    if left <= 0:
        await end_effects(session, customer_id=customer_id, entry_id=entry_id)
    fen = award.cost_fen * points // award.points
    first = await correction_repository.first_award(session, award)
    source, periods = to_public("ent", first.entry_id), sorted(EarningPeriod)
    keys = [(award.rule_code, period, period_start(period, first.posted_on)) for period in periods]
    await correction_repository.return_to_budgets(session, keys, points=points, cost_fen=fen, awards=int(left <= 0))
    await programme.give_back_points(session, source_kind=DRAWN_BY, source_id=source, points=points, fen=fen)


def _awards_of(settled: Iterable[tuple[Occurrence, list[Verdict]]]) -> list[Award]:
    return [award for _, verdicts in settled for verdict in verdicts for award in verdict.awards]


async def _draw(session: AsyncSession, due: Sequence[_Due], year: int) -> tuple[list[_Due], list[_Due]]:
    """Let owners' budgets pay, one budget after another; returns what is paid for, and what their budgets refuse."""
    drawing = [one for one in due if one.award.rule.terms.budget_line is not None]
    drawing.sort(key=lambda one: (str(one.award.rule.branch), str(one.award.rule.terms.budget_line)))
    refused = []
    for one in drawing:
        payer = Payer(branch=str(one.award.rule.branch), line=str(one.award.rule.terms.budget_line), year=year)
        try:
            await programme.draw(
                session,
                payer,
                source_kind=DRAWN_BY,
                source_id=to_public("ent", one.movement.entry),
                points=one.award.points,
                fen=one.award.cost_fen,
            )
        except BudgetExhausted:
            refused.append(one)
    unpaid = {one.movement.entry for one in refused}
    return [one for one in due if one.movement.entry not in unpaid], refused


async def _post(session: AsyncSession, due: Sequence[_Due]) -> dict[UUID, tuple[str, UUID]]:
    """Post what is due, one list of a kind; returns outcome and entry by the id that each was to get."""
    outcomes: dict[UUID, tuple[str, UUID]] = {}
    for kind in (EntryKind.EARN, EntryKind.PENDING_ADD):
        movements = [one.movement for one in due if one.movement.kind == kind]
        # One order for all writers: accounts by customer, then by wallet.
        movements.sort(key=lambda one: (one.customer, one.wallet))
        rows = await ledger.post_batch(session, movements)
        for movement, row in zip(movements, rows, strict=True):
            outcomes[movement.entry] = (row["outcome"], row["entry_id"])
    return outcomes


async def _record(
    session: AsyncSession,
    before: Before,
    due: Sequence[_Due],
    refused: Sequence[_Due],
    posted: Mapping[UUID, tuple[str, UUID]],
) -> None:
    """Note which version made each entry, and what budgets have given, less what was not posted in the end."""
    made = [one for one in due if posted[one.movement.entry][0] == "posted"]
    if made:
        pairs = [(one.award, one.movement.entry) for one in made]
        await repository.add_awards(session, pairs, day=made[0].movement.day)
    undone = [one for one in due if posted[one.movement.entry][0] != "posted"]
    for one in undone:
        await programme.give_back(session, source_kind=DRAWN_BY, source_id=to_public("ent", one.movement.entry))
    for one in (*undone, *refused):
        for key in budget_keys(one.award.rule, one.movement.day):
            before.budgets[key].take_back(one.award.points, one.award.cost_fen)
    if before.budgets:
        await repository.save_budgets(session, before.budgets)


def _results(
    pending: Sequence[Occurrence],
    settled: Iterable[tuple[Occurrence, list[Verdict]]],
    due: Iterable[_Due],
    posted: Mapping[UUID, tuple[str, UUID]],
    refused: Iterable[_Due],
) -> dict[EventKey, EventResult]:
    missed: dict[EventKey, dict[str, EarningOutcome]] = {
        event.key: {one.judgement.rule.code: one.outcome for one in verdicts if one.outcome is not EarningOutcome.HIT}
        for event, verdicts in settled
    }
    for one in refused:
        missed[one.award.event.key][one.award.rule.code] = EarningOutcome.BUDGET_EXHAUSTED
    results = {event.key: EventResult(EventState.NOTHING, missed=missed.get(event.key, {})) for event in pending}
    for one in due:
        outcome, entry_id = posted[one.movement.entry]
        if outcome in {"posted", "duplicate"}:
            key = one.award.event.key
            so_far = results[key]
            gained = one.award.points if outcome == "posted" else 0
            results[key] = EventResult(
                EventState.EARNED, so_far.points + gained, [*so_far.entry_ids, entry_id], so_far.missed
            )
    return results


def _reasons(award: Award) -> tuple[str, str]:
    """Say why in both languages; points that wait for an event say for which, and until when."""
    terms = award.rule.terms
    if award.awaits is None:
        return terms.name_zh, terms.name_en
    zh, en = EVENT_NAMES[EventType(award.awaits)]
    return (
        f"{terms.name_zh}（须于{award.awaits_until}前{zh}，否则取消）",
        f"{terms.name_en} (cancelled without {en} by {award.awaits_until})",
    )


def _movement(award: Award, actor_id: UUID, now: datetime) -> Movement:
    reason_zh, reason_en = _reasons(award)
    return Movement(
        customer=award.event.customer_id,
        wallet=award.gift.wallet,
        kind=EntryKind.PENDING_ADD if award.is_pending else EntryKind.EARN,
        points=award.points,
        entry=new_id(),
        lot=new_id(),
        expires_on=award.expires_on,
        reason_zh=reason_zh,
        reason_en=reason_en,
        source_kind=SourceKind.EVENT,
        source_id=award.event.source_id,
        actor=actor_id,
        at=now,
        day=clock.business_day(now),
        pending_until=award.pending_until,
    )
