"""All SQL of approvals."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, and_, func, or_, tuple_
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.approvals.models import Approval, ApprovalDecision
from guibin.core.errors import NotFound


@dataclass(frozen=True)
class ApprovalScope:
    """Which approvals a member of staff may see: the own ones, and by domain those to decide on.

    `domains` names the branches in which the person decides on a domain's approvals, None for the whole bank; an
    approval that stands at no branch is for everybody who decides in its domain.
    """

    staff_id: UUID
    domains: Mapping[str, Collection[UUID] | None]


def _within(scope: ApprovalScope) -> ColumnElement[bool]:
    to_decide_on = (_in_domain(domain, branch_ids) for domain, branch_ids in scope.domains.items())
    return or_(col(Approval.maker_id) == scope.staff_id, *to_decide_on)


def _in_domain(domain: str, branch_ids: Collection[UUID] | None) -> ColumnElement[bool]:
    here = col(Approval.domain) == domain
    if branch_ids is None:
        return here
    return and_(here, or_(col(Approval.branch_id).is_(None), col(Approval.branch_id).in_(branch_ids)))


async def list_approvals(
    session: AsyncSession,
    scope: ApprovalScope,
    *,
    limit: int,
    state: str | None = None,
    before: tuple[datetime, UUID] | None = None,
) -> Sequence[Approval]:
    """Return approvals in scope, newest first."""
    query = (
        select(Approval)
        .where(_within(scope))
        .order_by(col(Approval.created_at).desc(), col(Approval.id).desc())
        .limit(limit)
    )
    if state is not None:
        query = query.where(Approval.state == state)
    if before is not None:
        query = query.where(tuple_(col(Approval.created_at), col(Approval.id)) < before)
    return (await session.exec(query)).all()


async def get_approval(session: AsyncSession, scope: ApprovalScope, *, approval_id: UUID) -> Approval:
    """Return one approval in scope.

    Raises:
        NotFound: there is none, or it lies elsewhere.
    """
    found = (await session.exec(select(Approval).where(Approval.id == approval_id, _within(scope)))).first()
    if found is None:
        raise NotFound
    return found


async def is_within(session: AsyncSession, scope: ApprovalScope, approval: Approval) -> bool:
    """Tell whether an approval lies in a scope."""
    query = select(Approval.id).where(
        Approval.owner_id == approval.owner_id, Approval.id == approval.id, _within(scope)
    )
    return (await session.exec(query)).first() is not None


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
