"""Ending sessions: by the customer, by the bank."""

from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.audit.service import record
from guibin.core import clock
from guibin.core.errors import NotFound
from guibin.core.ids import to_public
from guibin.security.actors import Actor, Scope
from guibin.sessions import repository
from guibin.sessions.models import SessionEnd


async def log_out(session: AsyncSession, scope: Scope, *, actor: Actor, session_id: str | None) -> None:
    """End the session in which a customer's access token was issued.

    Raises:
        NotFound: the token belongs to no session of ours.
    """
    try:
        found = UUID(session_id or "")
    except ValueError:
        raise NotFound from None
    await end_one(session, scope, actor=actor, session_id=found)


async def end_one(session: AsyncSession, scope: Scope, *, actor: Actor, session_id: UUID) -> None:
    """End one session of a customer, for example on a lost phone.

    Raises:
        NotFound: the customer has no such session that goes on.
    """
    ended = await repository.end_sessions(
        session, scope, customer_id=actor.id, reason=SessionEnd.LOGOUT, now=clock.now(), id=session_id
    )
    if not ended:
        raise NotFound
    await record(
        session,
        actor=actor,
        action="session.log_out",
        object_type="session",
        object_id=to_public("ses", session_id),
        scope=scope,
    )


async def end_all(session: AsyncSession, scope: Scope, *, actor: Actor, customer_id: UUID, reason: str) -> int:
    """End every session of a customer at the bank's word, and let no access token of before count any more.

    Returns how many sessions were ended; the customer may log in again.

    Raises:
        NotFound: unknown, or out of scope.
    """
    now = clock.now()
    if not await repository.refuse_tokens_before(session, scope, customer_id=customer_id, now=now):
        raise NotFound
    ended = await repository.end_sessions(session, scope, customer_id=customer_id, reason=SessionEnd.REVOKED, now=now)
    await record(
        session,
        actor=actor,
        action="session.revoke",
        object_type="customer",
        object_id=to_public("cus", customer_id),
        owner_id=customer_id,
        reason=reason,
        scope=scope,
        facts={"sessions": len(ended)},
    )
    return len(ended)
