"""How a request ends without being carried out: withdrawn, expired, failed; and the audit row of every step."""

from collections.abc import Awaitable, Callable

from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.approvals import repository
from guibin.approvals.errors import StateConflict
from guibin.approvals.handlers import APPROVAL_HANDLERS
from guibin.approvals.models import Approval, ApprovalState
from guibin.audit import service as audit
from guibin.core import clock
from guibin.core.errors import Refusal
from guibin.core.ids import to_public
from guibin.security.actors import NIGHTLY_JOB, Actor
from guibin.security.errors import Forbidden


async def withdraw(session: AsyncSession, approval: Approval, *, maker: Actor) -> Approval:
    """Take an open request back; what it marked as pending is a draft again.

    Raises:
        Forbidden: somebody else's request.
        StateConflict: it has ended.
    """
    approval = await repository.lock_approval(session, owner_id=approval.owner_id, approval_id=approval.id)
    if approval.maker_id != maker.id:
        raise Forbidden
    if approval.state not in repository.OPEN:
        raise StateConflict(**{"from": approval.state, "to": ApprovalState.WITHDRAWN})
    await give_back(session, approval)
    return await close(session, approval, ApprovalState.WITHDRAWN, maker)


async def lapse(session: AsyncSession, *, limit: int = 100) -> dict[str, int]:
    """End a batch of requests that nobody decided on in time. Returns how many were `read` and `expired`."""
    keys = await repository.overdue(session, now=clock.now(), limit=limit)
    expired = 0
    for owner_id, approval_id in keys:
        approval = await repository.lock_approval(session, owner_id=owner_id, approval_id=approval_id)
        if approval.state in repository.OPEN and approval.expires_at <= clock.now():
            await _expire(session, approval)
            expired += 1
    return {"read": len(keys), "expired": expired}


async def _expire(session: AsyncSession, approval: Approval) -> None:
    """Give back what can be given back: what is gone meanwhile does not keep the request open."""
    try:
        async with session.begin_nested():
            await give_back(session, approval)
    except Refusal as refusal:
        approval.failure = refusal.code
    await close(session, approval, ApprovalState.EXPIRED, NIGHTLY_JOB)


async def give_back(session: AsyncSession, approval: Approval) -> None:
    """Undo what the submission marked as pending; a request for changes has undone it already."""
    if approval.state == ApprovalState.PENDING:
        await APPROVAL_HANDLERS[approval.kind].give_back(session, approval.payload)


def end_refused(
    approval: Approval, actor: Actor, state: ApprovalState, failure: str | None = None
) -> Callable[[AsyncSession], Awaitable[None]]:
    """Return the write that ends an approval and gives back what was submitted, although the call is refused."""
    owner_id, approval_id = approval.owner_id, approval.id

    async def write(session: AsyncSession) -> None:
        # The refusal has let the lock go: somebody else may have decided meanwhile.
        row = await repository.lock_approval(session, owner_id=owner_id, approval_id=approval_id)
        if row.state not in repository.OPEN:
            return
        row.failure = failure
        await give_back(session, row)
        await close(session, row, state, actor)

    return write


async def close(session: AsyncSession, approval: Approval, state: ApprovalState, actor: Actor) -> Approval:
    """End an approval and say so in the audit trail."""
    approval.state = state
    approval.decided_at = clock.now()
    session.add(approval)
    await record(session, approval, actor, state)
    return approval


async def record(session: AsyncSession, approval: Approval, actor: Actor, result: str) -> None:
    """Write the audit row of one step of an approval."""
    facts = {"subject": approval.subject, "payload_hash": approval.payload_hash.hex(), "failure": approval.failure}
    await audit.record(
        session,
        actor=actor,
        action=approval.kind,
        object_type="approval",
        object_id=to_public("apr", approval.id),
        owner_id=approval.owner_id,
        result=result,
        facts={name: value for name, value in facts.items() if value is not None},
    )
