"""What an approver does: agree, disagree, ask for changes. The last agreement needed carries the command out."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.approvals import repository, rules
from guibin.approvals.errors import ApprovalExpired, SelfApproval, StateConflict
from guibin.approvals.handlers import APPROVAL_HANDLERS, ApprovalContext, ApprovalHandler, execution_key
from guibin.approvals.models import Approval, ApprovalDecision, ApprovalState, Verdict
from guibin.approvals.service.ending import close, end_refused, give_back, record
from guibin.approvals.surroundings import surroundings
from guibin.core import clock
from guibin.core.errors import NotFound, Refusal, VersionConflict
from guibin.core.unit_of_work import UnitOfWork
from guibin.idempotency.service import Replay, claim, store
from guibin.security.actors import Actor, Domain, Grant, Scope, Verb, decide
from guibin.security.ciphers import KeyRing
from guibin.security.errors import Forbidden, SelfDealing
from guibin.security.row_scope import all_rows

_LEADS_TO: Final = {
    Verdict.AGREED: ApprovalState.APPROVED,
    Verdict.REJECTED: ApprovalState.REJECTED,
    Verdict.CHANGES_REQUESTED: ApprovalState.CHANGES_REQUESTED,
}
_DONE: Final = 200


@dataclass(frozen=True)
class Decision:
    """What an approver says, over which payload, with which words."""

    verdict: Verdict
    payload_hash: bytes | None
    comment: str | None


async def decide_on(
    work: UnitOfWork,
    approval: Approval,
    decision: Decision,
    *,
    approver: Actor,
    grants: Sequence[Grant],
    keys: KeyRing | None = None,
) -> Approval:
    """Take one person's decision; the last agreement that is needed carries the command out.

    Raises:
        SelfApproval, SelfDealing, Forbidden, NotFound: not this person.
        StateConflict, ApprovalExpired, VersionConflict: not any more, or not this payload.
        Refusal: the command itself was refused; the approval is then `failed`.
    """
    session = work.session
    approval = await repository.lock_approval(session, owner_id=approval.owner_id, approval_id=approval.id)
    await _check_person(session, approval, approver, grants)
    await _check_state(work, approval, decision, approver)
    await _keep(session, approval, decision, approver)
    if decision.verdict is Verdict.AGREED:
        return await _agree(work, approval, approver, keys)
    await give_back(session, approval)
    if decision.verdict is Verdict.REJECTED:
        return await close(session, approval, ApprovalState.REJECTED, approver)
    approval.state = ApprovalState.CHANGES_REQUESTED
    session.add(approval)
    await record(session, approval, approver, approval.state)
    return approval


async def _check_person(session: AsyncSession, approval: Approval, approver: Actor, grants: Sequence[Grant]) -> None:
    """Refuse the maker, the customer concerned, and whoever may not decide at this cost or reaches no such customer."""
    if await surroundings().is_same_person(session, approval.maker_id, approver.id):
        raise SelfApproval
    customer_id = approval.customer_id
    if customer_id is not None and await surroundings().is_customer(session, approver.id, customer_id):
        raise SelfDealing
    if _scope(approval, approver.id, grants, Verb.APPROVE) is None:
        raise Forbidden
    if not await _reaches(session, approval, approver.id, grants, Verb.APPROVE):
        # Who decides here on what costs less knows of the request already.
        costs_too_much = await _reaches(session, approval, approver.id, grants, Verb.APPROVE, cost_fen=0)
        raise Forbidden if costs_too_much else NotFound


async def _check_state(work: UnitOfWork, approval: Approval, decision: Decision, approver: Actor) -> None:
    session = work.session
    if approval.state != ApprovalState.PENDING:
        raise StateConflict(**{"from": approval.state, "to": _LEADS_TO[decision.verdict]})
    if approval.expires_at <= clock.now():
        work.survive(end_refused(approval, approver, ApprovalState.EXPIRED))
        raise ApprovalExpired
    if decision.payload_hash is not None and decision.payload_hash != approval.payload_hash:
        raise VersionConflict
    if decision.payload_hash is None and decision.verdict is Verdict.AGREED and approval.revision > 1:
        raise VersionConflict
    if rules.payload_hash(approval.payload) != approval.payload_hash:
        raise VersionConflict
    for earlier in await repository.agreements(session, approval):
        if await surroundings().is_same_person(session, earlier.approver_id, approver.id):
            raise StateConflict(**{"from": Verdict.AGREED, "to": decision.verdict})


async def _keep(session: AsyncSession, approval: Approval, decision: Decision, approver: Actor) -> None:
    session.add(
        ApprovalDecision(
            owner_id=approval.owner_id,
            approval_id=approval.id,
            revision=approval.revision,
            approver_id=approver.id,
            verdict=decision.verdict,
            payload_hash=approval.payload_hash,
            comment=decision.comment,
            decided_at=clock.now(),
        )
    )
    await session.flush()


async def _agree(work: UnitOfWork, approval: Approval, approver: Actor, keys: KeyRing | None) -> Approval:
    session = work.session
    rule = await repository.rule_of(session, approval.kind)
    if await _count_standing(session, approval) < rule.approvers_for(approval.cost_fen):
        await record(session, approval, approver, Verdict.AGREED)
        return approval
    await _execute(work, approval, approver, keys)
    return await close(session, approval, ApprovalState.APPROVED, approver)


async def _count_standing(session: AsyncSession, approval: Approval) -> int:
    """Count who has agreed and could still agree now; whoever lost the grant meanwhile does not count."""
    standing = 0
    for one in await repository.agreements(session, approval):
        grants = await surroundings().grants_of(session, one.approver_id)
        standing += await _reaches(session, approval, one.approver_id, grants, Verb.APPROVE)
    return standing


async def _execute(work: UnitOfWork, approval: Approval, approver: Actor, keys: KeyRing | None) -> None:
    """Carry the command out under its key; the maker must still be allowed to submit it now, and for this customer."""
    session, handler = work.session, APPROVAL_HANDLERS[approval.kind]
    try:
        grants = await surroundings().grants_of(session, approval.maker_id)
        scope = _scope(approval, approval.maker_id, grants, handler.maker_verb)
        if scope is None or not await _reaches(session, approval, approval.maker_id, grants, handler.maker_verb):
            raise Forbidden
        context = ApprovalContext(approval.id, approval.maker_id, approver, scope, keys)
        # Whom the command concerns was settled above; what it has to read and write beside them is its own affair.
        async with all_rows(session):
            await _execute_once(session, handler, approval, context)
    except Refusal as refusal:
        work.survive(end_refused(approval, approver, ApprovalState.FAILED, refusal.code))
        raise


async def _execute_once(
    session: AsyncSession, handler: ApprovalHandler, approval: Approval, context: ApprovalContext
) -> None:
    key = execution_key(approval.id)
    claimed = await claim(session, actor_id=approval.id, key=key, fingerprint=approval.payload_hash, now=clock.now())
    if isinstance(claimed, Replay):
        raise StateConflict(**{"from": ApprovalState.APPROVED, "to": ApprovalState.APPROVED})
    await handler.execute(session, approval.payload, context=context)
    await store(session, actor_id=approval.id, key=key, status=_DONE, body=b"")


def _scope(
    approval: Approval, staff_id: UUID, grants: Sequence[Grant], verb: Verb, *, cost_fen: int | None = None
) -> Scope | None:
    """Return whose data somebody's grants open for this, at its own cost or at another one."""
    cost_fen = approval.cost_fen if cost_fen is None else cost_fen
    return decide(grants, verb, Domain(approval.domain), staff_id=staff_id, cost_fen=cost_fen or 0)


async def _reaches(
    session: AsyncSession,
    approval: Approval,
    staff_id: UUID,
    grants: Sequence[Grant],
    verb: Verb,
    *,
    cost_fen: int | None = None,
) -> bool:
    """Tell whether somebody may do this, at its own cost or another one, where it is to be done.

    That is for the customer concerned where there is one; else an approver must stand over the branch that it names.
    """
    scope = _scope(approval, staff_id, grants, verb, cost_fen=cost_fen)
    if scope is None:
        return False
    if approval.customer_id is not None:
        return await surroundings().opens(session, scope, approval.customer_id)
    if verb is not Verb.APPROVE or approval.branch_id is None:
        return True
    return await surroundings().stands_over(session, scope, approval.branch_id)
