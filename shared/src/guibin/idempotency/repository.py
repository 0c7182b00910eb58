from datetime import datetime
from uuid import UUID

from sqlalchemy import Row, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.idempotency.models import IdempotencyKey


async def insert_key(session: AsyncSession, *, actor_id: UUID, key: str, fingerprint: bytes, now: datetime) -> bool:
    """Take a key; False when the actor used it before. Waits for a twin in flight until the role's lock time-out."""
    statement = (
        insert(IdempotencyKey)
        .values(actor_id=actor_id, key=key, fingerprint=fingerprint, created_at=now)
        .on_conflict_do_nothing()
        .returning(col(IdempotencyKey.key))
    )
    return (await session.execute(statement)).first() is not None


async def find_answer(
    session: AsyncSession, *, actor_id: UUID, key: str
) -> Row[tuple[bytes, int | None, bytes | None, str | None, str | None, datetime]]:
    """Return fingerprint, status, body, content type, ETag and time of creation of a key that was taken before."""
    statement = select(
        col(IdempotencyKey.fingerprint),
        col(IdempotencyKey.status),
        col(IdempotencyKey.body),
        col(IdempotencyKey.content_type),
        col(IdempotencyKey.etag),
        col(IdempotencyKey.created_at),
    ).where(col(IdempotencyKey.actor_id) == actor_id, col(IdempotencyKey.key) == key)
    return (await session.execute(statement)).one()


async def update_answer(
    session: AsyncSession,
    *,
    actor_id: UUID,
    key: str,
    status: int,
    body: bytes,
    content_type: str | None,
    etag: str | None,
) -> None:
    """Write the answer into the row that this transaction took."""
    await session.execute(
        update(IdempotencyKey)
        .where(col(IdempotencyKey.actor_id) == actor_id, col(IdempotencyKey.key) == key)
        .values(status=status, body=body, content_type=content_type, etag=etag)
    )
