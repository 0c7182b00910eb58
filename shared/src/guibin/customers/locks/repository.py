"""The SQL of fields that people hold."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import date
from uuid import UUID

from sqlalchemy import text
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.core import clock
from guibin.customers.locks.models import FieldLock
from guibin.customers.policy.rules import PolicyField


async def held_fields(session: AsyncSession, ids: Sequence[UUID]) -> dict[UUID, dict[PolicyField, UUID]]:
    """Return which fields of customers are held today, and in whose row each value stands."""
    statement = text(
        "SELECT customer_id, field, held_by FROM customer_field_lock"
        " WHERE customer_id = ANY(CAST(:ids AS uuid[])) AND (until IS NULL OR until > :day)"
    )
    found: dict[UUID, dict[PolicyField, UUID]] = defaultdict(dict)
    for row in await session.execute(statement, {"ids": list(ids), "day": clock.today()}):
        found[row.customer_id][PolicyField(row.field)] = row.held_by
    return found


async def locks_of(session: AsyncSession, *, customer_id: UUID) -> Sequence[FieldLock]:
    """Return the locks of a customer by their fields."""
    query = select(FieldLock).where(FieldLock.customer_id == customer_id).order_by(col(FieldLock.field))
    return (await session.exec(query.execution_options(populate_existing=True))).all()


async def find_lock(session: AsyncSession, *, customer_id: UUID, field: PolicyField) -> FieldLock | None:
    """Return a lock."""
    query = select(FieldLock).where(FieldLock.customer_id == customer_id, FieldLock.field == field)
    return (await session.exec(query.execution_options(populate_existing=True))).one_or_none()


async def copy_locks(session: AsyncSession, *, from_id: UUID, to_id: UUID) -> list[str]:
    """Copy the locks of a customer to another where that one has none; returns the fields."""
    statement = text(
        "INSERT INTO customer_field_lock (customer_id, field, held_by, line, until, reason, locked_by, approved_by,"
        " locked_at) SELECT :to_id, field, held_by, line, until, reason, locked_by, approved_by, locked_at"
        " FROM customer_field_lock WHERE customer_id = :from_id ON CONFLICT DO NOTHING RETURNING field"
    )
    return sorted((await session.execute(statement, {"from_id": from_id, "to_id": to_id})).scalars())


async def drop_copies(session: AsyncSession, *, customer_id: UUID, fields: Sequence[str]) -> None:
    """Remove the locks of some fields whose values stand in another customer's row."""
    statement = text(
        "DELETE FROM customer_field_lock WHERE customer_id = :customer_id AND held_by <> :customer_id"
        " AND field = ANY(CAST(:fields AS text[]))"
    )
    await session.execute(statement, {"customer_id": customer_id, "fields": list(fields)})


async def drop_ended(session: AsyncSession, *, day: date, limit: int) -> list[UUID]:
    """Remove locks that have ended by a day; returns the customers of each."""
    statement = text(
        "DELETE FROM customer_field_lock WHERE (customer_id, field) IN (SELECT customer_id, field"
        " FROM customer_field_lock WHERE until <= :day ORDER BY customer_id, field LIMIT :limit) RETURNING customer_id"
    )
    return list((await session.execute(statement, {"day": day, "limit": limit})).scalars())


async def has_ended(session: AsyncSession, *, day: date) -> bool:
    """Tell whether a lock has ended by a day."""
    statement = text("SELECT EXISTS (SELECT FROM customer_field_lock WHERE until <= :day)")
    return bool((await session.execute(statement, {"day": day})).scalar_one())
