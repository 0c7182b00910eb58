"""Writing the audit trail, in the transaction of the change that it tells of."""

from collections.abc import Mapping
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.audit.models import AuditEntry
from guibin.core import clock
from guibin.core.ids import new_id
from guibin.security.actors import Actor, Scope


async def record(
    session: AsyncSession,
    *,
    actor: Actor,
    action: str,
    object_type: str,
    object_id: str,
    owner_id: UUID | None = None,
    result: str = "done",
    reason: str | None = None,
    scope: Scope | None = None,
    request_id: str | None = None,
    facts: Mapping[str, object] | None = None,
) -> None:
    """Write one row: who did what to what, with which result.

    `object_id` is a public id or code, `owner_id` the customer concerned (else the actor). `facts` are names, counts
    and ids, never personal values.
    """
    session.add(
        AuditEntry(
            owner_id=owner_id or actor.id,
            id=new_id(),
            at=clock.now(),
            actor_kind=actor.kind,
            actor_id=actor.id,
            roles=",".join(sorted(actor.roles)),
            action=action,
            object_type=object_type,
            object_id=object_id,
            scope=scope.describe() if scope else "",
            reason=reason,
            result=result,
            request_id=request_id,
            facts=dict(facts or {}),
        )
    )
    await session.flush()
