"""SQL of tiers given by hand."""

from collections.abc import Collection, Sequence
from datetime import date
from uuid import UUID

from sqlalchemy import func, update
from sqlmodel import col
from sqlmodel import select as select_rows
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.customers.repository import visible
from guibin.security.actors import Scope
from guibin.tiers.models import TierOverride


async def list_overrides(session: AsyncSession, scope: Scope, *, customer_id: UUID) -> Sequence[TierOverride]:
    """Return all overrides of a customer, newest first."""
    query = (
        select_rows(TierOverride)
        .where(TierOverride.customer_id == customer_id, visible(scope, col(TierOverride.customer_id)))
        .order_by(col(TierOverride.valid_from).desc(), col(TierOverride.created_at).desc())
    )
    return (await session.exec(query)).all()


async def end_overlapping(
    session: AsyncSession, *, customer_ids: Collection[UUID], valid_from: date, valid_to: date, reason: str
) -> None:
    """Let overrides of some customers end where a period begins that they overlap.

    One that begins within it never comes into force.
    """
    await session.execute(
        update(TierOverride)
        .where(
            col(TierOverride.customer_id).in_(customer_ids),
            col(TierOverride.valid_from) < valid_to,
            col(TierOverride.valid_to) > valid_from,
        )
        .values(valid_to=func.greatest(col(TierOverride.valid_from), valid_from), end_reason=reason)
        .execution_options(synchronize_session=False)
    )
