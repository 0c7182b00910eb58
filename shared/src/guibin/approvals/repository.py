"""All SQL of approvals."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, and_, func, or_, true, tuple_
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.approvals.models import Approval, ApprovalDecision
from guibin.core.errors import NotFound


@dataclass(frozen=True)
class Reach:
    """Which approvals a member of staff may see: the own ones, and those of domains and branches to decide on."""

    staff_id: UUID
    domains: Collection[str]
    whole_bank: bool
    branch_ids: Collection[UUID]


def _within(reach: Reach) -> ColumnElement[bool]:
    place = or_(col(Approval.branch_id).is_(None), col(Approval.branch_id).in_(reach.branch_ids))
    everywhere = true() if reach.whole_bank else place
    return or_(col(Approval.maker_id) == reach.staff_id, and_(col(Approval.domain).in_(reach.domains), everywhere))


async def list_approvals(
    session: AsyncSession,
    reach: Reach,
    *,
    limit: int,
    state: str | None = None,
    before: tuple[datetime, UUID] | None = None,
) -> Sequence[Approval]:
    """Return approvals within reach, newest first."""
    query = (
        select(Approval)
        .where(_within(reach))
        .order_by(col(Approval.created_at).desc(), col(Approval.id).desc())
        .limit(limit)
    )
    if state is not None:
        query = query.where(Approval.state == state)
    if before is not None:
        query = query.where(tuple_(col(Approval.created_at), col(Approval.id)) < before)
    return (await session.exec(query)).all()


async def get_approval(session: AsyncSession, reach: Reach, *, approval_id: UUID) -> Approval:
    """Return one approval within reach.

    Raises:
        NotFound: there is none, or it lies elsewhere.
    """
    found = (await session.exec(select(Approval).where(Approval.id == approval_id, _within(reach)))).first()
    if found is None:
        raise NotFound
    return found


async def lock_approval(session: AsyncSession, *, owner_id: UUID, approval_id: UUID) -> Approval:
    """Lock one approval for a decision and return it as it stands now."""
    query = (
        select(Approval)
        .where(Approval.owner_id == owner_id, Approval.id == approval_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return (await session.exec(query)).one()


async def count_agreements(session: AsyncSession, approval: Approval) -> int:
    """Return how many people have agreed to the payload as it is."""
    query = select(func.count()).where(
        ApprovalDecision.owner_id == approval.owner_id,
        ApprovalDecision.approval_id == approval.id,
        ApprovalDecision.payload_hash == approval.payload_hash,
        col(ApprovalDecision.approved).is_(True),
    )
    return (await session.exec(query)).one()


async def has_decided(session: AsyncSession, approval: Approval, *, approver_id: UUID) -> bool:
    """Tell whether somebody has decided on an approval already."""
    key = (approval.owner_id, approval.id, approver_id)
    return await session.get(ApprovalDecision, key) is not None
