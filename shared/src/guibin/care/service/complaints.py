"""Complaints: received, answered, resolved, and closed when the customer has had a word on it."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.care import repository, rules
from guibin.care.errors import CareRecordOver
from guibin.care.models import Complaint, ComplaintState
from guibin.care.repository import DuePlace
from guibin.care.service.seen import Precondition, Seen, due_days, on_record, opened, seal, told
from guibin.care.service.wishes import Grievance
from guibin.core import clock
from guibin.core.ids import new_id, to_public
from guibin.customers.repository import get_customer
from guibin.outbox.events import ComplaintClosed, ComplaintOpened
from guibin.outbox.service import publish
from guibin.privacy.repository import restrictions
from guibin.security.actors import Actor, Scope
from guibin.security.ciphers import KeyRing

IN_PROGRESS: Final = "complaint"
"""The restriction that stands from a complaint to its end: nothing is offered meanwhile."""


@dataclass(frozen=True, slots=True)
class Ending:
    """How a complaint is resolved, and the public id of what made up for it: a redemption, an entry of points."""

    resolution: str
    compensation: str | None = None


async def open_complaint(
    session: AsyncSession, scope: Scope, keys: KeyRing, *, actor: Actor, customer_id: UUID, grievance: Grievance
) -> Seen[Complaint]:
    """Receive a complaint; its severity says by when it is answered and resolved.

    Raises:
        NotFound: the customer is out of scope or erased.
    """
    customer = await get_customer(session, scope, customer_id=customer_id)
    manager_id = await repository.serving_manager(session, customer_id=customer.id)
    row = await add_complaint(
        session, keys, actor=actor, customer_id=customer.id, manager_id=manager_id, grievance=grievance
    )
    await told(session, actor, row, "complaint.open", category=row.category, severity=row.severity)
    return Seen(row, customer.id, grievance.text)


async def add_complaint(
    session: AsyncSession,
    keys: KeyRing,
    *,
    actor: Actor,
    customer_id: UUID,
    manager_id: UUID | None,
    grievance: Grievance,
    touch_id: UUID | None = None,
) -> Complaint:
    """Add a complaint of a customer whom the caller has looked up, and tell of it."""
    answer_due_on, resolve_due_on = await due_days(session, rules.DAYS_OF_COMPLAINTS[grievance.severity])
    row = Complaint(
        customer_id=customer_id,
        id=new_id(),
        manager_id=manager_id,
        category=grievance.category,
        severity=grievance.severity,
        channel=grievance.channel,
        answer_due_on=answer_due_on,
        resolve_due_on=resolve_due_on,
        redemption_id=grievance.redemption_id,
        touch_id=touch_id,
        created_by=actor.id,
        created_at=clock.now(),
    )
    await seal(session, keys, row, grievance.text)
    await repository.insert(session, row)
    await restrictions.begin_about(
        session, customer_id=customer_id, kind=IN_PROGRESS, reference=to_public("cmp", row.id), by=actor.id
    )
    opened_event = ComplaintOpened(category=row.category, severity=row.severity, resolve_due_on=resolve_due_on)
    await publish(session, opened_event, subject_id=row.id, customer_id=customer_id)
    return row


async def answer_complaint(
    session: AsyncSession,
    scope: Scope,
    keys: KeyRing,
    *,
    actor: Actor,
    customer_id: UUID,
    row_id: UUID,
    precondition: Precondition,
) -> Seen[Complaint]:
    """Note that somebody answered the customer; a resolution with which the customer was not content is open again.

    Raises:
        NotFound, CareRecordOver, VersionConflict: there is none, it stands elsewhere, or was changed meanwhile.
    """
    async with on_record(session, scope, Complaint, customer_id=customer_id, row_id=row_id) as (customer, row):
        _require_step(row, ComplaintState.ANSWERED, precondition)
        answered_at = row.answered_at or clock.now()
        return await _stepped(
            session,
            keys,
            actor,
            customer.id,
            row,
            state=ComplaintState.ANSWERED,
            answered_at=answered_at,
            resolved_at=None,
        )


async def resolve_complaint(
    session: AsyncSession,
    scope: Scope,
    keys: KeyRing,
    *,
    actor: Actor,
    customer_id: UUID,
    row_id: UUID,
    precondition: Precondition,
    ending: Ending,
) -> Seen[Complaint]:
    """Write down how a complaint is resolved, and what made up for it.

    Raises:
        NotFound, CareRecordOver, VersionConflict: there is none, it stands elsewhere, or was changed meanwhile.
    """
    async with on_record(session, scope, Complaint, customer_id=customer_id, row_id=row_id) as (customer, row):
        _require_step(row, ComplaintState.RESOLVED, precondition)
        await seal(session, keys, row, ending.resolution, "resolution_enc")
        now = clock.now()
        return await _stepped(
            session,
            keys,
            actor,
            customer.id,
            row,
            state=ComplaintState.RESOLVED,
            answered_at=row.answered_at or now,
            resolved_at=now,
            compensation=ending.compensation,
        )


async def close_complaint(
    session: AsyncSession,
    scope: Scope,
    keys: KeyRing,
    *,
    actor: Actor,
    customer_id: UUID,
    row_id: UUID,
    precondition: Precondition,
    satisfied: bool,
) -> Seen[Complaint]:
    """Close a complaint that is resolved, with the customer's word on it, and tell of it.

    Raises:
        NotFound, CareRecordOver, VersionConflict: there is none, it stands elsewhere, or was changed meanwhile.
    """
    async with on_record(session, scope, Complaint, customer_id=customer_id, row_id=row_id) as (customer, row):
        _require_step(row, ComplaintState.CLOSED, precondition)
        closed = await _stepped(
            session,
            keys,
            actor,
            customer.id,
            row,
            state=ComplaintState.CLOSED,
            closed_at=clock.now(),
            satisfied=satisfied,
        )
        for one in {customer.id, row.customer_id}:  # a merge takes restrictions along
            await restrictions.end_about(
                session, customer_id=one, kind=IN_PROGRESS, reference=to_public("cmp", row.id), by=actor.id
            )
        event = ComplaintClosed(category=row.category, severity=row.severity, satisfied=satisfied)
        await publish(session, event, subject_id=row.id, customer_id=customer.id)
        return closed


async def complaints_in(
    session: AsyncSession,
    scope: Scope,
    keys: KeyRing,
    *,
    states: Collection[str],
    after: DuePlace | None,
    limit: int,
) -> list[Seen[Complaint]]:
    """Return the complaints of everybody in scope, what is due first before the others."""
    rows = await repository.list_complaints(session, scope, states=states, after=after, limit=limit)
    return await opened(session, keys, rows)


def _require_step(row: Complaint, wanted: ComplaintState, precondition: Precondition) -> None:
    precondition(row.revision)
    if not rules.may_step(ComplaintState(row.state), wanted):
        raise CareRecordOver(state=row.state)


async def _stepped(
    session: AsyncSession, keys: KeyRing, actor: Actor, customer_id: UUID, row: Complaint, **values: Any
) -> Seen[Complaint]:
    await repository.change(session, row, **values)
    await told(session, actor, row, f"complaint.{row.state}")
    return (await opened(session, keys, [row], customer_id=customer_id))[0]
