from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy.exc import DBAPIError
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.idempotency import repository
from guibin.idempotency.errors import IdempotencyInProgress, IdempotencyKeyExpired, IdempotencyKeyReused
from guibin.idempotency.models import IdempotencyKey
from guibin.idempotency.rules import is_kept

LOCK_NOT_AVAILABLE: Final = "55P03"


@dataclass(frozen=True, slots=True)
class Claimed:
    """The key is new: the command runs, and its answer is stored in the same transaction."""


@dataclass(frozen=True, slots=True)
class Replay:
    """The key was used for the same request: this is the answer that it gave, byte for byte."""

    status: int
    body: bytes
    headers: dict[str, str]


async def claim(
    session: AsyncSession, *, actor_id: UUID, key: str, fingerprint: bytes, now: datetime
) -> Claimed | Replay:
    """Take the key for this request, or find the answer that it gave before.

    The row and the effect share one transaction, so a crash leaves neither.

    Raises:
        IdempotencyInProgress: a twin still runs when the role's lock time-out ends.
        IdempotencyKeyReused: the key stands for another request.
        IdempotencyKeyExpired: the answer is no longer kept.
    """
    try:
        taken = await repository.insert_key(session, actor_id=actor_id, key=key, fingerprint=fingerprint, now=now)
    except DBAPIError as error:
        if getattr(error.orig, "sqlstate", None) == LOCK_NOT_AVAILABLE:
            raise IdempotencyInProgress from error
        raise
    if taken:
        return Claimed()
    # READ COMMITTED: this statement sees what the twin committed while the insert waited for it.
    found = await repository.find_answer(session, actor_id=actor_id, key=key)
    return replay_of(found, fingerprint=fingerprint, now=now)


def replay_of(found: IdempotencyKey, *, fingerprint: bytes, now: datetime) -> Replay:
    """Return the answer that a key gave to the same request.

    Raises:
        IdempotencyKeyReused: the key stands for another request.
        IdempotencyKeyExpired: the answer is no longer kept.
    """
    if found.fingerprint != fingerprint:
        raise IdempotencyKeyReused
    if found.status is None or found.body is None or not is_kept(found.created_at, now):
        raise IdempotencyKeyExpired
    headers = {"content-type": found.content_type, "etag": found.etag}
    return Replay(found.status, found.body, {name: value for name, value in headers.items() if value is not None})


async def store(
    session: AsyncSession,
    *,
    actor_id: UUID,
    key: str,
    status: int,
    body: bytes,
    content_type: str | None = None,
    etag: str | None = None,
) -> None:
    """Keep the answer under the key that this transaction claimed; `is_stored` says which answers are kept."""
    await repository.update_answer(
        session, actor_id=actor_id, key=key, status=status, body=body, content_type=content_type, etag=etag
    )
