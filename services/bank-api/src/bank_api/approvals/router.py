"""Four eyes on the bank port."""

from typing import Annotated

from fastapi import Query

from guibin.approvals import repository, service
from guibin.approvals.errors import ApprovalExpired, SelfApproval, StateConflict
from guibin.approvals.models import ApprovalState
from guibin.core.errors import VersionConflict
from guibin.core.ids import ApprovalId
from guibin.organisation import repository as organisation
from guibin.security.actors import DataScope, Domain, Verb
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


async def _reach(call: StaffCall) -> repository.Reach:
    deciding = [grant for grant in call.grants if grant.verb is Verb.APPROVE]
    roots = [grant.branch_id for grant in deciding if grant.branch_id is not None]
    return repository.Reach(
        staff_id=call.actor.id,
        domains={grant.domain for grant in deciding},
        whole_bank=any(grant.data in {DataScope.WHOLE_BANK, DataScope.NONE} for grant in deciding),
        branch_ids=await organisation.subtree_ids(call.session, roots),
    )


@router.get("", operation_id="listApprovals")
@declare(caller=READ, rate=RateClass.READ, data=DataClass.C2)
async def list_approvals(
    call: StaffCall,
    page: Annotated[PageRequest, page_query()],
    state: Annotated[ApprovalState | None, Query(description="Only those in this state")] = None,
) -> Page[ApprovalOut]:
    """List what I submitted and what I may decide on, newest first."""
    rows = await repository.list_approvals(
        call.session, await _reach(call), limit=page.fetch, state=state, before=page.after_moment
    )
    return page.answer(rows, position=lambda row: (row.created_at, row.id), shape=ApprovalOut.of)


@router.get("/{approval_id}", operation_id="getApproval")
@declare(caller=READ, rate=RateClass.READ, data=DataClass.C2)
async def get_approval(call: StaffCall, approval_id: ApprovalId) -> ApprovalOut:
    """Show one approval with its payload and preview."""
    return ApprovalOut.of(await repository.get_approval(call.session, await _reach(call), approval_id=approval_id))


REFUSALS = (SelfApproval, StateConflict, ApprovalExpired, VersionConflict)


@router.post("/{approval_id}/approve", operation_id="approve")
@declare(
    caller=APPROVE, idempotency=Idempotency.OPTIONAL, rate=RateClass.WRITE, data=DataClass.C2, refusals=REFUSALS
)
async def approve(
    call: StaffCall, approval_id: ApprovalId, body: Annotated[DecisionIn, json_body(DecisionIn)]
) -> ApprovalOut:
    """Agree. The last agreement that is needed carries the command out in the same transaction."""
    return await _decide(call, approval_id, body, approved=True)


@router.post("/{approval_id}/reject", operation_id="reject")
@declare(
    caller=APPROVE, idempotency=Idempotency.OPTIONAL, rate=RateClass.WRITE, data=DataClass.C2, refusals=REFUSALS
)
async def reject(
    call: StaffCall, approval_id: ApprovalId, body: Annotated[DecisionIn, json_body(DecisionIn)]
) -> ApprovalOut:
    """Disagree. What was submitted goes back to its maker as a draft."""
    return await _decide(call, approval_id, body, approved=False)


async def _decide(call: StaffCall, approval_id: ApprovalId, body: DecisionIn, *, approved: bool) -> ApprovalOut:
    approval = await repository.get_approval(call.session, await _reach(call), approval_id=approval_id)
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
