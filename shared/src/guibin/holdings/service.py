"""Commands that write holdings, balances and events, for feed files and for single events."""

from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.core import clock
from guibin.core.ids import new_id
from guibin.customers.models import RefKind
from guibin.customers.repository import add_refs, move_ref
from guibin.holdings import repository
from guibin.holdings.moving import move_holdings
from guibin.holdings.rows import EventOutcome, EventRow, FileFacts, HoldingRow, KnownHolding, LineEvent

BalanceRow = tuple[UUID, UUID, date, int]
"""Customer, holding, day, balance in fen."""


async def take_holdings(
    session: AsyncSession, facts: FileFacts, rows: Sequence[HoldingRow], *, fills: frozenset[str] = frozenset()
) -> int:
    """Write a batch of holdings of one file; returns how many holdings and shares in them changed.

    In the columns of `fills` what is stored stands, and only what is empty is written.
    """
    refs = [row.ref for row in rows]
    if fills:
        said = await repository.stored_terms(session, line=facts.line, refs=refs)
        rows = [row.filled(said.get(row.ref, {}), fills) for row in rows]
    known = await repository.known_holdings(session, line=facts.line, refs=refs)
    await _follow_owners(session, rows, known)
    ids = {row.ref: known[row.ref].id if row.ref in known else new_id() for row in rows}
    changed = await repository.write_holdings(session, (_holding_values(facts, row, ids[row.ref]) for row in rows))
    new = [(row.ref, RefKind.HOLDING, row.customer_id) for row in rows if row.ref not in known]
    await add_refs(session, new, day=facts.business_date)
    shares = [
        (customer_id, ids[row.ref], row.customer_id, facts.business_date, name)
        for row in rows
        for customer_id, name in row.joint.items()
        if customer_id != row.customer_id
    ]
    stored = [holding.id for holding in known.values()]
    if shares or stored:
        changed += await repository.write_parties(session, shares, holdings=stored)
    return changed


async def _follow_owners(session: AsyncSession, rows: Iterable[HoldingRow], known: dict[bytes, KnownHolding]) -> None:
    """Move the holdings that a line now gives to another customer."""
    for row in rows:
        stored = known.get(row.ref)
        if stored is not None and stored.customer_id != row.customer_id:
            await move_holdings(session, ids=[stored.id], from_id=stored.customer_id, to_id=row.customer_id)
            await move_ref(session, ref=row.ref, kind=RefKind.HOLDING, customer_id=row.customer_id)


def _holding_values(facts: FileFacts, row: HoldingRow, holding_id: UUID) -> tuple[Any, ...]:
    """Lay out a holding in the order of the model's columns."""
    return (
        row.customer_id, holding_id, facts.line, row.ref, row.last4, row.record_ref, row.product_code, row.side,
        row.opened_on, row.closed_on, row.matures_on, row.credit_limit_fen, row.rate, row.status,
        facts.business_date, facts.feed_file_id,
    )  # fmt: skip


async def close_missing_holdings(session: AsyncSession, facts: FileFacts, seen: Iterable[bytes]) -> int:
    """Close the line's holdings that a full file leaves out; returns how many."""
    return await repository.close_missing(session, line=facts.line, day=facts.business_date, seen=seen)


async def close_named_holdings(
    session: AsyncSession, facts: FileFacts, refs: Sequence[bytes]
) -> tuple[int, set[bytes]]:
    """Close holdings of a line; returns how many were open, and the references that name none of them."""
    if not refs:
        return 0, set()
    known = await repository.known_holdings(session, line=facts.line, refs=refs)
    closed = await repository.close_named(session, line=facts.line, day=facts.business_date, refs=refs)
    return closed, set(refs) - known.keys()


async def take_balances(session: AsyncSession, rows: Iterable[BalanceRow], days: Iterable[date]) -> int:
    """Write a batch of balances whose days are among `days`; returns how many rows were stored or corrected."""
    month_ends = [day for day in days if (day + timedelta(days=1)).day == 1]
    return await repository.write_balances(session, rows, month_ends=month_ends)


async def take_events(session: AsyncSession, facts: FileFacts, rows: Sequence[EventRow]) -> tuple[int, list[int]]:
    """Write a batch of events; returns how many were new, and the rows that contradict a known reference."""
    await repository.stage_events(session, (_event_values(row) for row in rows))
    new = await repository.claim_references(session, line=facts.line, received_at=clock.now())
    conflicts: list[int] = []
    if len(new) < len(rows):
        known = [row.row for row in rows if row.reference not in new]
        compared = await repository.compare_known(session, line=facts.line, rows=known)
        conflicts = [row for row, same in compared if not same]
    if new:
        asked = await repository.staged_for_survivors(session)
        names = {row.row: row.named_by for row in rows if row.row in asked} if asked else {}
        await repository.insert_customer_events(session, line=facts.line, names=names)
    return len(new), conflicts


def _event_values(row: EventRow) -> tuple[Any, ...]:
    """Lay out an event in the order of the stage's columns."""
    content = row.content
    return (
        row.row, row.reference, row.customer_id, content.fingerprint, content.event_type, content.occurred_at,
        clock.business_day(content.occurred_at), content.amount_fen, content.merchant_category, content.channel,
        content.inflow_class,
    )  # fmt: skip


async def record_events(session: AsyncSession, events: Sequence[LineEvent]) -> list[EventOutcome]:
    """Record events, waiting for the earning rules; a reference of a line counts once, whoever the customer is.

    Each is `new`, `same` for the same customer and content again, or `conflict` for another; those two write nothing.
    Of two with one reference in the list the first counts.
    """
    first: dict[tuple[str, str], LineEvent] = {}
    for event in events:
        first.setdefault(event.key, event)
    if not first:
        return []
    claimed = await repository.claim_events(session, list(first.values()), at=clock.now())
    new = [event for key, event in first.items() if key in claimed]
    if new:
        await repository.describe_events(session, new)
    stored = {event.key: (event.customer_id, event.content.fingerprint) for event in new}
    if len(stored) < len(first):
        stored |= await repository.known_events(session, [one for key, one in first.items() if key not in claimed])
    fresh = {id(event) for event in new}
    return [
        EventOutcome.NEW
        if id(event) in fresh
        else EventOutcome.SAME
        if stored.get(event.key) == (event.customer_id, event.content.fingerprint)
        else EventOutcome.CONFLICT
        for event in events
    ]
