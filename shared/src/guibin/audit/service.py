"""Writing the audit trail, in the transaction of the change that it tells of."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from sqlalchemy.exc import DBAPIError
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.audit import repository
from guibin.core import clock
from guibin.core.errors import RetryLater
from guibin.core.ids import new_id
from guibin.core.logging import error_facts, logger
from guibin.core.redaction import redact_text
from guibin.security.actors import Actor, Scope

HashOf = Callable[[str, object], str]

_TRAIL: Final = "guibin.audit.trail"
_CLOSED: Final = frozenset({"42501", "42P01", "25006"})
"""SQLSTATEs of a trail that takes no rows: no right to write, no table, a database that only reads."""


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What all rows of one request share: where it came from, and what it was permitted by.

    `device` is a hash of the client's description of itself. `hash_of` makes the keyed hash of a field's value.
    """

    request_id: str
    ip: str
    device: str | None
    permission: str
    scope: str
    hash_of: HashOf


@dataclass(slots=True)
class _Trail:
    circumstances: Circumstances
    rows: int = 0


def enter(session: AsyncSession, circumstances: Circumstances) -> None:
    """Let every row that is recorded with this session from now on tell its circumstances."""
    session.info[_TRAIL] = _Trail(circumstances)


def has_recorded(session: AsyncSession) -> bool:
    """Tell whether a row was recorded since `enter`."""
    trail: _Trail | None = session.info.get(_TRAIL)
    return trail is not None and trail.rows > 0


async def record(
    session: AsyncSession,
    *,
    actor: Actor,
    action: str,
    object_type: str,
    object_id: str,
    owner_id: UUID | None = None,
    on_behalf_id: UUID | None = None,
    result: str = "done",
    reason: str | None = None,
    ticket: str | None = None,
    scope: Scope | None = None,
    before: Mapping[str, object] | None = None,
    after: Mapping[str, object] | None = None,
    facts: Mapping[str, object] | None = None,
) -> None:
    """Write one row: who did what to what, with which result.

    `object_id` is a public id or code, `owner_id` the customer concerned (else the actor). `before` and `after` are
    the fields that a change touches: their names are kept, their values as keyed hashes only. `facts` are names,
    counts and ids, never personal values. From where, by which permission and under which request id comes from the
    request that `enter` told of; `scope` is told where the request's own is not the one that was used. What people
    wrote, `reason` and `ticket`, is kept without what reads like a personal value.

    Raises:
        RetryLater: the trail cannot be written, so nothing may be done.
    """
    trail: _Trail | None = session.info.get(_TRAIL)
    around = trail.circumstances if trail else None
    row = {
        "owner_id": owner_id or actor.id,
        "id": new_id(),
        "at": clock.now(),
        "actor_kind": actor.kind,
        "actor_id": actor.id,
        "roles": ",".join(sorted(actor.roles)),
        "on_behalf_id": on_behalf_id,
        "action": action,
        "object_type": object_type,
        "object_id": object_id,
        "permission": around.permission if around else "",
        "scope": scope.describe() if scope else around.scope if around else "",
        "reason": redact_text(reason) if reason else None,
        "ticket": redact_text(ticket) if ticket else None,
        "result": result,
        "ip": around.ip if around else None,
        "device": around.device if around else None,
        "request_id": around.request_id if around else None,
        "changes": _changes(around.hash_of, before or {}, after or {}) if around else {},
        "facts": dict(facts or {}),
    }
    await session.flush()
    try:
        await repository.insert_entry(session, row)
    except DBAPIError as error:
        if getattr(error.orig, "sqlstate", None) not in _CLOSED:
            raise
        logger().error("audit_closed", action=action, **error_facts(error))
        raise RetryLater from error
    if trail:
        trail.rows += 1


def _changes(hash_of: HashOf, before: Mapping[str, object], after: Mapping[str, object]) -> dict[str, list[str | None]]:
    """Return the keyed hashes of the fields that differ, None where a field was or is absent."""
    return {
        name: [hash_of(name, side[name]) if side.get(name) is not None else None for side in (before, after)]
        for name in sorted({*before, *after})
        if before.get(name) != after.get(name)
    }
