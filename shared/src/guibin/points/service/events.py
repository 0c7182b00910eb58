"""Events that business lines send, one by one or by file: each is recorded once, and earns at once."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.core import clock
from guibin.core.errors import Refusal, RetryLater
from guibin.core.lines import Line
from guibin.customers import repository as customers
from guibin.customers.names import name_of, survivors
from guibin.holdings.models import EventState
from guibin.holdings.rows import EventContent, EventOutcome, LineEvent
from guibin.holdings.service import record_events
from guibin.points import repository, rules
from guibin.points.earning.rules import EarningOutcome, Occurrence, RuleBook, is_amount_in_range
from guibin.points.earning.service.engine import load_book
from guibin.points.errors import AmountOutOfRange, CustomerUnknown, EventDateOutOfRange, ReferenceConflict
from guibin.points.service.earning import earn_events
from guibin.security.actors import Scope


class EventStatus(StrEnum):
    """What became of an event: it earned, no rule gives points, it was known already, or it was refused."""

    EARNED = "earned"
    NOTHING = "nothing"
    REPLAYED = "replayed"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class IncomingEvent:
    """An event and how its customer is named: by our id, or by the keyed hash of the customer number."""

    line: Line
    reference: str
    content: EventContent
    customer_id: UUID | None = None
    customer_ref: bytes | None = None

    @property
    def key(self) -> tuple[str, str]:
        """Line and reference: the event, whoever the customer is."""
        return self.line.value, self.reference


@dataclass(frozen=True, slots=True)
class TakenEvent:
    """The result of one event; `refusal` says why it was refused, `missed` why rules that it triggers gave nothing."""

    status: EventStatus
    points: int = 0
    entry_ids: list[UUID] = field(default_factory=list)
    missed: Mapping[str, EarningOutcome] = field(default_factory=dict)
    refusal: Refusal | None = None


@dataclass(frozen=True, slots=True)
class _Who:
    """Whose an event is today, and by which name it came where that may be asked again."""

    id: UUID
    named_by: bytes | None


async def take_events(session: AsyncSession, *, actor_id: UUID, events: Sequence[IncomingEvent]) -> list[TakenEvent]:
    """Record events and let them earn; returns a result for each, in order. A bad event leaves the others alone.

    The same line and reference with the same content again is `replayed` and changes nothing.

    Raises:
        RetryLater: one of the customers became one with another, or two again, at the same moment.
    """
    book = await load_book(session)
    people = await _customers_of(session, events)
    outcomes = await _record(session, [_examine(event, who, book) for event, who in zip(events, people, strict=True)])
    if EventOutcome.NEW in outcomes and await _customers_of(session, events) != people:
        raise RetryLater  # a merge, or its undoing, came between; what was written waited for it, and now holds it off
    recorded = [event.key for event, outcome in zip(events, outcomes, strict=True) if not isinstance(outcome, Refusal)]
    earned = await earn_events(session, keys=recorded, actor_id=actor_id)
    taken = []
    for event, outcome in zip(events, outcomes, strict=True):
        # Of two rows with one reference in a batch the first has earned, the second finds nothing pending.
        result = None if isinstance(outcome, Refusal) else earned.pop(event.key, None)
        if isinstance(outcome, Refusal):
            taken.append(TakenEvent(EventStatus.REFUSED, refusal=outcome))
        elif result is None:
            taken.append(TakenEvent(EventStatus.REPLAYED))
        else:
            status = EventStatus.EARNED if result.state is EventState.EARNED else EventStatus.NOTHING
            taken.append(TakenEvent(status, result.points, result.entry_ids, result.missed))
    return taken


async def _record(session: AsyncSession, examined: Sequence[LineEvent | Refusal]) -> list[EventOutcome | Refusal]:
    recorded = iter(await record_events(session, [one for one in examined if isinstance(one, LineEvent)]))
    outcomes = [one if isinstance(one, Refusal) else next(recorded) for one in examined]
    return [ReferenceConflict() if one is EventOutcome.CONFLICT else one for one in outcomes]


def _examine(event: IncomingEvent, who: _Who | None, book: RuleBook) -> LineEvent | Refusal:
    content, now = event.content, clock.now()
    if not rules.is_event_date_accepted(content.occurred_at, now):
        return EventDateOutOfRange(
            earliest=(now - rules.OLDEST_EVENT).isoformat(timespec="seconds"),
            latest=(now + rules.NEWEST_EVENT).isoformat(timespec="seconds"),
        )
    if who is None:
        return CustomerUnknown()
    if not is_amount_in_range(book, _occurrence(event, who.id)):
        return AmountOutOfRange()
    return LineEvent(event.line, event.reference, who.id, content, who.named_by)


def _occurrence(event: IncomingEvent, customer_id: UUID) -> Occurrence:
    content = event.content
    return Occurrence(
        customer_id=customer_id,
        line=event.line,
        reference=event.reference,
        event_type=content.event_type,
        occurred_at=content.occurred_at,
        occurred_on=clock.business_day(content.occurred_at),
        amount_fen=content.amount_fen,
    )


async def _customers_of(session: AsyncSession, events: Sequence[IncomingEvent]) -> list[_Who | None]:
    """Return the customer of each event as it is today, after any merge; None for one whom nobody knows."""
    refs = list({event.customer_ref for event in events if event.customer_ref is not None})
    by_ref = await customers.customers_of_refs(session, refs)
    joined = await survivors(session, set(by_ref.values()))
    named = [
        by_ref.get(event.customer_ref) if event.customer_ref is not None else event.customer_id for event in events
    ]
    known = await repository.known_customers(session, [one for one in named if one is not None])
    current = {
        one: one if merged is None else (await customers.get_customer(session, Scope.of_job(), customer_id=one)).id
        for one, merged in known.items()
    }
    return [
        None if one is None or one not in current else _Who(current[one], _name_of(event, one, current[one], joined))
        for event, one in zip(events, named, strict=True)
    ]


def _name_of(event: IncomingEvent, named: UUID, current: UUID, joined: Collection[UUID]) -> bytes | None:
    """Return by which name an event came for somebody into whom others were merged; None for everybody else."""
    if event.customer_ref is not None:
        return event.customer_ref if named in joined else None
    return name_of(named) if named != current else None
