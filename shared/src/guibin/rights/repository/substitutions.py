"""The SQL of redemptions that failed and what replaced them: customers' data, so reads take a scope."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import or_, update
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.customers.repository import visible
from guibin.rights.models import Redemption, RightsItem, Substitution
from guibin.security.actors import Scope


async def insert_substitution(session: AsyncSession, row: Substitution) -> None:
    """Keep that a redemption failed and can be replaced."""
    session.add(row)
    await session.flush()


async def find_substitutions(session: AsyncSession, scope: Scope, *, redemption: Redemption) -> list[Substitution]:
    """Return what is kept of a redemption in scope: that it failed, or that it replaced another one; both may be."""
    query = select(Substitution).where(
        Substitution.customer_id == redemption.customer_id,
        visible(scope, col(Substitution.customer_id)),
        or_(col(Substitution.redemption_id) == redemption.id, col(Substitution.replaced_by) == redemption.id),
    )
    return list((await session.exec(query.execution_options(populate_existing=True))).all())


async def lock_substitution(session: AsyncSession, *, customer_id: UUID, redemption_id: UUID) -> Substitution | None:
    """Lock what is kept of a customer's failed redemption; None where it did not fail."""
    query = (
        select(Substitution)
        .where(Substitution.customer_id == customer_id, Substitution.redemption_id == redemption_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return (await session.exec(query)).first()


async def note_replaced(session: AsyncSession, row: Substitution, *, redemption_id: UUID, at: datetime) -> None:
    """Note by which redemption a locked one was replaced."""
    await session.execute(
        update(Substitution)
        .where(col(Substitution.customer_id) == row.customer_id, col(Substitution.redemption_id) == row.redemption_id)
        .values(replaced_by=redemption_id, replaced_at=at)
        .execution_options(synchronize_session=False)
    )


async def latest_open(session: AsyncSession, scope: Scope, *, customer_id: UUID, now: datetime) -> Substitution | None:
    """Return of the customer's redemptions that can be replaced now, and whose right names substitutes, the latest."""
    query = (
        select(Substitution)
        .join(RightsItem, col(RightsItem.id) == col(Substitution.right_id))
        .where(
            Substitution.customer_id == customer_id,
            visible(scope, col(Substitution.customer_id)),
            col(Substitution.replaced_by).is_(None),
            Substitution.open_until > now,
            col(RightsItem.offer).has_key("substitutes"),  # type: ignore[attr-defined] # of the column's type in Postgres
        )
        .order_by(col(Substitution.failed_at).desc(), col(Substitution.redemption_id))
        .limit(1)
    )
    return (await session.exec(query)).first()
