"""All SQL of approvals."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, and_, not_, or_, tuple_
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.approvals.models import Approval, ApprovalDecision, ApprovalRule, ApprovalState, Verdict
from guibin.approvals.rules import DEFAULT_RULE, Rule
from guibin.core.errors import NotFound

OPEN = (ApprovalState.PENDING, ApprovalState.CHANGES_REQUESTED)
"""The states in which something is still to come."""


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


@dataclass(frozen=True)
class ApprovalFilter:
    """Which approvals somebody looks for; `mine` tells the own requests from those of others."""

    state: str | None = None
    kind: str | None = None
    domain: str | None = None
    mine: bool | None = None


async def list_approvals(
    session: AsyncSession,
    scope: ApprovalScope,
    wanted: ApprovalFilter,
    *,
    limit: int,
    before: tuple[datetime, UUID] | None = None,
) -> Sequence[Approval]:
    """Return approvals in scope, newest first."""
    query = (
        select(Approval)
        .where(_within(scope))
        .order_by(col(Approval.created_at).desc(), col(Approval.id).desc())
        .limit(limit)
    )
    if wanted.state is not None:
        query = query.where(Approval.state == wanted.state)
    if wanted.kind is not None:
        query = query.where(Approval.kind == wanted.kind)
    if wanted.domain is not None:
        query = query.where(Approval.domain == wanted.domain)
    if wanted.mine is not None:
        mine = col(Approval.maker_id) == scope.staff_id
        query = query.where(mine if wanted.mine else not_(mine))
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


async def lock_approval(session: AsyncSession, *, owner_id: UUID, approval_id: UUID) -> Approval:
    """Lock one approval for a decision and return it as it stands now."""
    query = (
        select(Approval)
        .where(Approval.owner_id == owner_id, Approval.id == approval_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return (await session.exec(query)).one()


async def agreements(session: AsyncSession, approval: Approval) -> Sequence[ApprovalDecision]:
    """Return who has agreed to the payload as it is."""
    query = select(ApprovalDecision).where(
        ApprovalDecision.owner_id == approval.owner_id,
        ApprovalDecision.approval_id == approval.id,
        ApprovalDecision.revision == approval.revision,
        ApprovalDecision.payload_hash == approval.payload_hash,
        ApprovalDecision.verdict == Verdict.AGREED,
    )
    return (await session.exec(query.order_by(col(ApprovalDecision.decided_at)))).all()


async def decisions_on(session: AsyncSession, approvals: Collection[Approval]) -> dict[UUID, list[ApprovalDecision]]:
    """Return what people have said of some approvals, by approval, oldest first."""
    keys = [(approval.owner_id, approval.id) for approval in approvals]
    query = (
        select(ApprovalDecision)
        .where(tuple_(col(ApprovalDecision.owner_id), col(ApprovalDecision.approval_id)).in_(keys))
        .order_by(col(ApprovalDecision.decided_at))
    )
    found: dict[UUID, list[ApprovalDecision]] = {}
    for decision in (await session.exec(query)).all():
        found.setdefault(decision.approval_id, []).append(decision)
    return found


async def overdue(session: AsyncSession, *, now: datetime, limit: int) -> list[tuple[UUID, UUID]]:
    """Return (owner_id, id) of open approvals that nobody decided on in time, longest overdue first."""
    query = (
        select(Approval.owner_id, Approval.id)
        .where(col(Approval.state).in_(OPEN), col(Approval.expires_at) <= now)
        .order_by(col(Approval.expires_at))
        .limit(limit)
    )
    return list((await session.exec(query)).all())


async def rule_of(session: AsyncSession, kind: str) -> Rule:
    """Return how a kind of command is approved."""
    found = await session.get(ApprovalRule, kind)
    return DEFAULT_RULE if found is None else _rule(found)


async def rules_by_kind(session: AsyncSession) -> dict[str, Rule]:
    """Return how commands are approved, for the kinds that the bank's table names."""
    return {row.kind: _rule(row) for row in (await session.exec(select(ApprovalRule))).all()}


async def put_rule(session: AsyncSession, kind: str, rule: Rule) -> None:
    """Write how a kind of command is approved."""
    await session.merge(ApprovalRule(kind=kind, **asdict(rule)))
    await session.flush()


def _rule(row: ApprovalRule) -> Rule:
    return Rule(row.business_days, row.approvers, row.threshold_fen, row.approvers_above, row.free_items)
