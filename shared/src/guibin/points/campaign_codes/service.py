"""A code that a customer types: taken down at once, and let earn by the worker, since customers make no points."""

from typing import Final
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.core import clock
from guibin.holdings.models import OWN_LINE, EventState, EventType
from guibin.holdings.rows import EventContent, LineEvent
from guibin.holdings.service import record_events
from guibin.points.campaign_codes import repository
from guibin.points.campaign_codes.errors import CodeEntered, CodeUnknown
from guibin.points.campaign_codes.models import CodeEntry, CodeState
from guibin.points.earning.rules import is_open
from guibin.points.earning.terms import EarningTerms
from guibin.points.service.earning import earn_events
from guibin.security.actors import NIGHTLY_JOB

MOST_AT_ONCE: Final = 500


async def enter_code(session: AsyncSession, *, customer_id: UUID, code: str) -> CodeEntry:
    """Take down a code that a customer typed; what it earns is decided within a minute.

    Raises:
        CodeUnknown: no rule in force names it, or none whose window is open.
        CodeEntered: the customer has typed it before.
    """
    now = clock.now()
    versions = await repository.versions_with(session, code, at=now)
    if not any(is_open(EarningTerms.of(version.terms).window, now) for version in versions):
        raise CodeUnknown
    entry = CodeEntry(customer_id=customer_id, code=code, state=CodeState.ACCEPTED, points=0, entered_at=now)
    if not await repository.insert_entry(session, entry):
        raise CodeEntered
    return entry


async def earn_codes(session: AsyncSession, *, limit: int = MOST_AT_ONCE) -> int:
    """Let at most `limit` codes earn, as events of the moment in which they were typed; returns how many there were.

    Call it again, each time in a transaction of its own, until there are none. A code is one event however often.
    """
    entries = await repository.accepted_entries(session, limit=limit)
    events = [_event(entry) for entry in entries]
    await record_events(session, events)
    results = await earn_events(session, keys=[event.key for event in events], actor_id=NIGHTLY_JOB.id)
    settled = []
    for entry, event in zip(entries, events, strict=True):
        result = results.get(event.key)
        points = 0 if result is None or result.state is not EventState.EARNED else result.points
        settled.append((entry, CodeState.EARNED if points else CodeState.NOTHING, points))
    if settled:
        await repository.settle_entries(session, settled)
    return len(settled)


def _event(entry: CodeEntry) -> LineEvent:
    content = EventContent(event_type=EventType.CODE, occurred_at=entry.entered_at, channel=entry.code)
    return LineEvent(OWN_LINE, f"code:{entry.customer_id.hex}:{entry.code}", entry.customer_id, content)
