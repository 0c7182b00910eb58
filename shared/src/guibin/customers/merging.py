"""Two customers become one: the losing one keeps its id and its ledger and says into whom it was merged.

What stands in tables above this domain is asked and moved through two open lists, which `guibin.wiring` fills.
"""

from datetime import date
from typing import Protocol
from uuid import UUID

from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.audit.service import record
from guibin.core.bulk import columns_of
from guibin.core.ids import to_public
from guibin.security.actors import Actor


class MergeGuard(Protocol):
    """Knows whether something of a customer must not be merged away without a person, ledger rows for example."""

    async def objection(self, session: AsyncSession, *, losing_id: UUID, surviving_id: UUID) -> str | None:
        """Return the reason as a code, or None when nothing stands against the merge."""


class MergeMover(Protocol):
    """Takes the rows of a domain along: copied to the surviving customer, then deleted (the key never changes)."""

    async def move(self, session: AsyncSession, *, losing_id: UUID, surviving_id: UUID) -> None:
        """Move everything that is not a ledger."""


MERGE_GUARDS: list[MergeGuard] = []
MERGE_MOVERS: list[MergeMover] = []


def register_guard(guard: MergeGuard) -> None:
    """Put a guard into the list; the same again changes nothing."""
    if guard not in MERGE_GUARDS:
        MERGE_GUARDS.append(guard)


def register_mover(mover: MergeMover) -> None:
    """Put a mover into the list; the same again changes nothing."""
    if mover not in MERGE_MOVERS:
        MERGE_MOVERS.append(mover)


async def first_objection(session: AsyncSession, *, losing_id: UUID, surviving_id: UUID) -> str | None:
    """Ask all guards; return the first objection.

    The losing customer is locked first: what is being written under its id is waited for and seen by the guards, and
    what comes later waits and finds it merged.
    """
    await session.execute(text("SELECT id FROM customer WHERE id = :loser FOR UPDATE"), {"loser": losing_id})
    for guard in MERGE_GUARDS:
        reason = await guard.objection(session, losing_id=losing_id, surviving_id=surviving_id)
        if reason is not None:
            return reason
    return None


async def merge(session: AsyncSession, *, actor: Actor, losing_id: UUID, surviving_id: UUID, day: date) -> None:
    """Merge one customer into another: source records, references, open reviews, and what the movers move.

    The caller has asked the guards, and rebuilds the surviving customer's personal fields from its records.
    """
    pair = {"loser": losing_id, "survivor": surviving_id}
    await _move_records(session, pair)
    await session.execute(text("UPDATE customer_ref SET customer_id = :survivor WHERE customer_id = :loser"), pair)
    await _move_reviews(session, pair)
    for mover in MERGE_MOVERS:
        await mover.move(session, losing_id=losing_id, surviving_id=surviving_id)
    await session.execute(text("UPDATE customer SET merged_into = :survivor WHERE id = :loser"), pair)
    await session.execute(text("UPDATE customer SET merged_into = :survivor WHERE merged_into = :loser"), pair)
    await record(
        session,
        actor=actor,
        action="customer.merge",
        object_type="customer",
        object_id=to_public("cus", losing_id),
        owner_id=surviving_id,
        reason="equal_references",
        facts={"merged_into": to_public("cus", surviving_id), "day": day.isoformat()},
    )


async def _move_records(session: AsyncSession, pair: dict[str, UUID]) -> None:
    others = ", ".join(column for column in columns_of("source_record") if column != "customer_id")
    await session.execute(
        text(
            f"INSERT INTO source_record (customer_id, {others}) "  # noqa: S608 - columns of our own model
            f"SELECT CAST(:survivor AS uuid), {others} FROM source_record WHERE customer_id = :loser"
        ),
        pair,
    )
    await session.execute(text("DELETE FROM source_record WHERE customer_id = :loser"), pair)


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
