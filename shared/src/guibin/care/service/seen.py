"""Records with their words opened, and what every command on a customer's records begins with."""

from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final, Generic
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.audit import service as audit
from guibin.care import repository, rules
from guibin.care.errors import DueDayInvalid
from guibin.care.models import CareTask, Complaint, Need, Promise, Touch
from guibin.care.opportunities.models import Opportunity
from guibin.care.repository import Moment, Record
from guibin.care.words import words_of
from guibin.core import clock
from guibin.core.errors import NotFound
from guibin.core.ids import to_public
from guibin.customers.models import Customer
from guibin.customers.origins import with_origins
from guibin.customers.repository import get_customer
from guibin.organisation.calendars import special_days
from guibin.security.actors import Actor, Scope
from guibin.security.ciphers import KeyRing
from guibin.security.row_scope import all_rows

PREFIXES: Final[Mapping[type[Any], str]] = {
    Touch: "tch",
    CareTask: "ctk",
    Need: "ned",
    Promise: "prm",
    Complaint: "cmp",
    Opportunity: "opp",
}
_WORDS: Final[Mapping[type[Any], str]] = {
    Touch: "note_enc",
    CareTask: "note_enc",
    Need: "text_enc",
    Promise: "text_enc",
    Complaint: "text_enc",
    Opportunity: "note_enc",
}
_SPAN: Final = timedelta(days=60)
"""How far ahead the calendar is read: more than the business days of any complaint with all holidays in between."""


Precondition = Callable[[int], None]
"""Holds a change to the revision that its caller read: called with the one that stands, it refuses another."""


@dataclass(frozen=True, slots=True)
class Seen(Generic[Record]):
    """A record and its words, None without any or once the customer is erased; `customer_id` is the one known now."""

    row: Record
    customer_id: UUID
    text: str | None
    resolution: str | None = None


@asynccontextmanager
async def on_record(
    session: AsyncSession, scope: Scope, model: type[Record], *, customer_id: UUID, row_id: UUID
) -> AsyncIterator[tuple[Customer, Record]]:
    """Lock a record of a customer, or of one who was merged into that one, for a block that changes it.

    Raises:
        NotFound: there is none in scope.
    """
    customer = await get_customer(session, scope, customer_id=customer_id)
    async with with_origins(session, scope, customer_id=customer.id) as wide:
        row = await repository.find(session, wide, model, customer_id=customer.id, row_id=row_id, lock=True)
        yield customer, row


async def list_of(
    session: AsyncSession,
    scope: Scope,
    keys: KeyRing,
    model: type[Record],
    *,
    customer_id: UUID,
    states: Collection[str] | None = None,
    before: Moment | None = None,
    limit: int,
) -> list[Seen[Record]]:
    """Return a customer's records, newest first, with those of whom was merged into the customer.

    Raises:
        NotFound: the customer is out of scope.
    """
    customer = await get_customer(session, scope, customer_id=customer_id)
    async with with_origins(session, scope, customer_id=customer.id) as wide:
        rows = await repository.list_records(
            session, wide, model, customer_id=customer.id, states=states, before=before, limit=limit
        )
        return await opened(session, keys, rows, customer_id=customer.id)


async def opened(
    session: AsyncSession, keys: KeyRing, rows: Sequence[Record], *, customer_id: UUID | None = None
) -> list[Seen[Record]]:
    """Open the words of rows, each with the key of its own customer."""
    if not rows:
        return []
    owners = {row.customer_id for row in rows}
    if owners == {customer_id}:
        words = await words_of(session, keys, owners)
    else:
        async with all_rows(session):  # rows in hand; the key of one who was merged away is nobody's scope any more
            words = await words_of(session, keys, owners)

    def text_of(row: Record, column: str) -> str | None:
        sealed = getattr(row, column)
        return words.open(sealed, str(row.__tablename__), column, customer_id=row.customer_id, row_id=row.id)

    return [
        Seen(
            row,
            customer_id or row.customer_id,
            text_of(row, _WORDS[type(row)]),
            text_of(row, "resolution_enc") if isinstance(row, Complaint) else None,
        )
        for row in rows
    ]


async def seal(session: AsyncSession, keys: KeyRing, row: Record, text: str | None, column: str | None = None) -> None:
    """Put words into a row, under the key of its customer.

    Raises:
        NotFound: the customer is erased, and nothing is written of such a one.
    """
    async with all_rows(session):
        words = await words_of(session, keys, [row.customer_id])
    if not words.knows(row.customer_id):
        raise NotFound
    column = column or _WORDS[type(row)]
    sealed = words.seal(text, str(row.__tablename__), column, customer_id=row.customer_id, row_id=row.id)
    setattr(row, column, sealed)


async def due_days(session: AsyncSession, counts: tuple[int, ...]) -> tuple[date, ...]:
    """Return the days that are so many business days after today."""
    today = clock.today()
    calendar = await special_days(session, today, today + _SPAN)
    return tuple(rules.after_business_days(today, count, calendar) for count in counts)


def require_ahead(due_on: date | None) -> None:
    """Hold a day that something is due to the time ahead.

    Raises:
        DueDayInvalid: it is over, or farther ahead than two years.
    """
    today = clock.today()
    if due_on is not None and not rules.is_ahead(due_on, today):
        raise DueDayInvalid(earliest=today.isoformat(), latest=(today + rules.FARTHEST_DUE).isoformat())


async def told(session: AsyncSession, actor: Actor, row: Any, action: str, **facts: object) -> None:
    """Write into the trail what was done to a record; never its words."""
    await audit.record(
        session,
        actor=actor,
        action=action,
        object_type=str(row.__tablename__),
        object_id=to_public(PREFIXES[type(row)], row.id),
        owner_id=row.customer_id,
        facts=facts,
    )
