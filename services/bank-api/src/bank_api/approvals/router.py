"""Four eyes on the bank port."""

from collections.abc import Collection, Sequence
from typing import Annotated
from uuid import UUID

from fastapi import Query
from pydantic import ValidationError

from guibin.approvals import repository, service
from guibin.approvals.errors import AmendmentNotPossible, ApprovalExpired, SelfApproval, StateConflict
from guibin.approvals.handlers import APPROVAL_HANDLERS
from guibin.approvals.models import Approval, ApprovalState, Verdict
from guibin.approvals.repository import ApprovalFilter
from guibin.approvals.rules import DEFAULT_RULE
from guibin.core.errors import NotFound, VersionConflict
from guibin.core.ids import ApprovalId
from guibin.core.text import Code
from guibin.organisation import repository as organisation
from guibin.security.actors import Domain, Verb, decide
from guibin.security.errors import HumanRequired
from guibin.web import (
    DataClass,
    Idempotency,
    Page,
    PageRequest,
    PortRouter,
    RateClass,
    StaffCall,
    anyone_of,
    declare,
    json_body,
    page_query,
    staff,
)
from guibin.web.validation import translate

from .schemas import (
    AmendmentIn,
    ApprovalOut,
    ApprovalRuleIn,
    ApprovalRuleOut,
    ApprovalRulesOut,
    DecisionIn,
    RequestForChangesIn,
    SubmittedOut,
)

router = PortRouter(prefix="/v1", tags=["approvals"])

READ = staff(Verb.READ, Domain.APPROVALS)
APPROVE = staff(Verb.APPROVE, Domain.APPROVALS)
MAKE = anyone_of(*(staff(Verb.SUBMIT, domain) for domain in Domain), staff(Verb.WRITE, Domain.MANAGERS))
"""Whoever may submit something; each only the own requests."""


async def approval_scope(call: StaffCall) -> repository.ApprovalScope:
    """Return what the caller may decide on, the cost apart, domain by domain: one role never widens another."""
    domains: dict[str, Collection[UUID] | None] = {}
    subtrees: dict[tuple[UUID, ...], Collection[UUID]] = {}
    for domain in Domain:
        scope = decide(call.grants, Verb.APPROVE, domain, staff_id=call.actor.id)
        if scope is None:
            continue
        if scope.branch_roots not in subtrees:
            subtrees[scope.branch_roots] = await organisation.subtree_ids(call.session, scope.branch_roots)
        domains[domain] = None if scope.whole_bank else subtrees[scope.branch_roots]
    return repository.ApprovalScope(call.actor.id, domains)


@router.get("/approvals", operation_id="listApprovals")
@declare(caller=READ, rate=RateClass.READ, data=DataClass.C2)
async def list_approvals(
    *,
    call: StaffCall,
    page: Annotated[PageRequest, page_query()],
    state: Annotated[ApprovalState | None, Query(description="Only those in this state")] = None,
    kind: Annotated[Code | None, Query(description="Only commands of this kind")] = None,
    domain: Annotated[Domain | None, Query(description="Only those of this domain")] = None,
    mine: Annotated[bool | None, Query(description="true: what I submitted; false: what others did")] = None,
) -> Page[ApprovalOut]:
    """List what I submitted and what I may decide on, newest first, with previews and decisions so far."""
    wanted = ApprovalFilter(state=state, kind=kind, domain=domain, mine=mine)
    rows = await repository.list_approvals(
        call.session, await approval_scope(call), wanted, limit=page.fetch, before=page.after_moment
    )
    shown = await _shown(call, rows)
    return page.answer(rows, position=lambda row: (row.created_at, row.id), shape=lambda row: shown[row.id])


@router.get("/approvals/{approval_id}", operation_id="getApproval")
@declare(caller=READ, rate=RateClass.READ, data=DataClass.C2)
async def get_approval(call: StaffCall, approval_id: ApprovalId) -> ApprovalOut:
    """Show one approval with its payload, its preview and who decided what."""
    return await _show(
        call, await repository.get_approval(call.session, await approval_scope(call), approval_id=approval_id)
    )


@router.get("/approval-rules", operation_id="listApprovalRules")
@declare(caller=READ, rate=RateClass.READ, data=DataClass.C1)
async def list_rules(call: StaffCall) -> ApprovalRulesOut:
    """List how each kind of command is approved: for how long it is open, and by how many people."""
    known = await repository.rules_by_kind(call.session)
    kinds = sorted(APPROVAL_HANDLERS)
    return ApprovalRulesOut(
        items=[ApprovalRuleOut.of(kind, known.get(kind, DEFAULT_RULE), call.language) for kind in kinds]
    )


@router.put("/approval-rules/{kind}", status_code=202, operation_id="submitApprovalRule")
@declare(caller=staff(Verb.SUBMIT, Domain.ORGANISATION), rate=RateClass.WRITE, data=DataClass.C1, refusals=(NotFound,))
async def submit_rule(
    call: StaffCall, kind: Code, body: Annotated[ApprovalRuleIn, json_body(ApprovalRuleIn)]
) -> SubmittedOut:
    """Ask another administrator to change how a kind of command is approved."""
    return SubmittedOut.of(await service.submit_rule(call.session, actor=call.actor, kind=kind, rule=body.rule()))


DECISION = declare(
    caller=APPROVE,
    idempotency=Idempotency.OPTIONAL,
    rate=RateClass.WRITE,
    data=DataClass.C2,
    refusals=(HumanRequired, SelfApproval, StateConflict, ApprovalExpired, VersionConflict),
    fresh_login=True,
)
"""What every decision states: a person who may approve, has logged in a short while ago, and is not the maker."""


@router.post("/approvals/{approval_id}/approve", operation_id="approve")
@DECISION
async def approve(
    call: StaffCall, approval_id: ApprovalId, body: Annotated[DecisionIn, json_body(DecisionIn)]
) -> ApprovalOut:
    """Agree. The last agreement that is needed carries the command out in the same transaction."""
    return await _decide(call, approval_id, Verdict.AGREED, body)


@router.post("/approvals/{approval_id}/reject", operation_id="reject")
@DECISION
async def reject(
    call: StaffCall, approval_id: ApprovalId, body: Annotated[DecisionIn, json_body(DecisionIn)]
) -> ApprovalOut:
    """Disagree. What was submitted goes back to its maker as a draft."""
    return await _decide(call, approval_id, Verdict.REJECTED, body)


@router.post("/approvals/{approval_id}/request-changes", operation_id="requestChanges")
@DECISION
async def request_changes(
    call: StaffCall, approval_id: ApprovalId, body: Annotated[RequestForChangesIn, json_body(RequestForChangesIn)]
) -> ApprovalOut:
    """Ask the maker for changes. Whatever the maker submits then asks everybody anew."""
    return await _decide(call, approval_id, Verdict.CHANGES_REQUESTED, body)


@router.post("/approvals/{approval_id}/amend", operation_id="amendApproval")
@declare(
    caller=MAKE,
    idempotency=Idempotency.OPTIONAL,
    rate=RateClass.WRITE,
    data=DataClass.C2,
    refusals=(StateConflict, ApprovalExpired, AmendmentNotPossible),
)
async def amend(
    call: StaffCall, approval_id: ApprovalId, body: Annotated[AmendmentIn, json_body(AmendmentIn)]
) -> ApprovalOut:
    """Submit my request anew after changes were asked for: new hash, new preview, no earlier decision counts."""
    approval = await _own(call, approval_id)
    try:
        amended = await service.amend(call.work, approval, body.changes, maker=call.actor, grants=call.grants)
    except ValidationError as error:
        raise translate(error.errors(include_url=False), within=("body", "changes")) from None
    return await _show(call, amended)


@router.post("/approvals/{approval_id}/withdraw", operation_id="withdrawApproval")
@declare(
    caller=MAKE,
    idempotency=Idempotency.OPTIONAL,
    rate=RateClass.WRITE,
    data=DataClass.C2,
    refusals=(StateConflict,),
)
async def withdraw(call: StaffCall, approval_id: ApprovalId) -> ApprovalOut:
    """Take my open request back; a definition is a draft again."""
    return await _show(call, await service.withdraw(call.session, await _own(call, approval_id), maker=call.actor))


async def _own(call: StaffCall, approval_id: UUID) -> Approval:
    """Return a request of the caller; somebody else's answers as one that is not there."""
    scope = repository.ApprovalScope(call.actor.id, {})
    return await repository.get_approval(call.session, scope, approval_id=approval_id)


async def _decide(
    call: StaffCall, approval_id: UUID, verdict: Verdict, body: DecisionIn | RequestForChangesIn
) -> ApprovalOut:
    approval = await repository.get_approval(call.session, await approval_scope(call), approval_id=approval_id)
    seen = bytes.fromhex(body.payload_hash) if body.payload_hash else None
    decision = service.Decision(verdict=verdict, payload_hash=seen, comment=body.comment)
    return await _show(
        call,
        await service.decide_on(call.work, approval, decision, approver=call.actor, grants=call.grants, keys=call.keys),
    )


async def _show(call: StaffCall, approval: Approval) -> ApprovalOut:
    return (await _shown(call, [approval]))[approval.id]


async def _shown(call: StaffCall, approvals: Sequence[Approval]) -> dict[UUID, ApprovalOut]:
    decisions = await repository.decisions_on(call.session, approvals)
    known = await repository.rules_by_kind(call.session)
    return {
        row.id: ApprovalOut.of(
            row,
            decisions=decisions.get(row.id, ()),
            rule=known.get(row.kind, DEFAULT_RULE),
            language=call.language,
        )
        for row in approvals
    }
