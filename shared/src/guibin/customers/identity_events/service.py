"""Identity events: the bank's customer system decides what is one customer, through the same journal as everybody.

Where something stands against it (points set aside, too many records) people decide, and whom they keep apart it does
not join.
"""

from dataclasses import dataclass
from typing import Final
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.audit.service import record
from guibin.core import clock
from guibin.core.ids import new_id, to_public
from guibin.customers.errors import CustomerNumberUnknown, IdentityReferenceTaken, MergeNotPossible
from guibin.customers.fusion_repository import lock_fusion, open_reviews
from guibin.customers.identity_events import repository
from guibin.customers.identity_events.rules import IdentityEvent, IdentityEventKind, IdentityOutcome
from guibin.customers.merge_repository import is_kept_apart
from guibin.customers.merging import merge, objection_to_undoing, reason_for_people, unmerge
from guibin.customers.models import IdentityEventRow, RefKind
from guibin.customers.policy.repository import policy_in_force
from guibin.customers.repository import add_refs, customers_of_refs
from guibin.customers.rules import ReviewReason
from guibin.security.actors import Actor
from guibin.security.row_scope import all_rows

TOLD: Final = "identity_event"
"""Why a customer was merged or parted: the bank's customer system said so."""


@dataclass(frozen=True, slots=True)
class Taken:
    """What an event did, and to whom; `is_repeated` tells that it was taken before and did nothing now."""

    outcome: IdentityOutcome
    customer_id: UUID
    is_repeated: bool = False


async def take_identity_event(session: AsyncSession, *, actor: Actor, event: IdentityEvent) -> Taken:
    """Carry out an event, once for its reference.

    Raises:
        IdentityReferenceTaken: another event came under this reference.
        CustomerNumberUnknown: nobody has one of the numbers.
        MergeNotPossible: people keep apart whom it would join; or it would part two whom no merge joined, or who cannot
            be parted any more. Facts: reason.
    """
    await lock_fusion(session)
    before = await repository.find_event(session, reference=event.reference)
    if before is not None:
        if before.content_hash != event.content_hash:
            raise IdentityReferenceTaken
        return Taken(IdentityOutcome(before.outcome), before.subject_id, is_repeated=True)
    async with all_rows(session):
        customer_id = await _named(session, event.number_ref)
        outcome = await _carry_out(session, actor, event, customer_id)
    session.add(
        IdentityEventRow(
            reference=event.reference,
            kind=event.kind,
            day=event.day,
            content_hash=event.content_hash,
            outcome=outcome,
            subject_id=customer_id,
            sent_by=actor.id,
            taken_at=clock.now(),
        )
    )
    await session.flush()
    if outcome not in {IdentityOutcome.MERGED, IdentityOutcome.PARTED}:  # those leave a row of their own
        await record(
            session,
            actor=actor,
            action=f"identity.{event.kind}",
            object_type="customer",
            object_id=to_public("cus", customer_id),
            owner_id=customer_id,
            facts={"reference": event.reference, "day": event.day.isoformat(), "outcome": outcome.value},
        )
    return Taken(outcome, customer_id)


async def _carry_out(session: AsyncSession, actor: Actor, event: IdentityEvent, customer_id: UUID) -> IdentityOutcome:
    match event.kind:
        case IdentityEventKind.MERGE:
            return await _merge(session, actor, event, customer_id)
        case IdentityEventKind.SPLIT:
            return await _split(session, actor, event, customer_id)
        case IdentityEventKind.RENUMBER:
            outcome = await _give(session, event, customer_id, event.other_ref, RefKind.CUSTOMER_NO)
            await repository.end_ref(session, ref=event.number_ref, customer_id=customer_id, day=event.day)
            return outcome
        case IdentityEventKind.CERTIFICATE_CHANGED:
            outcome = await _give(session, event, customer_id, event.certificate_ref, RefKind.CERTIFICATE)
            if event.ended_ref is not None:
                await repository.end_ref(session, ref=event.ended_ref, customer_id=customer_id, day=event.day)
            return outcome


async def _named(session: AsyncSession, ref: bytes | None) -> UUID:
    found = {} if ref is None else await customers_of_refs(session, [ref])
    if ref is None or ref not in found:
        raise CustomerNumberUnknown
    return found[ref]


async def _merge(session: AsyncSession, actor: Actor, event: IdentityEvent, customer_id: UUID) -> IdentityOutcome:
    other_id = await _named(session, event.other_ref)
    if other_id == customer_id:
        return IdentityOutcome.UNCHANGED
    if await is_kept_apart(session, customer_id, other_id):
        raise MergeNotPossible(reason="kept_apart")
    policy = await policy_in_force(session)
    reason = await reason_for_people(session, policy, losing_id=other_id, surviving_id=customer_id)
    if reason is not None:
        return await _ask(session, customer_id, other_id, reason)
    await merge(
        session,
        actor=actor,
        losing_id=other_id,
        surviving_id=customer_id,
        day=event.day,
        reason=TOLD,
        stale=True,
    )
    return IdentityOutcome.MERGED


async def _split(session: AsyncSession, actor: Actor, event: IdentityEvent, customer_id: UUID) -> IdentityOutcome:
    if event.other_ref is None or await _named(session, event.other_ref) != customer_id:
        return IdentityOutcome.UNCHANGED
    journal = await repository.merge_that_joined(
        session, customer_id=customer_id, one=event.number_ref, other=event.other_ref
    )
    objection = "not_merged" if journal is None else await objection_to_undoing(session, journal)
    if journal is None or objection is not None:
        raise MergeNotPossible(reason=objection)
    await unmerge(session, actor=actor, journal=journal, day=event.day, reason=TOLD)
    return IdentityOutcome.PARTED


async def _give(
    session: AsyncSession, event: IdentityEvent, customer_id: UUID, ref: bytes | None, kind: RefKind
) -> IdentityOutcome:
    """Let a number or certificate name a customer from the event's day on, unless it names another one already."""
    if ref is None:
        return IdentityOutcome.UNCHANGED
    owner = (await customers_of_refs(session, [ref])).get(ref)
    if owner == customer_id:
        return IdentityOutcome.UNCHANGED
    is_number = kind is RefKind.CUSTOMER_NO
    if owner is not None:
        reason = ReviewReason.NUMBER_CHANGED if is_number else ReviewReason.SAME_CERTIFICATE
        return await _ask(session, customer_id, owner, reason)
    await add_refs(session, [(ref, kind, customer_id)], day=event.day)
    return IdentityOutcome.RENUMBERED if is_number else IdentityOutcome.CERTIFICATE_ADDED


async def _ask(session: AsyncSession, one: UUID, other: UUID, reason: ReviewReason) -> IdentityOutcome:
    await open_reviews(session, [(one, new_id(), other, reason, None, clock.now())])
    return IdentityOutcome.REVIEW
