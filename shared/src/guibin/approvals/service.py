"""Four eyes: submit a command, decide on it, carry it out."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.approvals import repository, rules
from guibin.approvals.errors import ApprovalExpired, SelfApproval, StateConflict
from guibin.approvals.handlers import APPROVAL_HANDLERS, ApprovalContext
from guibin.approvals.models import Approval, ApprovalDecision, ApprovalState
from guibin.audit import service as audit
from guibin.core import clock
from guibin.core.errors import Refusal, VersionConflict
from guibin.core.ids import new_id, to_public
from guibin.core.unit_of_work import UnitOfWork
from guibin.security.actors import Actor, Domain, Grant, Verb, decide
from guibin.security.errors import Forbidden

GrantsOf = Callable[[AsyncSession, UUID], Awaitable[Sequence[Grant]]]


@dataclass(frozen=True)
class Decision:
    """What an approver says: yes or no, over which payload, with which words."""

    approved: bool
    payload_hash: bytes | None
    comment: str | None


async def submit(
    session: AsyncSession,
    *,
    actor: Actor,
    kind: str,
    domain: Domain,
    subject: str,
    payload: Mapping[str, object],
    preview: Mapping[str, object],
    owner_id: UUID | None = None,
    cost_fen: int | None = None,
    branch_id: UUID | None = None,
) -> Approval:
    """Keep a command until another person decides.

    `payload` is all that the command needs, in JSON values; `preview` is what the approver looks at (a difference, a
    count, a cost). `branch_id` says where an approver must stand; None asks for any in the domain.
    """
    now = clock.now()
    approval = Approval(
        owner_id=owner_id or actor.id,
        id=new_id(),
        kind=kind,
        domain=domain,
        subject=subject,
        payload=dict(payload),
        payload_hash=rules.payload_hash(payload),
        preview=dict(preview),
        cost_fen=cost_fen,
        branch_id=branch_id,
        maker_id=actor.id,
        state=ApprovalState.PENDING,
        created_at=now,
        expires_at=rules.expiry(now.astimezone(clock.BUSINESS_ZONE)),
    )
    session.add(approval)
    await _record(session, approval, actor, "submitted")
    return approval


async def decide_on(
    work: UnitOfWork, approval: Approval, decision: Decision, *, approver: Actor, grants: Sequence[Grant], of: GrantsOf
) -> Approval:
    """Take one person's decision; the last agreement that is needed carries the command out.

    Raises:
        SelfApproval, Forbidden: not this person.
        StateConflict, ApprovalExpired, VersionConflict: not any more, or not this payload.
        Refusal: the command itself was refused; the approval is then `failed`.
    """
    session = work.session
    approval = await repository.lock_approval(session, owner_id=approval.owner_id, approval_id=approval.id)
    await _check(work, approval, decision, approver, grants)
    session.add(
        ApprovalDecision(
            owner_id=approval.owner_id,
            approval_id=approval.id,
            approver_id=approver.id,
            approved=decision.approved,
            payload_hash=approval.payload_hash,
            comment=decision.comment,
            decided_at=clock.now(),
        )
    )
    await session.flush()
    if not decision.approved:
        await APPROVAL_HANDLERS[approval.kind].rejected(session, approval.payload)
        return await _close(session, approval, ApprovalState.REJECTED, approver)
    if await repository.count_agreements(session, approval) < rules.approvers_needed(approval.cost_fen):
        await _record(session, approval, approver, "agreed")
        return approval
    await _execute(work, approval, approver, await of(session, approval.maker_id))
    return await _close(session, approval, ApprovalState.APPROVED, approver)


async def _check(
    work: UnitOfWork, approval: Approval, decision: Decision, approver: Actor, grants: Sequence[Grant]
) -> None:
    if approval.maker_id == approver.id:
        raise SelfApproval
    if (
        decide(grants, Verb.APPROVE, Domain(approval.domain), staff_id=approver.id, cost_fen=approval.cost_fen or 0)
        is None
    ):
        raise Forbidden
    if approval.state != ApprovalState.PENDING:
        raise StateConflict(**{"from": approval.state, "to": "approved" if decision.approved else "rejected"})
    if approval.expires_at <= clock.now():
        work.survive(_withdrawal(approval, approver, ApprovalState.EXPIRED, None))
        raise ApprovalExpired
    if decision.payload_hash is not None and decision.payload_hash != approval.payload_hash:
        raise VersionConflict
    if rules.payload_hash(approval.payload) != approval.payload_hash:
        raise VersionConflict
    if await repository.has_decided(work.session, approval, approver_id=approver.id):
        raise StateConflict(**{"from": "agreed", "to": "agreed"})


async def _execute(work: UnitOfWork, approval: Approval, approver: Actor, maker_grants: Sequence[Grant]) -> None:
    """Carry the command out; the maker must still be allowed to submit it now."""
    domain = Domain(approval.domain)
    context = ApprovalContext(approval.id, approval.maker_id, approver)
    cost = approval.cost_fen or 0
    try:
        if decide(maker_grants, Verb.SUBMIT, domain, staff_id=approval.maker_id, cost_fen=cost) is None:
            raise Forbidden
        await APPROVAL_HANDLERS[approval.kind].execute(work.session, approval.payload, context=context)
    except Refusal as refusal:
        work.survive(_withdrawal(approval, approver, ApprovalState.FAILED, refusal.code))
        raise


def _withdrawal(
    approval: Approval, approver: Actor, state: ApprovalState, failure: str | None
) -> Callable[[AsyncSession], Awaitable[None]]:
    """Return the write that closes an approval and gives back what was submitted, although the call is refused."""
    owner_id, approval_id = approval.owner_id, approval.id

    async def write(session: AsyncSession) -> None:
        # The refusal has let the lock go: somebody else may have decided meanwhile.
        row = await repository.lock_approval(session, owner_id=owner_id, approval_id=approval_id)
        if row.state != ApprovalState.PENDING:
            return
        row.failure = failure
        await APPROVAL_HANDLERS[row.kind].rejected(session, row.payload)
        await _close(session, row, state, approver)

    return write


async def _close(session: AsyncSession, approval: Approval, state: ApprovalState, approver: Actor) -> Approval:
    approval.state = state
    approval.decided_at = clock.now()
    await _record(session, approval, approver, state)
    return approval


async def _record(session: AsyncSession, approval: Approval, actor: Actor, result: str) -> None:
    await audit.record(
        session,
        actor=actor,
        action=approval.kind,
        object_type="approval",
        object_id=to_public("apr", approval.id),
        owner_id=approval.owner_id,
        result=result,
        facts={"subject": approval.subject, "payload_hash": approval.payload_hash.hex()},
    )
