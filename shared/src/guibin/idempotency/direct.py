"""Keys on the direct path: the same rows and the same rules as in `guibin.idempotency.service`, one statement each."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from asyncpg import PostgresError

from guibin.core.direct import Asks
from guibin.idempotency.errors import IdempotencyInProgress
from guibin.idempotency.models import IdempotencyKey
from guibin.idempotency.rules import CONFLICT
from guibin.idempotency.service import Replay, replay_of

HELD: Final = "GB410"
_STORE: Final = "SELECT idempotency_store($1, $2, $3, $4, $5, $6, $7) AS stored"
_FIND: Final = (
    "SELECT fingerprint, status, body, content_type, etag, created_at FROM idempotency_key"
    " WHERE actor_id = $1 AND key = $2"
)


@contextmanager
def waiting_for_a_twin() -> Iterator[None]:
    """Run statements that take a key.

    Raises:
        IdempotencyInProgress: a twin holds it until the lock time-out.
    """
    try:
        yield
    except PostgresError as error:
        if error.sqlstate == HELD:
            raise IdempotencyInProgress from error
        raise


@dataclass(frozen=True, slots=True)
class Claim:
    """A key of an actor, and the fingerprint of the request for which it stands."""

    actor_id: UUID
    key: str
    fingerprint: bytes


async def store_refusal(asks: Asks, claim: Claim, *, body: bytes, content_type: str, now: datetime) -> bool:
    """Keep a refusal by the state of the data under a key; False when its actor used the key meanwhile.

    Raises:
        IdempotencyInProgress: a twin holds it until the lock time-out.
    """
    with waiting_for_a_twin():
        row = await asks.row(_STORE, claim.actor_id, claim.key, claim.fingerprint, CONFLICT, body, content_type, now)
    return row is not None and row["stored"]


async def find_replay(asks: Asks, claim: Claim, *, now: datetime) -> Replay:
    """Return the answer that a key gave.

    Raises:
        IdempotencyInProgress: whoever held the key gave it back meanwhile.
        IdempotencyKeyReused, IdempotencyKeyExpired: as `guibin.idempotency.service.claim`.
    """
    row = await asks.row(_FIND, claim.actor_id, claim.key)
    if row is None:
        raise IdempotencyInProgress
    found = {name: row[name] for name in ("fingerprint", "status", "body", "content_type", "etag", "created_at")}
    return replay_of(
        IdempotencyKey(actor_id=claim.actor_id, key=claim.key, **found), fingerprint=claim.fingerprint, now=now
    )
