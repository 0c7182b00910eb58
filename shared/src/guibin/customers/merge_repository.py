"""The SQL of merges: pairs that people keep apart, references that follow, who was merged into whom."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import text
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.customers.models import Customer, MatchReview, ReviewState


async def is_kept_apart(session: AsyncSession, one_id: UUID, other_id: UUID) -> bool:
    """Tell whether people have decided that two customers are two."""
    query = select(MatchReview.id).where(
        col(MatchReview.customer_id).in_((one_id, other_id)),
        col(MatchReview.other_customer_id).in_((one_id, other_id)),
        MatchReview.state == ReviewState.APART,
    )
    return (await session.exec(query)).first() is not None


async def move_refs(session: AsyncSession, *, from_id: UUID, to_id: UUID) -> list[str]:
    """Let all references of one customer name another; returns them in hexadecimal."""
    moved = await session.execute(
        text("UPDATE customer_ref SET customer_id = :to WHERE customer_id = :giver RETURNING encode(ref, 'hex')"),
        {"giver": from_id, "to": to_id},
    )
    return sorted(row[0] for row in moved)


async def point_on(session: AsyncSession, *, losing_id: UUID, surviving_id: UUID) -> list[str]:
    """Say of a customer, and of those merged into it before, into whom they are merged; returns the latter."""
    pair = {"loser": losing_id, "survivor": surviving_id}
    await session.execute(text("UPDATE customer SET merged_into = :survivor WHERE id = :loser"), pair)
    before = await session.execute(
        text("UPDATE customer SET merged_into = :survivor WHERE merged_into = :loser RETURNING id"), pair
    )
    return sorted(str(row[0]) for row in before)


async def origins_of(session: AsyncSession, customer_id: UUID) -> Sequence[UUID]:
    """Return the customers who were merged into one."""
    return (await session.exec(select(Customer.id).where(Customer.merged_into == customer_id))).all()
