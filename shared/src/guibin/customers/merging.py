"""Two customers become one, and two again: the losing one keeps its id and its ledger and says into whom it was merged.

What stands in tables above this domain is asked, moved and given back by its participants, which `guibin.wiring`
registers. What each of them moved is kept in the journal, and by it a merge is undone.
"""

from dataclasses import dataclass
from datetime import date
from typing import Any, ClassVar, Final
from uuid import UUID

from sqlalchemy import text
from sqlmodel import select
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.audit.service import record
from guibin.core import clock
from guibin.core.ids import new_id, to_public
from guibin.customers import fusion_repository, merge_repository
from guibin.customers.models import Customer, CustomerMerge, MatchReview, ReviewState
from guibin.customers.policy.repository import count_records
from guibin.customers.policy.rules import IdentityPolicy
from guibin.customers.rules import ReviewReason
from guibin.outbox.events import CustomerMerged, CustomerParted
from guibin.outbox.service import publish
from guibin.security.actors import Actor

EQUAL_REFERENCES: Final = "equal_references"
"""Why a feed merges: the bank's own number, or name and certificate, say that two are one."""

UNDONE: Final = "merge_undone"
"""Why a pair whose merge was undone is kept apart."""

Moved = dict[str, Any]
"""What a participant moved, as it will need it to give it back; plain JSON."""


@dataclass(frozen=True, slots=True)
class Merge:
    """Two customers who become one, or who were one and are two again; `day` is the day of business."""

    id: UUID
    losing_id: UUID
    surviving_id: UUID
    actor_id: UUID
    day: date


class MergeParticipant:
    """A domain's part in merges. What a domain has nothing to do with it leaves as it is here."""

    name: ClassVar[str]
    """Under which the journal keeps what it moved."""

    async def lock(self, session: AsyncSession, *, losing_id: UUID, surviving_id: UUID) -> None:
        """Lock what has to stand still, before the losing customer's own row is locked."""

    async def objection(self, session: AsyncSession, *, losing_id: UUID, surviving_id: UUID) -> str | None:
        """Return why the merge cannot be, as a code, or None when nothing stands against it."""

    async def move(self, session: AsyncSession, merge: Merge) -> Moved:
        """Take along what the losing customer has; a row whose key names the customer is copied and deleted."""
        return {}

    async def give_back(self, session: AsyncSession, merge: Merge, moved: Moved) -> None:
        """Give back what was moved, as far as it is still there."""


PARTICIPANTS: list[MergeParticipant] = []


def register_participant(participant: MergeParticipant) -> None:
    """Put a participant at the end of the list; the same again changes nothing."""
    if participant not in PARTICIPANTS:
        PARTICIPANTS.append(participant)


async def first_objection(session: AsyncSession, *, losing_id: UUID, surviving_id: UUID) -> str | None:
    """Ask all participants; return the first objection.

    What is being written of the losing customer is waited for and seen, and what comes later waits and finds it merged:
    accounts are locked first, as whoever writes a customer's rows does, then the customer.
    """
    if await merge_repository.is_kept_apart(session, losing_id, surviving_id):
        return "kept_apart"
    for participant in PARTICIPANTS:
        await participant.lock(session, losing_id=losing_id, surviving_id=surviving_id)
    await session.execute(text("SELECT id FROM customer WHERE id = :loser FOR UPDATE"), {"loser": losing_id})
    for participant in PARTICIPANTS:
        reason = await participant.objection(session, losing_id=losing_id, surviving_id=surviving_id)
        if reason is not None:
            return reason
    return None


async def reason_for_people(
    session: AsyncSession, policy: IdentityPolicy, *, losing_id: UUID, surviving_id: UUID
) -> ReviewReason | None:
    """Return why people have to decide about two whom a feed would make one; None: they become one.

    A merge of more records than the bank's policy allows joins too much to go by itself.
    """
    if await count_records(session, (losing_id, surviving_id)) > policy.most_records_in_merge:
        return ReviewReason.TOO_MANY_RECORDS
    objection = await first_objection(session, losing_id=losing_id, surviving_id=surviving_id)
    return None if objection is None else ReviewReason.CONNECTS


async def merge(
    session: AsyncSession,
    *,
    actor: Actor,
    losing_id: UUID,
    surviving_id: UUID,
    day: date,
    reason: str,
    stale: bool = False,
) -> CustomerMerge:
    """Merge one customer into another: source records, references, open reviews, and what the participants move.

    The caller has asked for objections, and composes the surviving customer's personal fields anew from its records,
    or says by `stale` that the worker has to.
    """
    one = Merge(new_id(), losing_id, surviving_id, actor.id, day)
    moved: Moved = {
        "records": await merge_repository.move_records(session, from_id=losing_id, to_id=surviving_id, ids=None),
        "refs": await merge_repository.move_refs(session, from_id=losing_id, to_id=surviving_id),
    }
    await merge_repository.close_reviews(session, losing_id=losing_id, surviving_id=surviving_id)
    for participant in PARTICIPANTS:
        moved[participant.name] = await participant.move(session, one)
    moved["merged_before"] = await merge_repository.point_on(session, losing_id=losing_id, surviving_id=surviving_id)
    journal = CustomerMerge(
        customer_id=surviving_id,
        id=one.id,
        losing_id=losing_id,
        reason=reason,
        moved=moved,
        merged_at=clock.now(),
        merged_by=actor.id,
        stale=stale,
    )
    session.add(journal)
    await session.flush()
    await record(
        session,
        actor=actor,
        action="customer.merge",
        object_type="customer",
        object_id=to_public("cus", losing_id),
        owner_id=surviving_id,
        reason=reason,
        facts={"merged_into": to_public("cus", surviving_id), "day": day.isoformat()},
    )
    await publish(session, CustomerMerged(merged_into=surviving_id), subject_id=losing_id, customer_id=losing_id)
    return journal


async def unmerge(session: AsyncSession, *, actor: Actor, journal: CustomerMerge, day: date, reason: str) -> None:
    """Make two customers of one again, by the journal of their merge: each domain gives back what it moved.

    A record that came since and bears a number or certificate of the losing customer goes to it as well. The pair is
    kept apart from now on: no feed joins it again. The caller has asked `objection_to_undoing`.
    """
    surviving_id, losing_id, moved = journal.customer_id, journal.losing_id, journal.moved
    one = Merge(journal.id, losing_id, surviving_id, actor.id, day)
    await merge_repository.point_back(session, customer_ids=[str(losing_id)], to_id=None)
    await merge_repository.point_back(session, customer_ids=moved["merged_before"], to_id=losing_id)
    named = await merge_repository.records_named(session, customer_id=surviving_id, refs=moved["refs"])
    since = [one for one in named if one not in moved["records"]]
    await merge_repository.move_records(session, from_id=surviving_id, to_id=losing_id, ids=[*moved["records"], *since])
    await merge_repository.move_refs_back(session, from_id=surviving_id, to_id=losing_id, refs=moved["refs"])
    await merge_repository.move_refs_of(session, from_id=surviving_id, to_id=losing_id, records=since)
    for participant in PARTICIPANTS:
        await participant.give_back(session, one, moved.get(participant.name, {}))
    journal.stale = True
    journal.undone_at, journal.undone_by, journal.undone_reason = clock.now(), actor.id, reason
    session.add(journal)
    session.add(
        MatchReview(
            customer_id=surviving_id,
            id=new_id(),
            other_customer_id=losing_id,
            reason=UNDONE,
            state=ReviewState.APART,
            created_at=clock.now(),
            decided_at=clock.now(),
            decided_by=actor.id,
            decided_reason=reason,
        )
    )
    await session.flush()
    await fusion_repository.refresh_customers(session, [losing_id, surviving_id])
    await record(
        session,
        actor=actor,
        action="customer.unmerge",
        object_type="customer",
        object_id=to_public("cus", losing_id),
        owner_id=surviving_id,
        reason=reason,
        facts={"was_merged_into": to_public("cus", surviving_id), "merge_id": to_public("mrg", journal.id)},
    )
    await publish(session, CustomerParted(was_merged_into=surviving_id), subject_id=losing_id, customer_id=losing_id)


async def objection_to_undoing(session: AsyncSession, journal: CustomerMerge) -> str | None:
    """Return why a merge cannot be undone as both customers stand; they are locked, as for a merge."""
    for participant in PARTICIPANTS:
        await participant.lock(session, losing_id=journal.losing_id, surviving_id=journal.customer_id)
    both = {}
    for customer_id in sorted((journal.customer_id, journal.losing_id)):
        query = select(Customer).where(Customer.id == customer_id).with_for_update()
        both[customer_id] = (await session.exec(query.execution_options(populate_existing=True))).one()
    if any(one.erased_at is not None for one in both.values()):
        return "erased"
    is_as_merged = (
        both[journal.losing_id].merged_into == journal.customer_id and both[journal.customer_id].merged_into is None
    )
    return None if is_as_merged else "merged_further"
