"""SQL of the queue of those who wait for a manager."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy import bindparam, case, func, select, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlmodel import col
from sqlmodel import select as select_rows
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.customers.repository import visible
from guibin.managers.models import Unassigned, UnassignedReason
from guibin.managers.rules import Waiting
from guibin.security.actors import Scope


async def open_unassigned(session: AsyncSession) -> Mapping[UUID, Unassigned]:
    """Return everybody who waits for a manager."""
    query = select_rows(Unassigned).where(col(Unassigned.resolved_on).is_(None))
    rows = (await session.exec(query.execution_options(populate_existing=True))).all()
    return {row.customer_id: row for row in rows}


async def put_unassigned(
    session: AsyncSession,
    waiting: Iterable[Waiting],
    reasons: Mapping[UUID, tuple[UnassignedReason, UnassignedReason | None]],
    *,
    since: date,
) -> None:
    """Put customers into the queue, each with the reason shown and the one behind it.

    One who waits already keeps the day since when, and that of the escalation.
    """
    rows = [
        {
            "customer_id": one.customer_id,
            "tier_code": one.tier_code,
            "branch_id": one.branch_id,
            "reason": reasons[one.customer_id][0],
            "cause": reasons[one.customer_id][1],
            "escalated_on": since if reasons[one.customer_id][1] else None,
            "since": since,
            "resolved_on": None,
        }
        for one in waiting
    ]
    if not rows:
        return
    statement = upsert(Unassigned)
    new = statement.excluded
    waits = col(Unassigned.resolved_on).is_(None)
    await session.execute(
        statement.on_conflict_do_update(
            index_elements=["customer_id"],
            set_={
                "tier_code": new.tier_code,
                "branch_id": new.branch_id,
                "reason": new.reason,
                "cause": new.cause,
                "escalated_on": case(
                    (waits & new.cause.is_not(None), func.coalesce(col(Unassigned.escalated_on), new.escalated_on)),
                    else_=new.escalated_on,
                ),
                "since": case((waits, col(Unassigned.since)), else_=new.since),
                "resolved_on": None,
            },
        ),
        rows,
    )


async def resolve_unassigned(session: AsyncSession, customer_ids: Iterable[UUID], *, on_day: date) -> None:
    """Take customers out of the queue; who does not wait is left alone."""
    keys = [{"of_customer": customer_id} for customer_id in customer_ids]
    if not keys:
        return
    statement = (
        update(Unassigned)
        .where(col(Unassigned.customer_id) == bindparam("of_customer"), col(Unassigned.resolved_on).is_(None))
        .values(resolved_on=on_day)
    )
    await (await session.connection()).execute(statement, keys)


async def list_unassigned(
    session: AsyncSession, scope: Scope, *, limit: int, after: UUID | None, reason: UnassignedReason | None
) -> Sequence[Unassigned]:
    """Return who waits for a manager, by customer id."""
    query = (
        select_rows(Unassigned)
        .where(col(Unassigned.resolved_on).is_(None))
        .where(visible(scope, col(Unassigned.customer_id), col(Unassigned.branch_id)))
        .order_by(col(Unassigned.customer_id))
        .limit(limit)
    )
    if reason is not None:
        query = query.where(Unassigned.reason == reason)
    if after is not None:
        query = query.where(col(Unassigned.customer_id) > after)
    return (await session.exec(query)).all()


@dataclass(frozen=True)
class QueueCount:
    """How many customers of a branch wait for one reason, and since when the first of them does."""

    branch_id: UUID
    reason: str
    customers: int
    since: date


async def count_unassigned(session: AsyncSession, scope: Scope) -> list[QueueCount]:
    """Count by branch and reason who waits, as far as they are in scope."""
    query = (
        select(col(Unassigned.branch_id), col(Unassigned.reason), func.count(), func.min(col(Unassigned.since)))
        .where(col(Unassigned.resolved_on).is_(None))
        .where(visible(scope, col(Unassigned.customer_id), col(Unassigned.branch_id)))
        .group_by(col(Unassigned.branch_id), col(Unassigned.reason))
        .order_by(col(Unassigned.branch_id), col(Unassigned.reason))
    )
    return [QueueCount(*row) for row in (await session.execute(query)).all()]
