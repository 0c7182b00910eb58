"""Earning: business events become entries by rule, each event once."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.core import clock
from guibin.core.ids import new_id
from guibin.holdings.models import EventState
from guibin.points import repository, rules
from guibin.points.models import EntryKind, SourceKind, Wallet
from guibin.points.repository import Movement, PendingEvent
from guibin.points.rules import Earned
from guibin.privacy.repository import blocked_among
from guibin.privacy.rules import Act
from guibin.security.actors import NIGHTLY_JOB

MOST_AT_ONCE: Final = 2_000
"""Events of one transaction: whoever redeems meanwhile waits for it, and gives up after the lock time-out."""

EventKey = tuple[str, str]
"""A line and its reference: one event, whoever the customer is."""


@dataclass(frozen=True, slots=True)
class EventResult:
    """What one event earned; no entries where no rule gives anything."""

    state: EventState
    points: int
    entry_ids: list[UUID]


async def earn_pending(session: AsyncSession, *, limit: int = MOST_AT_ONCE) -> dict[str, int]:
    """Let at most `limit` pending events earn, and mark them; those of a customer who may not earn give nothing.

    Call it again, each time in a transaction of its own, until nothing is read. Restartable: entries and marks are one
    transaction, and an event posts once. Returns how many events were `read`, how many `earned` or gave `nothing`, and
    how many `points` were posted.
    """
    pending = await repository.pending_events(session, limit=limit)
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
    pending = await repository.pending_events(session, limit=len(keys), keys=keys)
    return await _earn(session, pending, actor_id)


async def _earn(session: AsyncSession, pending: Sequence[PendingEvent], actor_id: UUID) -> dict[EventKey, EventResult]:
    if not pending:
        return {}
    earning = await repository.active_rules(session)
    wallets = {wallet.code: wallet for wallet in await repository.list_wallets(session)}
    now = clock.now()
    people = {event.customer_id for event in pending}
    blocked = await blocked_among(session, people, Act.EARN, day=clock.business_day(now))
    due = [
        (event, _movement(event, earned, wallets[earned.rule.wallet], actor_id, now))
        for event in pending
        if event.customer_id not in blocked
        for earned in rules.earnings_of(earning, event.event_type, event.amount_fen)
    ]
    # One order for all writers: accounts by customer, then by wallet.
    due.sort(key=lambda one: (one[1].customer, one[1].wallet, one[0].occurred_at, one[0].reference))
    rows = await repository.post_batch(session, [movement for _, movement in due])
    results = {event.key: EventResult(EventState.NOTHING, 0, []) for event in pending}
    for (event, movement), row in zip(due, rows, strict=True):
        if row["outcome"] in {"posted", "duplicate"}:
            so_far = results[event.key]
            gained = (movement.points or 0) if row["outcome"] == "posted" else 0
            results[event.key] = EventResult(
                EventState.EARNED, so_far.points + gained, [*so_far.entry_ids, row["entry_id"]]
            )
    await repository.mark_events(session, {key: result.state for key, result in results.items()})
    return results


def _movement(event: PendingEvent, earned: Earned, wallet: Wallet, actor_id: UUID, now: datetime) -> Movement:
    return Movement(
        customer=event.customer_id,
        wallet=earned.rule.wallet,
        kind=EntryKind.EARN,
        points=earned.points,
        entry=new_id(),
        lot=new_id(),
        expires_on=rules.expiry_of(event.occurred_on, wallet),
        reason_zh=earned.rule.name_zh,
        reason_en=earned.rule.name_en,
        source_kind=SourceKind.EVENT,
        source_id=f"{event.line}:{event.reference}",
        actor=actor_id,
        at=now,
        day=clock.business_day(now),
    )
