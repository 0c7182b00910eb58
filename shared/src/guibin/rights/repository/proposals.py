"""The SQL of proposals: customers' data, so every read takes the scope of its caller."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func, tuple_, update
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.core.errors import NotFound
from guibin.customers.repository import visible
from guibin.rights.models import ProposalState, RedemptionProposal
from guibin.security.actors import Scope


async def lapse(session: AsyncSession, *, customer_id: UUID, now: datetime) -> None:
    """Store of a customer's proposals which ones have lapsed."""
    await session.execute(
        update(RedemptionProposal)
        .where(
            col(RedemptionProposal.customer_id) == customer_id,
            col(RedemptionProposal.state) == ProposalState.WAITING,
            col(RedemptionProposal.lapses_at) <= now,
        )
        .values(state=ProposalState.LAPSED, ended_at=now)
        .execution_options(synchronize_session=False)
    )


async def waiting_rights(session: AsyncSession, *, customer_id: UUID) -> Sequence[UUID]:
    """Return the rights of a customer's proposals that wait, lapsed or not."""
    query = select(RedemptionProposal.right_id).where(
        RedemptionProposal.customer_id == customer_id, RedemptionProposal.state == ProposalState.WAITING
    )
    return (await session.exec(query)).all()


async def count_waiting(session: AsyncSession, scope: Scope, *, customer_id: UUID, now: datetime) -> int:
    """Return how many proposals wait for a customer's answer."""
    query = select(func.count()).where(
        RedemptionProposal.customer_id == customer_id,
        visible(scope, col(RedemptionProposal.customer_id)),
        RedemptionProposal.state == ProposalState.WAITING,
        col(RedemptionProposal.lapses_at) > now,
    )
    return (await session.exec(query)).one()


async def insert_proposal(session: AsyncSession, proposal: RedemptionProposal) -> None:
    """Add a proposal."""
    session.add(proposal)
    await session.flush()


async def list_proposals(
    session: AsyncSession, scope: Scope, *, customer_id: UUID, before: tuple[datetime, UUID] | None, limit: int
) -> Sequence[RedemptionProposal]:
    """Return a customer's proposals, newest first."""
    row = RedemptionProposal
    query = select(row).where(row.customer_id == customer_id, visible(scope, col(row.customer_id)))
    if before is not None:
        query = query.where(tuple_(col(row.created_at), col(row.id)) < before)
    query = query.order_by(col(row.created_at).desc(), col(row.id).desc()).limit(limit)
    return (await session.exec(query.execution_options(populate_existing=True))).all()


async def lock_proposal(
    session: AsyncSession, scope: Scope, *, customer_id: UUID, proposal_id: UUID
) -> RedemptionProposal:
    """Lock a proposal and return it as it stands now.

    Raises:
        NotFound: there is none in scope.
    """
    query = (
        select(RedemptionProposal)
        .where(
            RedemptionProposal.customer_id == customer_id,
            visible(scope, col(RedemptionProposal.customer_id)),
            RedemptionProposal.id == proposal_id,
        )
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    found = (await session.exec(query)).first()
    if found is None:
        raise NotFound
    return found


async def end_proposal(session: AsyncSession, proposal: RedemptionProposal, **values: Any) -> None:
    """Write how a locked proposal ends, and bring the row in hand up to it."""
    await session.execute(
        update(RedemptionProposal)
        .where(col(RedemptionProposal.customer_id) == proposal.customer_id, col(RedemptionProposal.id) == proposal.id)
        .values(**values)
        .execution_options(synchronize_session=False)
    )
    await session.refresh(proposal)
