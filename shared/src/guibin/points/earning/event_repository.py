"""The SQL of events as earning reads them: those that wait, those that were looked at, and what became of them."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final
from uuid import UUID

from sqlalchemy import text, update
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col, func, select
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.holdings.models import BusinessEvent, CustomerEvent, EventState
from guibin.points.earning.models import EarningAward, EventReturned
from guibin.points.earning.rules import Occurrence
from guibin.points.repository import rows_of

# Three statements, because an event lies with its reference, its content with its customer (docs/adr/0001).
_PENDING: Final = text(
    "SELECT customer_id, line, reference FROM business_event WHERE state = 'pending' ORDER BY customer_id LIMIT :limit"
)
_PENDING_OF: Final = text(
    "SELECT b.customer_id, b.line, b.reference FROM business_event b"
    " JOIN unnest(CAST(:lines AS text[]), CAST(:references AS text[])) AS k(line, reference)"
    " ON b.reference = k.reference AND b.line = k.line WHERE b.state = 'pending'"
)
_CONTENT: Final = text(
    "SELECT e.customer_id, e.line, e.reference, e.event_type, e.occurred_at, e.occurred_on, e.amount_fen,"
    " e.merchant_category, e.channel, e.inflow_class"
    " FROM unnest(CAST(:customers AS uuid[]), CAST(:lines AS text[]), CAST(:references AS text[]))"
    " AS k(customer_id, line, reference)"
    " JOIN customer_event e ON e.customer_id = k.customer_id AND e.reference = k.reference AND e.line = k.line"
)
_MARK: Final = text(
    "UPDATE business_event b SET state = k.state"
    " FROM unnest(CAST(:lines AS text[]), CAST(:references AS text[]), CAST(:states AS text[]),"
    " CAST(:customers AS uuid[])) AS k(line, reference, state, customer_id)"
    " WHERE b.reference = k.reference AND b.line = k.line AND b.state = 'pending'"
    " RETURNING b.customer_id <> k.customer_id AS moved"
)
_DONE_BY: Final = text(
    "SELECT e.customer_id, e.line, e.reference, e.event_type, e.occurred_at, e.occurred_on, e.amount_fen,"
    " e.merchant_category, e.channel, e.inflow_class"
    " FROM unnest(CAST(:customers AS uuid[])) AS k(customer_id)"
    " JOIN customer_event e ON e.customer_id = k.customer_id"
    " WHERE e.event_type = ANY (:types) AND e.occurred_on >= :since"
)
_NOT_COUNTED: Final = text(
    "SELECT b.line, b.reference FROM business_event b"
    " JOIN unnest(CAST(:lines AS text[]), CAST(:references AS text[])) AS k(line, reference)"
    " ON b.reference = k.reference AND b.line = k.line WHERE b.state IN ('pending', 'returned')"
)

_OF_OWNER: Final = text(
    "SELECT e.line, e.reference FROM unnest(CAST(:lines AS text[]), CAST(:references AS text[])) AS k(line, reference)"
    " JOIN customer_event e ON e.customer_id = :owner AND e.reference = k.reference AND e.line = k.line"
)


@dataclass(frozen=True, slots=True)
class RecordedEvent:
    """An event as it stands: whose it is today, what it was worth, and whether it earned."""

    customer_id: UUID
    amount_fen: int | None
    state: EventState


async def find_event(session: AsyncSession, *, line: str, reference: str) -> RecordedEvent | None:
    """Return an event by its line and reference."""
    query = (
        select(BusinessEvent.customer_id, CustomerEvent.amount_fen, BusinessEvent.state)
        .join(
            CustomerEvent,
            (col(CustomerEvent.customer_id) == col(BusinessEvent.customer_id))
            & (col(CustomerEvent.reference) == col(BusinessEvent.reference))
            & (col(CustomerEvent.line) == col(BusinessEvent.line)),
        )
        .where(BusinessEvent.reference == reference, BusinessEvent.line == line)
    )
    row = (await session.exec(query)).first()
    return None if row is None else RecordedEvent(row[0], row[1], EventState(row[2]))


async def note_return(session: AsyncSession, told: EventReturned) -> EventReturned | None:
    """Keep what a line tells of a return; returns what it has told under the same number before, None if nothing."""
    new = insert(EventReturned).values(told.model_dump()).on_conflict_do_nothing()
    if (await session.execute(new.returning(col(EventReturned.reference)))).first() is not None:
        return None
    return await session.get_one(EventReturned, (told.reference, told.line), populate_existing=True)


async def awards_of_event(
    session: AsyncSession, customers: Collection[UUID], *, source_id: str
) -> Sequence[EarningAward]:
    """Return what an event gave to a customer or to whom it was before, in the order of accounts."""
    query = select(EarningAward).where(
        col(EarningAward.customer_id).in_(customers),
        EarningAward.source_id == source_id,
        col(EarningAward.passed_to).is_(None),
    )
    return (await session.exec(query.order_by(col(EarningAward.customer_id), col(EarningAward.wallet)))).all()


async def awards_of_anothers(session: AsyncSession, *, holder: UUID, owner: UUID) -> list[EarningAward]:
    """Return what events that are `owner`'s by now gave to `holder`, in the order of wallets."""
    query = select(EarningAward).where(EarningAward.customer_id == holder, col(EarningAward.passed_to).is_(None))
    awards = (await session.exec(query.order_by(EarningAward.wallet, col(EarningAward.entry_id)))).all()
    keys = [award.source_id.split(":", 1) for award in awards]
    named = {"lines": [line for line, _ in keys], "references": [reference for _, reference in keys]}
    found = await rows_of(session, _OF_OWNER, owner=owner, **named) if keys else []
    theirs = {f"{row['line']}:{row['reference']}" for row in found}
    return [award for award in awards if award.source_id in theirs]


async def add_returned(session: AsyncSession, *, line: str, reference: str, amount_fen: int) -> int:
    """Add to what was returned of an event's amount, lock its row, and return how much that is by now."""
    returned = func.coalesce(col(BusinessEvent.returned_fen), 0) + amount_fen
    statement = (
        update(BusinessEvent)
        .where(col(BusinessEvent.reference) == reference, col(BusinessEvent.line) == line)
        .values(returned_fen=returned)
        .returning(col(BusinessEvent.returned_fen))
        .execution_options(synchronize_session=False)
    )
    return int((await session.execute(statement)).scalar_one())


async def mark_returned(session: AsyncSession, *, line: str, reference: str) -> None:
    """Note that an event was undone as a whole."""
    statement = (
        update(BusinessEvent)
        .where(col(BusinessEvent.reference) == reference, col(BusinessEvent.line) == line)
        .values(state=EventState.RETURNED)
        .execution_options(synchronize_session=False)
    )
    await session.execute(statement)


async def pending_events(
    session: AsyncSession, *, limit: int, keys: Iterable[tuple[str, str]] | None = None
) -> list[Occurrence]:
    """Return at most `limit` events that earning rules have not looked at; with `keys`, only those of them."""
    if keys is None:
        found = await rows_of(session, _PENDING, limit=limit)
    else:
        pairs = list(keys)
        found = await rows_of(
            session, _PENDING_OF, lines=[line for line, _ in pairs], references=[reference for _, reference in pairs]
        )
    content = await rows_of(
        session,
        _CONTENT,
        customers=[row["customer_id"] for row in found],
        lines=[row["line"] for row in found],
        references=[row["reference"] for row in found],
    )
    return [Occurrence(**row) for row in content]


async def events_looked_at(
    session: AsyncSession, customers: Collection[UUID], *, types: Collection[str], since: date
) -> list[Occurrence]:
    """Return what customers did of some kinds from a day on, looked at by the rules and not returned."""
    values = {"customers": list(customers), "types": list(types), "since": since}
    found = {(row["line"], row["reference"]): row for row in await rows_of(session, _DONE_BY, **values)}
    lines, references = [line for line, _ in found], [reference for _, reference in found]
    rows = await rows_of(session, _NOT_COUNTED, lines=lines, references=references) if found else []
    out = {(row["line"], row["reference"]) for row in rows}
    return [Occurrence(**row) for key, row in found.items() if key not in out]


async def mark_events(
    session: AsyncSession, events: Iterable[Occurrence], states: Mapping[tuple[str, str], str]
) -> bool:
    """Note for each event (line, reference) whether it earned; tells whether all are their customers' still."""
    named = list(events)
    bound = {
        "lines": [event.line for event in named],
        "references": [event.reference for event in named],
        "states": [states[event.key] for event in named],
        "customers": [event.customer_id for event in named],
    }
    return not any(row["moved"] for row in await rows_of(session, _MARK, **bound))
