"""The SQL of merges: pairs that people keep apart, references that follow, who was merged into whom."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import text, tuple_
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.core.bulk import columns_of
from guibin.customers.models import CustomerMerge, MatchReview, ReviewState

_CLOSE: Final = (
    (
        "UPDATE match_review SET state = 'merged' WHERE state = 'open' AND"
        " ((customer_id = :loser AND other_customer_id = :survivor)"
        " OR (customer_id = :survivor AND other_customer_id = :loser))"
    ),
    "UPDATE match_review SET other_customer_id = :survivor WHERE state = 'open' AND other_customer_id = :loser",
    (
        # What was weighed is shown until the worker has weighed the surviving customer's records.
        "INSERT INTO match_review (customer_id, id, other_customer_id, reason, evidence, state, created_at, score,"
        " probability, deferred_until) SELECT CAST(:survivor AS uuid), id, other_customer_id, reason, evidence, state,"
        " created_at, score, probability, deferred_until FROM match_review"
        " WHERE customer_id = :loser AND state = 'open'"
    ),
    "UPDATE match_review SET state = 'merged' WHERE customer_id = :loser AND state = 'open'",
)


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


async def move_records(session: AsyncSession, *, from_id: UUID, to_id: UUID, ids: Sequence[str] | None) -> list[str]:
    """Move what the lines say, or the records of `ids`, from one customer to another; returns their ids."""
    others = ", ".join(column for column in columns_of("source_record") if column != "customer_id")
    bound: dict[str, object] = {"giver": from_id, "to": to_id, "all": ids is None, "ids": ids or []}
    which = "customer_id = :giver AND (:all OR id = ANY(CAST(:ids AS uuid[])))"
    moved = await session.execute(
        text(
            f"INSERT INTO source_record (customer_id, {others}) SELECT CAST(:to AS uuid), {others}"  # noqa: S608 - own names
            f" FROM source_record WHERE {which} RETURNING id"
        ),
        bound,
    )
    found = sorted(str(row[0]) for row in moved)
    bound.pop("to")
    await session.execute(text(f"DELETE FROM source_record WHERE {which}"), bound)  # noqa: S608 - a constant
    return found


async def close_reviews(session: AsyncSession, *, losing_id: UUID, surviving_id: UUID) -> None:
    """Close the reviews that a merge has answered, and hand on those about third customers."""
    pair = {"loser": losing_id, "survivor": surviving_id}
    for statement in _CLOSE:
        used = {name: value for name, value in pair.items() if f":{name}" in statement}
        await session.execute(text(statement), used)


async def point_back(session: AsyncSession, *, customer_ids: Sequence[str], to_id: UUID | None) -> None:
    """Say of customers into whom they are merged now; None: into nobody."""
    await session.execute(
        text("UPDATE customer SET merged_into = :to WHERE id = ANY(CAST(:ids AS uuid[]))"),
        {"to": to_id, "ids": list(customer_ids)},
    )


async def move_refs_back(session: AsyncSession, *, from_id: UUID, to_id: UUID, refs: Sequence[str]) -> None:
    """Let references of a list, in hexadecimal, name another customer where they still name the one."""
    await session.execute(
        text(
            "UPDATE customer_ref SET customer_id = :to WHERE customer_id = :giver"
            " AND encode(ref, 'hex') = ANY(CAST(:refs AS text[]))"
        ),
        {"giver": from_id, "to": to_id, "refs": list(refs)},
    )


async def records_named(session: AsyncSession, *, customer_id: UUID, refs: Sequence[str]) -> list[str]:
    """Return the ids of a customer's records whose number, or certificate without one, is of a list in hexadecimal."""
    found = await session.execute(
        text(
            "SELECT id FROM source_record WHERE customer_id = :customer"
            " AND encode(coalesce(customer_no_ref, certificate_ref), 'hex') = ANY(CAST(:refs AS text[]))"
        ),
        {"customer": customer_id, "refs": list(refs)},
    )
    return sorted(str(row[0]) for row in found)


async def move_refs_of(session: AsyncSession, *, from_id: UUID, to_id: UUID, records: Sequence[str]) -> None:
    """Let what the records of `to_id` say of themselves name it, as far as no record of the one says the same."""
    said = "(r.record_ref, r.customer_no_ref, r.certificate_ref)"
    await session.execute(
        text(
            "UPDATE customer_ref c SET customer_id = :to FROM source_record r"  # noqa: S608 - a constant
            " WHERE r.customer_id = :to AND r.id = ANY(CAST(:records AS uuid[])) AND c.customer_id = :giver"
            f" AND c.ref IN {said} AND NOT EXISTS ("
            f"SELECT FROM source_record r WHERE r.customer_id = :giver AND c.ref IN {said})"
        ),
        {"giver": from_id, "to": to_id, "records": list(records)},
    )


async def find_merge(session: AsyncSession, *, customer_id: UUID, merge_id: UUID) -> CustomerMerge | None:
    """Return a merge into a customer."""
    query = select(CustomerMerge).where(CustomerMerge.customer_id == customer_id, CustomerMerge.id == merge_id)
    return (await session.exec(query.execution_options(populate_existing=True))).one_or_none()


async def list_merges(
    session: AsyncSession, *, customer_id: UUID, before: tuple[datetime, UUID] | None, limit: int
) -> Sequence[CustomerMerge]:
    """Return the merges into a customer, the newest first, undone ones too."""
    row = CustomerMerge
    query = select(row).where(row.customer_id == customer_id)
    if before is not None:
        query = query.where(tuple_(col(row.merged_at), col(row.id)) < before)
    return (await session.exec(query.order_by(col(row.merged_at).desc(), col(row.id).desc()).limit(limit))).all()


async def stale_merges(session: AsyncSession, *, limit: int) -> Sequence[CustomerMerge]:
    """Return merges after which personal fields are still to be composed."""
    query = select(CustomerMerge).where(col(CustomerMerge.stale)).order_by(col(CustomerMerge.id)).limit(limit)
    return (await session.exec(query)).all()
