"""What a maker does: submit a command, and submit it anew when changes were asked for."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.approvals import repository, rules
from guibin.approvals.errors import ApprovalExpired, StateConflict
from guibin.approvals.handlers import APPROVAL_HANDLERS
from guibin.approvals.models import Approval, ApprovalState
from guibin.approvals.service.ending import end_refused, record
from guibin.approvals.surroundings import surroundings
from guibin.core import clock
from guibin.core.ids import new_id
from guibin.core.unit_of_work import UnitOfWork
from guibin.security.actors import Actor, Domain, Grant
from guibin.security.errors import Forbidden


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
    count, a cost). `owner_id` is the customer concerned, if there is one: maker and approver must reach that customer
    when the command is carried out. `branch_id` says where an approver must stand; None asks for any in the domain.
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
        expires_at=await _expiry(session, kind, now),
    )
    session.add(approval)
    await record(session, approval, actor, "submitted")
    return approval


async def amend(
    work: UnitOfWork, approval: Approval, changes: Mapping[str, object], *, maker: Actor, grants: Sequence[Grant]
) -> Approval:
    """Submit anew what changes were asked for: with a new hash, so that everybody is asked again, for the full time.

    Raises:
        Forbidden: somebody else's request.
        StateConflict, ApprovalExpired: no changes are asked for, or not any more.
        AmendmentNotPossible, Refusal: the kind is not amended in this way, or a submission would be refused.
    """
    session = work.session
    approval = await repository.lock_approval(session, owner_id=approval.owner_id, approval_id=approval.id)
    if approval.maker_id != maker.id:
        raise Forbidden
    if approval.state != ApprovalState.CHANGES_REQUESTED:
        raise StateConflict(**{"from": approval.state, "to": ApprovalState.PENDING})
    if approval.expires_at <= clock.now():
        work.survive(end_refused(approval, maker, ApprovalState.EXPIRED))
        raise ApprovalExpired
    amended = await APPROVAL_HANDLERS[approval.kind].amend(
        session, approval.payload, changes, maker=maker, grants=grants
    )
    approval.payload = dict(amended.payload)
    approval.payload_hash = rules.payload_hash(amended.payload)
    approval.preview = dict(amended.preview)
    approval.cost_fen, approval.branch_id = amended.cost_fen, amended.branch_id
    approval.revision += 1
    approval.state = ApprovalState.PENDING
    approval.expires_at = await _expiry(session, approval.kind, clock.now())
    session.add(approval)
    await record(session, approval, maker, "amended")
    return approval


async def _expiry(session: AsyncSession, kind: str, now: datetime) -> datetime:
    rule = await repository.rule_of(session, kind)
    local = now.astimezone(clock.BUSINESS_ZONE)
    last = local.date() + timedelta(days=rules.SEARCHED_DAYS)
    calendar = await surroundings().calendar(session, local.date(), last)
    return rules.expiry(local, rule.business_days, calendar)
