"""Two customers become one, and two again: the losing one keeps its id and its ledger and says into whom it was merged.

What stands in tables above this domain is asked, moved and given back by its participants, which `guibin.wiring`
registers. What each of them moved is kept in the journal, and by it a merge is undone.
"""

from dataclasses import dataclass
from datetime import date
from typing import Any, ClassVar, Final
from uuid import UUID

from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.audit.service import record
from guibin.core import clock
from guibin.core.bulk import columns_of
from guibin.core.ids import new_id, to_public
from guibin.customers import merge_repository
from guibin.customers.models import CustomerMerge
from guibin.security.actors import Actor

EQUAL_REFERENCES: Final = "equal_references"
"""Why a feed merges: the bank's own number, or name and certificate, say that two are one."""

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


async def merge(
    session: AsyncSession, *, actor: Actor, losing_id: UUID, surviving_id: UUID, day: date, reason: str
) -> CustomerMerge:
    """Merge one customer into another: source records, references, open reviews, and what the participants move.

    The caller has asked for objections, and rebuilds the surviving customer's personal fields from its records.
    """
    one = Merge(new_id(), losing_id, surviving_id, actor.id, day)
    pair = {"loser": losing_id, "survivor": surviving_id}
    moved: Moved = {
        "records": await _move_records(session, pair),
        "refs": await merge_repository.move_refs(session, from_id=losing_id, to_id=surviving_id),
    }
    await _move_reviews(session, pair)
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
    return journal


async def _move_records(session: AsyncSession, pair: dict[str, UUID]) -> list[str]:
    others = ", ".join(column for column in columns_of("source_record") if column != "customer_id")
    moved = await session.execute(
        text(
            f"INSERT INTO source_record (customer_id, {others}) "  # noqa: S608 - columns of our own model
            f"SELECT CAST(:survivor AS uuid), {others} FROM source_record WHERE customer_id = :loser RETURNING id"
        ),
        pair,
    )
    ids = [str(row[0]) for row in moved]
    await session.execute(text("DELETE FROM source_record WHERE customer_id = :loser"), pair)
    return ids


async def _move_reviews(session: AsyncSession, pair: dict[str, UUID]) -> None:
    """Close the reviews that the merge has answered, and hand on those about third customers."""
    await session.execute(
        text(
            "UPDATE match_review SET state = 'merged' WHERE state = 'open' AND "
            "((customer_id = :loser AND other_customer_id = :survivor) OR "
            "(customer_id = :survivor AND other_customer_id = :loser))"
        ),
        pair,
    )
    await session.execute(
        text(
            "UPDATE match_review SET other_customer_id = :survivor WHERE state = 'open' AND other_customer_id = :loser"
        ),
        pair,
    )
    await session.execute(
        text(
            "INSERT INTO match_review (customer_id, id, other_customer_id, reason, evidence, state, created_at) "
            "SELECT CAST(:survivor AS uuid), id, other_customer_id, reason, evidence, state, created_at "
            "FROM match_review WHERE customer_id = :loser AND state = 'open'"
        ),
        pair,
    )
    await session.execute(
        text("UPDATE match_review SET state = 'merged' WHERE customer_id = :loser AND state = 'open'"), pair
    )
