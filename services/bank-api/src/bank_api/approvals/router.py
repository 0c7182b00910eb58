"""Four eyes on the bank port."""

from collections.abc import Collection
from typing import Annotated
from uuid import UUID

from fastapi import Query

from guibin.approvals import repository, service
from guibin.approvals.errors import ApprovalExpired, SelfApproval, StateConflict
from guibin.approvals.models import ApprovalState
from guibin.core.errors import VersionConflict
from guibin.core.ids import ApprovalId
from guibin.organisation import repository as organisation
from guibin.security.actors import Domain, Verb, decide
from guibin.security.errors import Forbidden, HumanRequired
from guibin.web import (
    DataClass,
    Idempotency,
    Page,
    PageRequest,
    PortRouter,
    RateClass,
    StaffCall,
    declare,
    json_body,
    page_query,
    staff,
)

from .schemas import ApprovalOut, DecisionIn

router = PortRouter(prefix="/v1/approvals", tags=["approvals"])

READ = staff(Verb.READ, Domain.APPROVALS)
APPROVE = staff(Verb.APPROVE, Domain.APPROVALS)


async def _scope(call: StaffCall, cost_fen: int = 0) -> repository.ApprovalScope:
    """Return what the caller may decide on at a cost, domain by domain: one role never widens another."""
    domains: dict[str, Collection[UUID] | None] = {}
    subtrees: dict[tuple[UUID, ...], Collection[UUID]] = {}
    for domain in Domain:
        scope = decide(call.grants, Verb.APPROVE, domain, staff_id=call.actor.id, cost_fen=cost_fen)
        if scope is None:
            continue
        if scope.branch_roots not in subtrees:
            subtrees[scope.branch_roots] = await organisation.subtree_ids(call.session, scope.branch_roots)
        domains[domain] = None if scope.whole_bank else subtrees[scope.branch_roots]
    return repository.ApprovalScope(call.actor.id, domains)


@router.get("", operation_id="listApprovals")
@declare(caller=READ, rate=RateClass.READ, data=DataClass.C2)
async def list_approvals(
    call: StaffCall,
    page: Annotated[PageRequest, page_query()],
    state: Annotated[ApprovalState | None, Query(description="Only those in this state")] = None,
) -> Page[ApprovalOut]:
    """List what I submitted and what I may decide on, newest first."""
    rows = await repository.list_approvals(
        call.session, await _scope(call), limit=page.fetch, state=state, before=page.after_moment
    )
    return page.answer(rows, position=lambda row: (row.created_at, row.id), shape=ApprovalOut.of)


@router.get("/{approval_id}", operation_id="getApproval")
@declare(caller=READ, rate=RateClass.READ, data=DataClass.C2)
async def get_approval(call: StaffCall, approval_id: ApprovalId) -> ApprovalOut:
    """Show one approval with its payload and preview."""
    return ApprovalOut.of(await repository.get_approval(call.session, await _scope(call), approval_id=approval_id))


REFUSALS = (HumanRequired, SelfApproval, StateConflict, ApprovalExpired, VersionConflict)


@router.post("/{approval_id}/approve", operation_id="approve")
@declare(caller=APPROVE, idempotency=Idempotency.OPTIONAL, rate=RateClass.WRITE, data=DataClass.C2, refusals=REFUSALS)
async def approve(
    call: StaffCall, approval_id: ApprovalId, body: Annotated[DecisionIn, json_body(DecisionIn)]
) -> ApprovalOut:
    """Agree. The last agreement that is needed carries the command out in the same transaction."""
    return await _decide(call, approval_id, body, approved=True)


@router.post("/{approval_id}/reject", operation_id="reject")
@declare(caller=APPROVE, idempotency=Idempotency.OPTIONAL, rate=RateClass.WRITE, data=DataClass.C2, refusals=REFUSALS)
async def reject(
    call: StaffCall, approval_id: ApprovalId, body: Annotated[DecisionIn, json_body(DecisionIn)]
) -> ApprovalOut:
    """Disagree. What was submitted goes back to its maker as a draft."""
    return await _decide(call, approval_id, body, approved=False)


async def _decide(call: StaffCall, approval_id: ApprovalId, body: DecisionIn, *, approved: bool) -> ApprovalOut:
    approval = await repository.get_approval(call.session, await _scope(call), approval_id=approval_id)
    if not await repository.is_within(call.session, await _scope(call, approval.cost_fen or 0), approval):
        raise Forbidden
    seen = bytes.fromhex(body.payload_hash) if body.payload_hash else None
    decided = await service.decide_on(
        call.work,
        approval,
        service.Decision(approved=approved, payload_hash=seen, comment=body.comment),
        approver=call.actor,
        grants=call.grants,
        of=organisation.grants_of,
    )
    return ApprovalOut.of(decided)
